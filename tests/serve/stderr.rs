//! A server whose stderr nobody reads: its reader saw the line that it waited for, and closed the pipe.

use std::process::Stdio;
use std::time::Duration;

use protod::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::folder::folder;
use crate::program::{SOON, command};

#[tokio::test]
async fn log_that_nobody_reads_is_lost_and_all_goes_on() {
    let proto = r#"syntax = "proto3"; package p; message Text { string text = 1; }
        service S { rpc Unary(Text) returns (Text); }"#;
    let rules = |text: &str| {
        format!(
            r#"rules: [{{method: p.S/Unary, session: {{half_close: [{{log: "asked"}}, {{send: {{text: "{text}"}}}}]}}}}]"#
        )
    };
    let folder = folder([("a.proto", proto), ("a.rules.yaml", &rules("first"))]);
    let a_rules = folder.path().join("a.rules.yaml");
    for format in ["text", "json"] {
        let path = folder.path().to_str().expect("UTF-8");
        let mut server = command(&["serve", "--addr", "127.0.0.1:0", "--log-format", format, path])
            .stderr(Stdio::piped())
            .spawn()
            .expect("protod can be started");
        let mut stderr = BufReader::new(server.stderr.take().expect("it is piped"));
        let mut line = String::new();
        let read = timeout(SOON, stderr.read_line(&mut line)).await;
        read.expect("it listens soon").expect("UTF-8");
        drop(stderr);
        let address = line.trim_end().strip_prefix("protod listening on ");
        let address = address.expect("its first line").to_owned();

        let client = Client::builder(address).connect().await.expect("it listens");
        let method = client.method("p.S/Unary").expect("it is there");
        for text in ["second", "third"] {
            std::fs::write(&a_rules, rules(text)).expect("it can be written");
            let expected = format!(r#"{{"text":"{text}"}}"#);
            let served = async {
                loop {
                    let answer = method.unary(method.request()).await.expect("it never fails");
                    if answer.message.to_json().expect("JSON") == expected {
                        return;
                    }
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(SOON, served).await.expect("it is reloaded");
        }

        let id = server.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.expect("kill can be started").success());
        let status = timeout(SOON, server.wait()).await.expect("it ends");
        assert_eq!(status.expect("it can be waited for").code(), Some(0));
    }
}
