//! `protod init`: the files that it writes load and answer, and it never overwrites a file.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::DynamicMessage;
use protod::{Client, Message, Method, Rules, Sampler, Schema, Server};
use serde_json::Value;
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

/// Each method answers with its sample, so the sample survives being written as YAML.
#[tokio::test]
async fn every_method_gets_a_rule_of_its_shape_that_answers_with_its_sample() {
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
        let answers = answers(&client, method).await;
        let expected = if method.is_server_streaming() && !method.is_client_streaming() {
            3
        } else {
            1
        };
        assert_eq!(answers.len(), expected, "{method:?}");
        // Compared as JSON, because the bytes inside an `Any` may have their fields in another order.
        let sample = json(Sampler::default().sample(method, None, 0));
        for answer in answers {
            assert_eq!(json(answer), sample, "{method:?}");
        }
    }
}

fn shape(method: &Method) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (_, false) => "reply",
        (false, true) => "stream",
        (true, true) => "session",
    }
}

/// The answer to one empty message.
async fn answers(client: &Client, method: &Method) -> Vec<DynamicMessage> {
    let call = async {
        let method = client.method(method.name()).expect("it is there");
        let mut responses = method
            .call(tokio_stream::once(Message::from(method.request())))
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

fn json(message: DynamicMessage) -> Value {
    let json = Message::from(message).to_json().expect("it prints");
    serde_json::from_str(&json).expect("it is JSON")
}
