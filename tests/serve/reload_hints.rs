//! What `protod check` says of a file, the log of a reload says too: the problem, its place and what mends it.

use std::fs;

use serde_json::Value;

use crate::folder::folder;
use crate::program::Server;

const PROTO: &str = r#"syntax = "proto3"; package p; message Text { string text = 1; }
    service S { rpc Unary(Text) returns (Text); }"#;
const RULES: &str = "rules: [{method: p.S/Unary, reply: {text: one}}]\n";

#[tokio::test]
async fn the_log_of_a_reload_has_hints() {
    for format in ["text", "json"] {
        let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
        let path = folder.path().to_str().expect("UTF-8");
        let mut server = Server::start(&["--log-format", format, path]).await;
        let rules = folder.path().join("a.rules.yaml");
        for (from, to, place, hint) in [
            (
                "reply",
                "repyl",
                "a.rules.yaml:1:29: unknown key",
                "did you mean `reply`?",
            ),
            (
                "one",
                "'{{ text }}'",
                "a.rules.yaml:1:44: `{{ text }}`",
                "write `${request.text}`",
            ),
        ] {
            fs::write(&rules, RULES.replace(from, to)).expect("it can be written");
            let line = server.line_with(place).await;
            if format == "json" {
                let line: Value = serde_json::from_str(&line).expect("JSON");
                assert!(
                    line["hint"].as_str().is_some_and(|said| said.contains(hint)),
                    "{line}"
                );
            } else {
                assert!(line.contains(&format!("hint={hint}")), "{line}");
            }
        }
    }
}

/// A file that is meant as one of rules, and is not read, is told of when it is saved, not only at the next start.
#[tokio::test]
async fn a_misnamed_file_that_is_saved_is_told_of() {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    let mut server = Server::start(&[path]).await;
    for name in ["rules.ymal", "rules.yml.txt", "b.yaml"] {
        fs::write(
            folder.path().join(name),
            "rules:\n  - {method: p.S/Unary, reply: {}}\n",
        )
        .expect("a new file");
        let line = server
            .line_with(&format!("{name}: it has rules, and is not read"))
            .await;
        assert!(line.contains("hint=rename it to "), "{line}");
    }
}

/// `validate: true` is nothing without the flag of the server.
#[tokio::test]
async fn a_rule_that_validates_is_told_of_where_the_server_does_not() {
    let rules = "rules: [{method: p.S/Unary, validate: true, reply: {}}]";
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    for (flags, tells) in [(&[path][..], true), (&["--validate", path][..], false)] {
        let server = Server::start(flags).await;
        let (_, log) = server.stop().await;
        let told = log
            .iter()
            .any(|line| line.contains("a.rules.yaml:1:39: `validate: true` checks nothing"));
        assert_eq!(told, tells, "{log:?}");
    }
}
