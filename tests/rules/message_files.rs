//! Messages from files: what is sent, and what is said of a file that does not fit.

use std::fs;
use std::path::Path;

use protod::{Rules, Schema};

use crate::support::{Running, kinds};

/// A folder of these files, whose rules are in `sub/test.rules.yaml`.
fn folder(rules: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sub = folder.path().join("sub");
    fs::create_dir(&sub).expect("a new folder");
    fs::write(sub.join("test.rules.yaml"), rules).expect("a new file");
    for (name, text) in files {
        fs::write(sub.join(name), text).expect("a new file");
    }
    folder
}

fn load(folder: &Path) -> Result<Rules, protod::Error> {
    Rules::load(&kinds(), &[folder.to_owned()])
}

/// The problems, or the warnings, with paths from the folder.
fn said(folder: &Path) -> Vec<String> {
    let loaded = load(folder);
    let said = match &loaded {
        Ok(rules) => rules.warnings(),
        Err(error) => error.problems(),
    };
    let root = format!("{}/", folder.display());
    said.iter()
        .map(|problem| format!("{problem:?}").replace(&root, ""))
        .collect()
}

async fn running(folder: &Path) -> Running {
    let rules = load(folder).unwrap_or_else(|error| panic!("{error:?}"));
    Running::of(kinds(), &rules).await
}

#[tokio::test]
async fn the_messages_of_a_file_are_sent_as_they_are() {
    let rules = r#"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, headers: {x-a: "${request.string}"}, reply_file: one.json}
  - {method: kinds.Kinds/Unary, stream: [{send_file: ./one.json}]}
  - {method: kinds.Kinds/List, match: {int32: 1}, reply_file: many.ndjson}
  - method: kinds.Kinds/List
    stream:
      - send: {string: first}
      - {when: request.bool, send_file: many.ndjson, pause: 1ms}
      - {repeat: 2, send_file: one.json, every: 1ms}
  - {method: kinds.Kinds/Collect, reply_file: one.json}
  - method: kinds.Kinds/Chat
    session:
      message: [{send_file: one.json}]
      half_close: [{send_file: many.ndjson}]
  - {method: kinds.Kinds/Wait, reply_file: ../wait.json}
"#;
    let one =
        "\u{feff}{\n  \"string\": \"costs ${5}\",\n  \"int64\": \"7\",\n  \"point\": {\"value\": 3}\n}\n";
    let folder = folder(
        rules,
        &[
            ("one.json", one),
            (
                "many.ndjson",
                "{\"int32\": 1}\n{}\r\n\n{\"int32\":2} {\"int32\":3}",
            ),
        ],
    );
    fs::write(folder.path().join("wait.json"), "\"1.5s\"").expect("a new file");
    let server = running(folder.path()).await;
    let one = r#"{"int64":"7","string":"costs ${5}","point":{"value":3}}"#;
    let many = [r#"{"int32":1}"#, "{}", r#"{"int32":2}"#, r#"{"int32":3}"#];

    let answer = server.call("Unary", &[r#"{"int32": 1, "string": "b"}"#]).await;
    assert_eq!(answer.messages, [one]);
    assert_eq!(answer.headers.get("x-a").expect("it is set"), "b");
    assert_eq!(server.call("Unary", &["{}"]).await.messages, [one]);
    assert_eq!(server.call("List", &[r#"{"int32": 1}"#]).await.messages, many);
    let first = r#"{"string":"first"}"#;
    assert_eq!(server.call("List", &["{}"]).await.messages, [first, one, one]);
    let answer = server.call("List", &[r#"{"bool": true}"#]).await;
    assert_eq!(answer.messages, [&[first], &many[..], &[one, one]].concat());
    assert_eq!(server.call("Collect", &["{}", "{}"]).await.messages, [one]);
    assert_eq!(
        server.call("Chat", &["{}"]).await.messages,
        [&[one], &many[..]].concat()
    );
    assert_eq!(server.call("Wait", &["{}"]).await.messages, [r#""1.500s""#]);
}

#[test]
fn what_does_not_fit_is_told_with_its_place_in_the_file() {
    const UNARY: &str = "rules: [{method: kinds.Kinds/Unary, reply_file: a.json}]";
    let said = |text: &str| {
        let folder = folder(UNARY, &[("a.json", text)]);
        said(folder.path())
    };
    for (text, expected) in [
        (
            "{\n  \"strnig\": \"x\"\n}",
            "sub/a.json:2:3: the message kinds.All has no field `strnig` (hint: did you mean `string`?)",
        ),
        (
            "{\"string\": \"x\", \"int32\": \"twelve\"}",
            "sub/a.json:1:26: expected int32, found the string \"twelve\"",
        ),
        (
            "{\"string\": 5}",
            "sub/a.json:1:12: expected string, found the number 5 (hint: put it in quotes)",
        ),
        (
            "{\"colour\": \"RED\"}",
            "sub/a.json:1:12: the enum kinds.Colour has no value `RED`",
        ),
        (
            "{\"string\": \"x\",}",
            "sub/a.json:1:16: not JSON: key must be a string (hint: leave out the comma before it)",
        ),
        (
            "{\"string\": \"x\"",
            "sub/a.json:1:14: not JSON: EOF while parsing an object",
        ),
        ("string: x", "sub/a.json:1:1: not JSON: expected value"),
        (
            "{\"string\": \"x\", \"string\": \"y\"}",
            "sub/a.json:1:17: `string` is here twice",
        ),
        ("[{}]", "sub/a.json:1:1: expected kinds.All, found a list"),
        ("5", "sub/a.json:1:1: expected kinds.All, found a number"),
        ("", "sub/test.rules.yaml:1:49: the file sub/a.json has no message"),
        (
            "{} {}",
            "sub/test.rules.yaml:1:49: kinds.Kinds/Unary answers with one message, and this is a second",
        ),
    ] {
        let found = said(text);
        assert!(found[0].starts_with(expected), "{text}: {found:#?}");
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
    }
    let found = said("{\"string\": \"${'a'}\", \"int32\": 1} {\"int32\": \"${1}\"}\n{\"bool\": 1}");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("sub/a.json:1:44: expected int32, found the string \"${1}\""),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("sub/a.json:2:10: expected bool, found the number 1 (hint: write `true`)"),
        "{found:#?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_where_it_is_named() {
    for (named, expected) in [
        (
            "b.json",
            "the file sub/b.json is not there (hint: did you mean `a.json`?)",
        ),
        (
            "../x/other.json",
            "the file sub/../x/other.json is not there (hint: names are relative",
        ),
        ("..", "the file sub/.. is not a regular file"),
        (
            "{text: hi}",
            "expected the name of a file, found a mapping (hint: such as `big.json`",
        ),
        ("", "expected the name of a file, found null"),
        (
            "\"${request.string}.json\"",
            "the name of a file holds no expressions",
        ),
    ] {
        let rules = format!("rules: [{{method: kinds.Kinds/Unary, reply_file: {named}}}]");
        let folder = folder(&rules, &[("a.json", "{}")]);
        let found = said(folder.path());
        assert_eq!(found.len(), 1, "{found:#?}");
        let place = if named.is_empty() { "47" } else { "49" };
        assert!(
            found[0].starts_with(&format!("sub/test.rules.yaml:1:{place}: {expected}")),
            "{named}: {found:#?}"
        );
    }
}

#[test]
fn an_expression_in_a_file_is_a_warning() {
    for (text, warns) in [
        ("{\"string\": \"hi ${request.string}\"}", true),
        ("{\"string\": \"${now}\"}", true),
        ("{\"string\": \"hi {{ request.string }} {{ text }}\"}", true),
        ("{\"string\": \"${string}\"}", true),
        ("{\"string\": \"{{name}} {{ x | y }} {string}\"}", false),
        ("{\"string\": \"\\u007b{request.string}}\"}", false),
        ("{\"string\": \"${HOME} ${} $${x}\"}", false),
        ("{\"string\": \"\\u0024{request.string}\"}", false),
    ] {
        let folder = folder(
            "rules: [{method: kinds.Kinds/Unary, reply_file: a.json}, {method: kinds.Kinds/List, reply_file: a.json}]",
            &[("a.json", text)],
        );
        let found = said(folder.path());
        let found: Vec<_> = found
            .iter()
            .filter(|warning| warning.contains("a.json:"))
            .collect();
        assert_eq!(!found.is_empty(), warns, "{found:?}");
    }
}

#[test]
fn a_file_is_a_file_of_the_rules() {
    let folder = folder(
        "rules: [{method: kinds.Kinds/Unary, reply_file: a.json}]",
        &[("a.json", "{}")],
    );
    let rules = load(folder.path()).expect("it loads");
    let names: Vec<_> = rules
        .watch_paths()
        .map(|path| path.file_name().expect("a name").to_owned())
        .collect();
    assert_eq!(names, ["test.rules.yaml", "a.json"]);
}

#[test]
fn methods_of_several_types_can_share_a_file() {
    let proto = "syntax = \"proto3\"; package p; message A { string a = 1; } message B { int32 a = 1; }
        service S { rpc GetA(A) returns (A); rpc GetB(A) returns (B); }";
    let schema = Schema::from_source("p.proto", proto).expect("it compiles");
    let folder = folder(
        "rules: [{method: p.S/*, reply_file: a.json}]",
        &[("a.json", "{\"a\": \"5\"}")],
    );
    assert_eq!(
        Rules::load(&schema, &[folder.path().to_owned()])
            .expect("5 fits both")
            .len(),
        1
    );
    fs::write(folder.path().join("sub/a.json"), "{\"a\": \"x\"}").expect("it can be written");
    let error = Rules::load(&schema, &[folder.path().to_owned()]).expect_err("x is no number");
    let told = format!("{error:?}");
    assert!(
        told.contains("a.json:1:7: expected int32") && told.contains("p.S/GetB"),
        "{told}"
    );
}
