//! `call`, `bench` and `explain` read JSON like `Message::from_json`.

use prost_reflect::DynamicMessage;
use protod::{Call, Schema, Server};
use serde_json::json;

use crate::cli::{prints, protod};
use crate::programs::messages;
use crate::servers::serve;

const PROTO: &str = r#"
    syntax = "proto3";
    package box;
    import "google/protobuf/any.proto";
    message Box { int64 size = 1; google.protobuf.Any any = 2; }
    service Boxes { rpc Echo(Box) returns (Box); rpc Many(stream Box) returns (stream Box); }
"#;

/// JSON that prost-reflect alone refuses.
const GOOD: &str = r#"{"size": "1e5", "any": {}}"#;

/// JSON that prost-reflect alone accepts, at the end of a second line.
const TWICE: &str = "{\"size\": 1}\n{\"size\": 1, \"size\": 2}";

const WHERE: &str = "field 'size' is there twice at line 2 column 19";

async fn boxes() -> String {
    let schema = Schema::from_source("box.proto", PROTO).expect("it compiles");
    let server = Server::builder(schema)
        .unary(
            "box.Boxes/Echo",
            |request: DynamicMessage| async move { Ok(request) },
        )
        // Answers come behind the last request, so that none is printed before the data is read.
        .bidi("box.Boxes/Many", |mut call: Call| async move {
            let mut last = None;
            while let Some(message) = call.recv().await? {
                last = Some(message);
            }
            match last {
                Some(message) => call.send(message).await,
                None => Ok(()),
            }
        });
    serve(server).await
}

async fn refuses(args: &[&str]) {
    let (stdout, stderr, code) = protod(args).await;
    assert_eq!(stdout, "", "{args:?}");
    assert_eq!(
        stderr,
        format!("error: message 2 of the data is not a box.Box\ncaused by: {WHERE}\n"),
        "{args:?}"
    );
    assert_eq!(code, 1, "{args:?}");
}

#[tokio::test]
async fn call_takes_protojson_and_no_field_twice() {
    let address = boxes().await;
    let printed = prints(&["call", &address, "box.Boxes/Echo", "-d", GOOD]).await;
    assert_eq!(messages(&printed), [json!({"size": "100000", "any": {}})]);
    refuses(&["call", &address, "box.Boxes/Many", "-d", TWICE]).await;
}

#[tokio::test]
async fn bench_takes_protojson_and_no_field_twice() {
    let address = boxes().await;
    let bench = [
        "bench",
        &address,
        "box.Boxes/Many",
        "-n",
        "1",
        "--warm-up",
        "0s",
        "--json",
        "-d",
    ];
    let report = prints(&[&bench[..], &[GOOD]].concat()).await;
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    assert_eq!(report["failed"], json!(0));
    refuses(&[&bench[..], &[TWICE]].concat()).await;
}

#[tokio::test]
async fn explain_takes_protojson_and_no_field_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (proto, rules) = (
        folder.path().join("box.proto"),
        folder.path().join("box.rules.yaml"),
    );
    std::fs::write(&proto, PROTO).expect("it can be written");
    let text = "rules:\n  - {method: box.Boxes/Many, match: {size: 100000}, session: {message: []}}\n";
    std::fs::write(rules, text).expect("it can be written");
    let explain = ["explain", "box.Boxes/Many", proto.to_str().expect("UTF-8"), "-d"];
    let printed = prints(&[&explain[..], &[GOOD]].concat()).await;
    assert!(printed.ends_with(": answers\n"), "{printed}");
    refuses(&[&explain[..], &[TWICE]].concat()).await;
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_data() {
    let address = boxes().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        format!("@{}", path.display())
    };
    let call = ["call", &address, "box.Boxes/Echo", "-d"];
    let marked = file("marked.json", b"\xef\xbb\xbf{\"size\": 1}");
    assert_eq!(
        messages(&prints(&[&call[..], &[&marked]].concat()).await),
        [json!({"size": "1"})]
    );
    let marked = file("marked.txt", b"\xef\xbb\xbfsize: 1");
    let printed = prints(&[&call[..], &[&marked, "--format", "text"]].concat()).await;
    assert_eq!(printed, "size: 1\n");
    assert_eq!(
        prints(&[&call[..], &[&file("empty.json", b"")]].concat()).await,
        "{}\n"
    );

    for (name, bytes) in [("little", &b"\xff\xfe{\0}\0"[..]), ("big", b"\xfe\xff\0{\0}")] {
        let (_, stderr, code) = protod(&[&call[..], &[&file(name, bytes)]].concat()).await;
        let told =
            "error: the data is UTF-16\ncaused by: JSON and the text format are UTF-8: save it as that\n";
        assert_eq!((stderr.as_str(), code), (told, 1));
    }
}
