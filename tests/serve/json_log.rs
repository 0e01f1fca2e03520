//! With `--log-format json`, every line on stderr is a JSON object, whatever happens.

use serde_json::Value;
use tokio::process::Command;

use crate::folder::folder;
use crate::program::{Server, command};

const PROTO: &str = r#"syntax = "proto3"; package p; message Text { string text = 1; }
    service S { rpc Unary(Text) returns (Text); }"#;
const RULES: &str = "rules: [{method: p.S/Unary, reply: {text: one}}]\n";

/// The lines, each an object with a time, a level and a message.
fn objects(lines: &[String]) -> Vec<Value> {
    let object = |line: &String| {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["timestamp", "level", "message"] {
            assert!(object[key].is_string(), "{key} of {line}");
        }
        object
    };
    lines.iter().map(object).collect()
}

async fn failed(mut command: Command) -> (Option<i32>, Vec<Value>) {
    let output = command.output().await.expect("protod can be started");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    (output.status.code(), objects(&lines))
}

#[tokio::test]
async fn every_line_of_a_servers_life_is_json() {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    for level in ["info", "off"] {
        let mut server = Server::start(&["--log-format", "json", "--log", level, path]).await;
        if level == "info" {
            let rules = folder.path().join("a.rules.yaml");
            std::fs::write(&rules, RULES.replace("reply", "repyl")).expect("it can be written");
            server.line_with("not reloaded").await;
            std::fs::write(&rules, RULES).expect("it can be written");
            server.line_with("reloaded in").await;
        }
        let address = server.address().to_owned();
        let (status, lines) = server.stop().await;
        assert!(status.success(), "{lines:?}");
        let objects = objects(&lines);
        let first = &objects[0];
        assert_eq!(first["message"], format!("protod listening on {address}"));
        assert_eq!(first["addr"], address);
        assert_eq!((&first["tls"], &first["level"]), (&false.into(), &"INFO".into()));
        assert_eq!(
            ["services", "methods", "rules", "routes"].map(|key| first[key].as_u64()),
            [Some(1), Some(1), Some(1), Some(0)]
        );
        if level == "off" {
            assert_eq!(objects.len(), 1, "{objects:?}");
            continue;
        }
        let problem = objects
            .iter()
            .find(|line| line["level"] == "ERROR")
            .expect("one was told");
        let message = problem["message"].as_str().expect("a text");
        assert!(
            message.contains("a.rules.yaml:1:") && message.contains("repyl"),
            "{message}"
        );
        assert!(
            problem["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("reply")),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn every_line_of_a_start_that_fails_is_json() {
    let wrong = RULES.replace("reply", "repyl");
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", &wrong)]);
    let path = folder.path().to_str().expect("UTF-8");
    let serve = |args: &[&str]| command(&[&["serve", "--log-format", "json"], args].concat());

    let (code, lines) = failed(serve(&[path])).await;
    assert_eq!((code, lines.len()), (Some(1), 2), "{lines:?}");
    assert!(
        lines[0]["message"]
            .as_str()
            .is_some_and(|line| line.contains("a.rules.yaml:1:")),
        "{lines:?}"
    );
    assert!(lines[0]["hint"].is_string(), "{lines:?}");
    assert_eq!(lines[1]["message"], "1 problem");

    let (code, lines) = failed(serve(&["--addr", "unix:/no/such/folder/socket", "proto"])).await;
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");

    let missing = serve(&["--tls-cert", "no.pem", "--tls-key", "no.key", "proto"]);
    let (code, lines) = failed(missing).await;
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
    assert!(
        lines[0]["message"]
            .as_str()
            .is_some_and(|line| line.contains("no.")),
        "{lines:?}"
    );

    for wrong in ["--no-such-flag", "--max-calls=x", "--max-calls"] {
        let (code, lines) = failed(serve(&["proto", wrong])).await;
        assert_eq!((code, lines.len()), (Some(2), 1), "{lines:?}");
        assert!(
            lines[0]["message"]
                .as_str()
                .is_some_and(|line| line.contains("--")),
            "{lines:?}"
        );
        let mut by_variable = command(&["serve", wrong]);
        by_variable.env("PROTOD_LOG_FORMAT", "json");
        assert_eq!(failed(by_variable).await.0, Some(2));
    }
}
