//! `protod call`, `bench`, `list` and `describe` where calls have another protocol.

use serde_json::json;

use crate::cli::{prints, protod};
use crate::programs::messages;
use crate::servers::{serve, shapes};

const PROTOCOLS: [&str; 4] = ["grpc", "grpc-web", "grpc-web-text", "connect"];

#[tokio::test]
async fn each_protocol_codec_and_version_is_a_flag() {
    let address = serve(shapes()).await;
    for protocol in PROTOCOLS {
        for codec in ["proto", "json"] {
            for version in ["1.1", "2"] {
                if (protocol, version) == ("grpc", "1.1") {
                    continue;
                }
                let flags = [
                    "--protocol",
                    protocol,
                    "--codec",
                    codec,
                    "--http-version",
                    version,
                ];
                let call = async |method, data| {
                    messages(&prints(&[&["call", &address, method, "-d", data], &flags[..]].concat()).await)
                };
                let unary = call("shapes.Shapes/Unary", r#"{"name": "a", "value": 1}"#).await;
                assert_eq!(unary, [json!({"name": "a", "value": "1"})], "{flags:?}");
                let both = call("shapes.Shapes/Both", r#"{"value": 1}{"name": "b"}"#).await;
                assert_eq!(both, [json!({"value": "1"}), json!({"name": "b"})], "{flags:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_load_is_made_in_each_protocol() {
    let address = serve(shapes()).await;
    for protocol in PROTOCOLS {
        let report = prints_report(&["bench", &address, "shapes.Shapes/Unary", "--protocol", protocol]).await;
        assert_eq!(
            (&report["calls"], &report["failed"]),
            (&json!(200), &json!(0)),
            "{protocol}: {report}"
        );
    }
}

async fn prints_report(args: &[&str]) -> serde_json::Value {
    let flags = ["-n", "200", "-c", "8", "--warm-up", "0s", "--json"];
    let (stdout, stderr, code) = protod(&[args, &flags].concat()).await;
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).expect("JSON")
}

#[tokio::test]
async fn a_status_is_worded_and_exits_as_that_of_grpc() {
    let address = serve(shapes()).await;
    let up = protod::Server::builder(crate::servers::schema());
    let other = serve(up).await;
    for protocol in PROTOCOLS {
        let flags = ["--protocol", protocol];
        let (stdout, stderr, code) =
            protod(&[&["call", &other, "shapes.Shapes/Up"], &flags[..]].concat()).await;
        assert_eq!((stdout.as_str(), code), ("", 64 + 12), "{stderr}");
        assert!(stderr.starts_with("ERROR:\n  Code: Unimplemented\n"), "{stderr}");
        let flags = [
            "--protocol",
            protocol,
            "--max-receive-size",
            "10",
            "-d",
            r#"{"name": "a long name"}"#,
        ];
        let (_, stderr, code) =
            protod(&[&["call", &address, "shapes.Shapes/Unary"], &flags[..]].concat()).await;
        assert_eq!(code, 64 + 8, "{stderr}");
    }
}

#[tokio::test]
async fn what_a_protocol_does_not_have_is_said() {
    let address = serve(shapes()).await;
    let fails = async |args: &[&str]| {
        let (stdout, stderr, code) = protod(args).await;
        assert!(stdout.is_empty() && code != 0, "{stderr}");
        stderr
    };
    let call = ["call", &*address, "shapes.Shapes/Unary"];
    assert_eq!(
        fails(&[&call[..], &["--http-version", "1.1"]].concat()).await,
        "error: gRPC cannot be spoken over HTTP/1.1\ncaused by: gRPC needs HTTP/2; over HTTP/1.1 there are gRPC-Web and \
         Connect\n"
    );
    assert_eq!(
        fails(&[&call[..], &["--http-get"]].concat()).await,
        "error: shapes.Shapes/Unary cannot be called by GET\ncaused by: gRPC calls are made by POST; by GET those of Connect \
         are\n"
    );
    assert_eq!(
        fails(&[&call[..], &["--http-get", "--protocol", "connect"]].concat()).await,
        "error: shapes.Shapes/Unary cannot be called by GET\ncaused by: its proto does not say `idempotency_level = \
         NO_SIDE_EFFECTS`\n"
    );
    for command in ["list", "describe"] {
        let told = fails(&[command, &address, "--protocol", "connect"]).await;
        assert!(
            told.contains("tip: `call` and `bench` have it; protos are asked for by gRPC"),
            "{told}"
        );
    }
}
