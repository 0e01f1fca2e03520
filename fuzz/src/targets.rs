//! One function for each fuzz target. Each takes any bytes, and panics if protod does not behave as documented.
//!
//! tests/fuzz_seeds.rs of the package above includes this file, so that the seeds are tested without a fuzzer.

#[path = "../../tests/support/lists_for_maps.rs"]
mod lists_for_maps;

#[path = "serving.rs"]
mod serving;

use std::fs;
use std::path::{Path, PathBuf};
use std::str::from_utf8;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http_body_util::Full;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use protod::{Call, Handler, HttpRules, Message, Problem, RulesOptions, Sampler, Schema, Server};
use tempfile::TempDir;
use tonic::Status;

use self::lists_for_maps::with_lists_for_maps;
use self::serving::{ask, call, no_rules, serve_all, server, talk};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let schema = Schema::from_source("every.proto", include_str!("../seeds/proto_text/every.proto"));
    schema.unwrap_or_else(|error| panic!("{error}"))
});

static EVERY: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let every = SCHEMA.pool().get_message_by_name("fuzz.Every");
    every.expect("the proto has it")
});

/// The same type where maps are lists of their entries.
static EVERY_WITH_LISTS: LazyLock<MessageDescriptor> = LazyLock::new(|| with_lists_for_maps(&EVERY));

/// A descriptor set is served or refused; what is served answers every method and describes itself.
pub fn descriptor_set(data: &[u8]) {
    if let Ok(schema) = Schema::from_descriptor_set(data) {
        serve_all(schema);
    }
}

/// The same for proto text.
pub fn proto_text(data: &[u8]) {
    if let Ok(text) = from_utf8(data)
        && let Ok(schema) = Schema::from_source("fuzz.proto", text)
    {
        serve_all(schema);
    }
}

/// Whatever is in a cache, the schema is what it is without one.
///
/// The first byte says what becomes of a whole cache: it is replaced, cut, or changed in places that the other bytes name.
pub fn schema_cache(data: &[u8]) {
    static TREE: LazyLock<(TempDir, Schema, Vec<u8>)> = LazyLock::new(|| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        let api = tree.path().join("api");
        fs::create_dir(&api).expect("a new folder");
        for number in 0..100 {
            let text = format!("edition = \"2023\"; package n{number}; message M {{ M m = 1; }}");
            fs::write(api.join(format!("{number}.proto")), text).expect("a new file");
        }
        let schema = Schema::load(&api).expect("a tree in order");
        let caches = tree.path().join("whole");
        let cached = Schema::builder().input(&api).cache_folder(&caches).build();
        cached.expect("a tree in order");
        let cache = fs::read(only_file(&caches)).expect("a cache");
        (tree, schema, cache)
    });
    let (tree, schema, whole) = &*TREE;
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let mut cache = match kind % 4 {
        0 => rest.to_vec(),
        1 => whole[..number(&rest[..rest.len().min(3)]) % (whole.len() + 1)].to_vec(),
        2 => [whole, rest].concat(),
        _ => whole.clone(),
    };
    if kind % 4 == 3 {
        for [high, middle, low, flip] in rest.as_chunks().0 {
            let at = number(&[*high, *middle, *low]) % cache.len();
            cache[at] ^= flip;
        }
    }
    // Each thread of a test has a folder of its own.
    let caches = tempfile::tempdir_in(tree.path()).expect("a folder");
    let whole_name = only_file(&tree.path().join("whole"));
    fs::write(caches.path().join(whole_name.file_name().expect("a name")), cache).expect("a file");
    let cached = Schema::builder()
        .input(tree.path().join("api"))
        .cache_folder(caches.path())
        .build();
    let cached = cached.unwrap_or_else(|error| panic!("{error}"));
    let files = |schema: &Schema| -> Vec<_> {
        let files = schema.files().iter();
        files
            .map(|file| (file.name.clone(), file.descriptor.clone(), file.is_import))
            .collect()
    };
    assert_eq!(files(&cached), files(schema));
    // No pool of it may be one that cannot be made.
    assert_eq!(cached.pool().files().len(), schema.pool().files().len());
}

fn only_file(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).expect("a folder");
    entries.next().expect("a file").expect("it can be read").path()
}

/// A text of any syntax or edition is taken or refused, twice in the same way. Problems are in the text, and what is printed of
/// what is taken compiles to the same.
pub fn lowering(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let load = |text: &str| Schema::from_source("fuzz.proto", text);
    let (schema, again) = match (load(text), load(text)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(one), Err(other)) => {
            assert_eq!(format!("{:?}", one.problems()), format!("{:?}", other.problems()));
            let lines: Vec<&str> = text.split('\n').collect();
            for (line, column) in one.problems().iter().filter_map(Problem::position) {
                let found = lines.get(line - 1);
                let is_in_text = found.is_some_and(|found| column <= found.chars().count() + 1);
                assert!(is_in_text, "{line}:{column} is not in {text:?}");
            }
            return;
        }
        (one, other) => panic!("taken once and refused once: {one:?} {other:?}"),
    };
    let whole = |schema: &Schema| schema.descriptor_set().source_info(true).encode();
    assert_eq!(whole(&schema), whole(&again));
    let printed = schema.proto_text("fuzz.proto").expect("the file is there");
    let compiled = load(&printed).unwrap_or_else(|error| panic!("{error:?}\n{printed}"));
    assert!(
        schema.descriptor_set().encode() == compiled.descriptor_set().encode(),
        "{text:?} is printed otherwise:\n{printed}"
    );
}

/// A rules file is run or refused; its rules answer calls.
pub fn rules_file(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let Ok(rules) = RulesOptions::default()
        .seed(1)
        .from_text(&SCHEMA, "fuzz.rules.yaml", text)
    else {
        return;
    };
    let methods: Vec<String> = rules
        .handlers()
        .map(|(method, _)| method.name().to_owned())
        .collect();
    let server = server(SCHEMA.clone(), &rules);
    for method in methods {
        call(&server, &method, &[&[0x08, 0x05], &[0x32, 0x01, 0x61]]);
    }
}

/// The one-pass check accepts what prost-reflect decodes, and a decoded message survives JSON.
pub fn message(data: &[u8]) {
    let ours = Message::decode(&SCHEMA, &EVERY, data.to_vec());
    let theirs = DynamicMessage::decode(EVERY.clone(), data);
    let message = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let decoded = ours.to_dynamic().expect("it was checked");
            assert_same(&decoded, &theirs);
            let written = Message::from(decoded.clone()).to_bytes();
            assert_eq!(written, decoded.encode_to_vec(), "written otherwise: {decoded}");
            ours
        }
        // Strings of proto2 may be any bytes for protod, and prost's cannot.
        (Ok(_), Err(error)) => {
            assert!(
                error.to_string().contains("not UTF-8"),
                "checked, and does not decode: {error}"
            );
            return;
        }
        (Err(error), Ok(_)) => {
            // protod follows the wire format where prost does not: in the wire type of a map's entry, which prost does not
            // check, and in overlong tags.
            let error = error.to_string();
            let stricter = ["a field's key", "elements"];
            assert!(
                stricter.iter().any(|known| error.contains(known))
                    || error.contains("has a wire type")
                        && DynamicMessage::decode(EVERY_WITH_LISTS.clone(), data).is_err(),
                "{error}"
            );
            return;
        }
        (Err(_), Err(_)) => return,
    };
    if let Ok(json) = message.to_json() {
        same_json(&json);
    }
}

/// JSON is a message or is refused; a message is written as JSON that is the same message.
pub fn json(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(message) = Message::from_json(EVERY.clone(), text) {
        let decoded = Message::decode(&SCHEMA, &EVERY, message.to_bytes());
        if let (Ok(json), Ok(decoded)) = (message.to_json(), decoded) {
            decoded.to_json().expect("it was written before");
            same_json(&json);
        }
    }
}

/// A call in JSON is read, and its answer written, as by the trees of values of [`Message::from_json`] and
/// [`Message::to_json`]: any text as a request, and any bytes as the answer.
pub fn json_transcode(data: &[u8]) {
    static SERVER: LazyLock<Server> = LazyLock::new(|| {
        let server = Server::builder(SCHEMA.clone())
            .unary("fuzz.Fuzz/Unary", |request: Message| async move {
                // The answer is what is in the request's bytes, or else the request.
                let bytes = request.get("g").ok();
                let bytes = bytes.as_ref().and_then(|bytes| bytes.as_bytes());
                match bytes.filter(|bytes| !bytes.is_empty()) {
                    Some(bytes) => Ok(Message::decode(&SCHEMA, &EVERY, bytes.clone())?),
                    None => Ok(request),
                }
            })
            .build();
        server.expect("the method is in the schema")
    });
    let by_tree = |message: &Message| message.to_json().ok();
    if let Ok(text) = from_utf8(data)
        && let Ok(request) = Message::from_json(EVERY.clone(), text)
        && let Ok(request) = Message::decode(&SCHEMA, &EVERY, request.to_bytes())
        && request
            .get("g")
            .is_ok_and(|bytes| bytes.as_bytes().is_some_and(Bytes::is_empty))
    {
        assert_eq!(answer_in_json(&SERVER, text), by_tree(&request), "{text}");
    } else if let Ok(text) = from_utf8(data)
        && Message::from_json(EVERY.clone(), text).is_err()
        // A tree loses what is twice in an `Any` whose type comes late, and keeps keys with escapes.
        && !text.contains("@type")
    {
        assert_eq!(answer_in_json(&SERVER, text), None, "{text}");
    }
    if let Ok(answer) = Message::decode(&SCHEMA, &EVERY, data.to_vec())
        && !data.is_empty()
    {
        let mut request = DynamicMessage::new(EVERY.clone());
        request.set_field_by_name("g", Value::Bytes(data.to_vec().into()));
        let request = Message::from(request).to_json().expect("bytes are JSON");
        assert_eq!(answer_in_json(&SERVER, &request), by_tree(&answer));
    }
}

/// Calls the method in JSON. Returns its answer, or `None` for an error.
fn answer_in_json(server: &Server, json: &str) -> Option<String> {
    let request = http::Request::post("http://localhost/fuzz.Fuzz/Unary")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(json.to_owned())));
    let (status, body) = ask(server, request.expect("the parts are valid"));
    status
        .is_success()
        .then(|| String::from_utf8(body.into()).expect("JSON is UTF-8"))
}

/// Every reflection request is answered, in v1 and v1alpha.
pub fn reflection(data: &[u8]) {
    static SERVER: LazyLock<Server> = LazyLock::new(|| server(SCHEMA.clone(), &no_rules(&SCHEMA)));
    for version in ["v1", "v1alpha"] {
        let method = format!("grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        call(&SERVER, &method, &[data, data]);
    }
}

/// The bytes of a connection of HTTP/1.1: the server answers as many requests as are in them at most, and ends.
///
/// Each request is refused or is a call. Nothing in it may be taken for a second one: the handlers see no more requests than
/// there are request lines.
pub fn http1(data: &[u8]) {
    let calls = Arc::<AtomicUsize>::default();
    let server = Server::builder(SCHEMA.clone()).fallback(Counted(Arc::clone(&calls)));
    let server = server.build().expect("it has no handlers that could not fit");
    let lines = data.windows(8).filter(|bytes| bytes == b" HTTP/1.").count();
    let answers = talk(&server, data);
    assert!(!String::from_utf8_lossy(&answers).contains("the handler panicked"));
    assert!(
        calls.load(Ordering::Relaxed) <= lines,
        "a request was hidden in another"
    );
}

/// Counts calls, and answers with what it gets.
struct Counted(Arc<AtomicUsize>);

impl Handler for Counted {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        while call.recv().await?.is_some() {}
        Ok(())
    }
}

/// The body of a call in each protocol and codec: it has an answer with a status, whatever it is.
///
/// The first byte chooses the form.
pub fn envelopes(data: &[u8]) {
    static SERVER: LazyLock<Server> = LazyLock::new(|| server(SCHEMA.clone(), &no_rules(&SCHEMA)));
    const FORMS: [&str; 9] = [
        "application/grpc-web+proto",
        "application/grpc-web+json",
        "application/grpc-web-text+proto",
        "application/grpc-web-text+json",
        "application/connect+proto",
        "application/connect+json",
        "application/proto",
        "application/json",
        "application/grpc+json",
    ];
    let Some((form, body)) = data.split_first() else {
        return;
    };
    let content_type = FORMS[usize::from(*form) % FORMS.len()];
    for method in ["Unary", "Bidi"] {
        let request = http::Request::post(format!("http://localhost/fuzz.Fuzz/{method}"))
            .header("content-type", content_type)
            .body(Full::new(Bytes::copy_from_slice(body)))
            .expect("a request");
        ask(&SERVER, request);
    }
}

/// A path template is taken or refused; a server with one that is taken answers a request for any path.
///
/// The first line is the template, the rest the path of a request.
pub fn path_template(data: &[u8]) {
    let (template, path) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    let escaped: Vec<String> = template.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let escaped = escaped.concat();
    let source = format!(
        r#"syntax = "proto3"; import "google/api/annotations.proto";
        message M {{ string a = 1; M b = 2; int32 c = 3; repeated string d = 4; }}
        service S {{ rpc Do(M) returns (M) {{ option (google.api.http).get = "{escaped}"; }} }}"#
    );
    let Ok(schema) = Schema::from_source("fuzz.proto", &source) else {
        return;
    };
    let rules = HttpRules::new(&schema);
    let server = Server::builder(schema).fallback(Sampler::new(1)).build();
    assert_eq!(rules.is_ok(), server.is_ok());
    if let (Ok(server), Ok(path)) = (server, from_utf8(path)) {
        get(&server, path);
    }
}

/// A query sets fields or is refused, and what it sets is a message.
pub fn query(data: &[u8]) {
    static SERVER: LazyLock<Server> = LazyLock::new(|| {
        let text = include_str!("../seeds/proto_text/every.proto");
        let rule = "\nservice Rest { rpc Do(Every) returns (Every) { option (google.api.http).get = \"/v1/{f}\"; } }\n";
        let import = "import \"google/api/annotations.proto\";\npackage fuzz;";
        let source = text.replacen("package fuzz;", import, 1) + rule;
        let schema = Schema::from_source("every.proto", &source).unwrap_or_else(|error| panic!("{error:?}"));
        let server = Server::builder(schema).unary("fuzz.Rest/Do", |every: Message| async { Ok(every) });
        server.build().unwrap_or_else(|error| panic!("{error:?}"))
    });
    if let Ok(query) = from_utf8(data) {
        get(&SERVER, &format!("/v1/x?{query}"));
    }
}

/// Asks for a path, if it is one. The answer is a text.
fn get(server: &Server, path: &str) {
    let request = http::Request::get(format!("http://localhost/{}", path.trim_start_matches('/')));
    if let Ok(request) = request.body(Full::new(Bytes::new())) {
        let (_, body) = ask(server, request);
        from_utf8(&body).expect("JSON is UTF-8");
    }
}

/// A written message is read back unchanged.
fn same_json(json: &str) {
    let read = |json: &str| {
        let message =
            Message::from_json(EVERY.clone(), json).unwrap_or_else(|error| panic!("{error}: {json}"));
        message.into_dynamic().expect("it is one")
    };
    let once = read(json);
    let again = Message::from(once.clone())
        .to_json()
        .expect("it was written before");
    assert_same(&once, &read(&again));
}

/// Compares with `==`, except for NaN.
fn assert_same(one: &DynamicMessage, other: &DynamicMessage) {
    let text = one.to_string();
    assert!(one == other || text.contains("NaN"), "{text}\n{other}");
}
