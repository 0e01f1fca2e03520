//! `protod init`: the files that it writes load and answer, and it never overwrites a file.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::{DynamicMessage, Value as FieldValue};
use protod::{Client, Message, Method, Rules, Sampler, Schema, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{prints, protod};
use crate::servers::SOON;
use crate::yaml;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of UTF-8")
}

/// What `protod init ARGS` prints on stderr; it must fail.
async fn init_fails(args: &[&str]) -> String {
    let (stdout, stderr, code) = protod(&[&["init"], args].concat()).await;
    assert_eq!((stdout.as_str(), code), ("", 1));
    stderr
}

#[tokio::test]
async fn a_new_folder_is_served_as_it_is() {
    let folder = folder();
    let tea = folder.path().join("tea");
    let names = ["proto/kitchen.proto", "proto/kitchen.rules.yaml", "README.md"];
    let said: String = names
        .map(|name| format!("wrote {}\n", tea.join(name).display()))
        .concat();
    assert_eq!(prints(&["init", text(&tea)]).await, said);
    let check = prints(&["check", text(&tea.join("proto"))]).await;
    assert_eq!(check, "ok: 1 service, 4 methods, 6 rules\n");
}

#[tokio::test]
async fn nothing_is_written_where_one_of_the_files_exists() {
    let folder = folder();
    let readme = folder.path().join("README.md");
    fs::write(&readme, "mine").expect("files can be written");
    let said = init_fails(&[text(folder.path())]).await;
    let expected = format!(
        "error: cannot write {}\ncaused by: it is there already\n",
        readme.display()
    );
    assert_eq!(said, expected);
    assert_eq!(fs::read_to_string(&readme).expect("it is there"), "mine");
    assert!(!folder.path().join("proto").exists());
}

#[tokio::test]
async fn the_rules_of_a_proto_come_beside_it_and_are_not_written_twice() {
    let folder = folder();
    let proto = folder.path().join("search.proto");
    fs::copy("proto/search.proto", &proto).expect("files can be copied");
    prints(&["init", "--from", text(&proto)]).await;
    let rules = folder.path().join("search.rules.yaml");
    fs::write(&rules, "rules: []").expect("files can be written");
    let said = init_fails(&["--from", text(&proto)]).await;
    assert!(said.ends_with("caused by: it is there already\n"), "{said}");
    assert_eq!(fs::read_to_string(&rules).expect("it is there"), "rules: []");
}

#[tokio::test]
async fn rules_are_made_from_a_file_that_has_services() {
    let folder = folder();
    let said = init_fails(&["--from", text(folder.path())]).await;
    assert!(
        said.ends_with("is a folder\ncaused by: name one of its protos\n"),
        "{said}"
    );
    let said = init_fails(&["--from", "tests/fixtures/absent.proto"]).await;
    assert!(said.contains("tests/fixtures/absent.proto"), "{said}");
    let proto = folder.path().join("empty.proto");
    fs::write(&proto, "syntax = \"proto3\"; message M {}").expect("files can be written");
    let said = init_fails(&["--from", text(&proto)]).await;
    assert!(said.ends_with("empty.proto has no service\n"), "{said}");
}

/// What is made up survives being written as YAML, and what a sample echoes is echoed.
#[tokio::test]
async fn every_method_gets_a_rule_of_its_shape_that_answers_as_its_sample_does() {
    for proto in [
        "proto/search.proto",
        "proto/stream.proto",
        "descriptors/stream.binpb",
        "tests/fixtures/rules/kinds.proto",
        "tests/fixtures/rules/old.proto",
        "tests/fixtures/sample/library.proto",
        "tests/clients/protos/calendar/calendar.proto",
    ] {
        rules_answer_with_samples(Path::new(proto)).await;
    }
}

/// Some of these samples depend on the clock, so they are not compared.
#[tokio::test]
async fn rules_for_every_validation_rule_load() {
    let (folder, proto) = (folder(), "tests/fixtures/sample/rules.proto");
    prints(&["init", "--from", proto, text(folder.path())]).await;
    let check = prints(&["check", proto, "--rules", text(folder.path())]).await;
    assert!(check.starts_with("ok: "), "{check}");
}

/// Values that YAML or the rules' language could take for something else.
#[tokio::test]
async fn texts_that_look_like_something_else_stay_texts() {
    let texts = [
        "${request.text}",
        "$${x}",
        "$$${",
        "true",
        "null",
        "~",
        "1e3",
        "0x1f",
        "- a",
        "a: b",
        "@a",
        "# a",
        "'",
        "",
        " a ",
        "a\\nb\\n",
        "\\t",
        "---",
        "2024-01-01",
        "[a",
        "{",
        "%",
        "grün 日本",
        "\\\"",
    ];
    let fields: Vec<String> = texts
        .iter()
        .zip(1..)
        .map(|(text, n)| format!("string f{n} = {n} [(buf.validate.field).string.const = \"{text}\"];\n"))
        .collect();
    let folder = folder();
    let proto = folder.path().join("texts.proto");
    let source = format!(
        "syntax = \"proto3\"; package texts; import \"buf/validate/validate.proto\";\n\
         message Texts {{ {} }} service S {{ rpc Get(Texts) returns (Texts); }}",
        fields.concat()
    );
    fs::write(&proto, source).expect("files can be written");
    rules_answer_with_samples(&proto).await;
}

/// A request that creates something has no name yet, and does not say when that was. Words of CEL are names of fields, too.
#[tokio::test]
async fn a_rule_takes_from_the_request_what_the_server_does_not_set() {
    let source = r#"syntax = "proto3"; package shop;
        import "google/api/field_behavior.proto"; import "google/protobuf/timestamp.proto";
        message Book {
          string name = 1 [(google.api.field_behavior) = IDENTIFIER];
          string title = 2;
          google.protobuf.Timestamp made = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
          string note = 4 [(google.api.field_behavior) = INPUT_ONLY];
        }
        message Ask {
          Book book = 1; Author in = 2; repeated string tags = 3; int32 pages = 4; string note = 5;
          oneof by { string card = 6; string cash = 7; }
        }
        message Author { string name = 1; }
        message Answer {
          Book book = 1; Author author = 2; repeated string tags = 3; int64 pages = 4;
          string note = 5 [(google.api.field_behavior) = INPUT_ONLY];
          oneof by { string cheque = 8; string card = 6; string cash = 7; }
          Ask asked = 9;
        }
        service S { rpc Create(Ask) returns (Book); rpc Do(Ask) returns (Answer); }"#;
    let folder = folder();
    let proto = folder.path().join("shop.proto");
    fs::write(&proto, source).expect("files can be written");
    prints(&["init", "--from", text(&proto)]).await;
    let rules = fs::read_to_string(folder.path().join("shop.rules.yaml")).expect("it was written");
    let rules = yaml::parse(&rules);
    let mut replies = rules["rules"].as_array().expect("a list").iter();
    let mut next = || replies.next().expect("a rule")["reply"].clone();
    let (mut created, mut answer) = (next(), next());
    let made_up = |value: &mut Value| assert!(!value.take().to_string().contains("${"));
    made_up(&mut created["made"]);
    made_up(&mut answer["book"]["made"]);
    made_up(&mut answer["pages"]);
    for name in [&mut created["name"], &mut answer["book"]["name"]] {
        let text = name.take().to_string();
        let condition = "\"${has(request.book.name) ? request.book.name : '";
        assert!(text.starts_with(condition), "{text}");
    }
    assert_eq!(
        created,
        json!({"name": null, "title": "${request.book.title}", "made": null})
    );
    assert_eq!(
        answer,
        json!({
            "book": {"name": null, "title": "${request.book.title}", "made": null},
            "author": "${request.`in`}",
            "tags": "${request.tags}",
            "pages": null,
            "card": "${request.card}",
            "cash": "${request.cash}",
            "asked": "${request}",
        })
    );
    rules_answer_with_samples(&proto).await;
}

async fn rules_answer_with_samples(proto: &Path) {
    let folder = folder();
    prints(&["init", "--from", text(proto), text(folder.path())]).await;
    let name = proto.file_name().expect("it is a file");
    let rules_file = folder.path().join(name).with_extension("rules.yaml");

    let schema = Schema::load(proto).expect("it loads");
    let rules = Rules::load(&schema, &[PathBuf::from(folder.path())]).expect("they load");
    let written = yaml::parse(&fs::read_to_string(&rules_file).expect("it was written"));
    let written = written["rules"].as_array().expect("a list");
    assert_eq!(written.len(), schema.methods().len(), "{}", proto.display());

    let server = Server::builder(schema.clone())
        .handlers(&rules)
        .build()
        .expect("they fit");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = Client::builder(address)
        .schema(schema.clone())
        .connect()
        .await
        .expect("it serves");
    for method in schema.methods() {
        let rule = written.iter().find(|rule| rule["method"] == method.name());
        let rule = rule.unwrap_or_else(|| panic!("{} has no rule", method.name()));
        assert!(rule.get(shape(method)).is_some(), "{rule} of {method:?}");
        let mut request = Sampler::new(1).sample_message(method.input(), "a request", None, 0);
        clear_what_servers_set(&mut request);
        let answers = answers(&client, method, &request).await;
        let expected = if method.is_server_streaming() && !method.is_client_streaming() {
            3
        } else {
            1
        };
        assert_eq!(answers.len(), expected, "{method:?}");
        // Compared as JSON, because the bytes inside an `Any` may have their fields in another order.
        let sampler = Sampler::default();
        let [made_up, echoing] =
            [None, Some(&request)].map(|request| to_json(sampler.sample(method, request, 0)));
        let request = to_json(request);
        for answer in answers {
            expect_echoes(&to_json(answer), &made_up, &echoing, &request);
        }
    }
}

/// Clears the fields that a client does not send.
fn clear_what_servers_set(message: &mut DynamicMessage) {
    let fields: Vec<_> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        let options = field.options();
        let mut behaviors = options
            .extensions()
            .filter(|(extension, _)| extension.full_name() == "google.api.field_behavior");
        let is_output = |value: &FieldValue| {
            value
                .as_list()
                .is_some_and(|list| list.contains(&FieldValue::EnumNumber(3)))
        };
        if behaviors.any(|(_, value)| is_output(value)) {
            message.clear_field(&field);
        } else if let FieldValue::Message(inner) = message.get_field_mut(&field) {
            clear_what_servers_set(inner);
        }
    }
}

/// Compares an answer with the sample of no request, and with the sample of the request that was sent: what that takes from
/// the request, the answer takes too, and nothing else.
fn expect_echoes(answer: &Value, made_up: &Value, echoing: &Value, request: &Value) {
    let (Some(answer), Some(sample)) = (answer.as_object(), echoing.as_object()) else {
        assert!(answer == made_up || answer == request, "{answer}");
        return;
    };
    for (name, value) in sample {
        // Small values may be the same by chance.
        let tells = value.is_string() || value.is_object() || value.is_array();
        if tells && is_within(value, request) {
            assert_eq!(answer.get(name), Some(value), "{name}");
        }
    }
    for (name, value) in answer {
        let known = value == &made_up[name] || is_within(value, request);
        // A message that is copied is completed with made-up fields.
        assert!(
            known || value.is_object() && sample[name].is_object(),
            "{name}: {value}"
        );
    }
}

fn is_within(value: &Value, whole: &Value) -> bool {
    match whole {
        _ if value == whole => true,
        Value::Object(entries) => entries.values().any(|part| is_within(value, part)),
        Value::Array(items) => items.iter().any(|part| is_within(value, part)),
        _ => false,
    }
}

fn shape(method: &Method) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (_, false) => "reply",
        (false, true) => "stream",
        (true, true) => "session",
    }
}

/// The answers to one message.
async fn answers(client: &Client, method: &Method, request: &DynamicMessage) -> Vec<DynamicMessage> {
    let call = async {
        let method = client.method(method.name()).expect("it is there");
        let mut responses = method
            .call(tokio_stream::once(Message::from(request.clone())))
            .await?;
        let mut answers = Vec::new();
        while let Some(message) = responses.message().await? {
            answers.push(message.into_dynamic().expect("it was checked"));
        }
        Ok::<_, tonic::Status>(answers)
    };
    let answers = tokio::time::timeout(SOON, call).await.expect("an answer");
    answers.unwrap_or_else(|status| panic!("{method:?}: {status}"))
}

fn to_json(message: DynamicMessage) -> Value {
    let json = Message::from(message).to_json().expect("it prints");
    serde_json::from_str(&json).expect("it is JSON")
}
