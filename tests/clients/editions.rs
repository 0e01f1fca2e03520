//! grpcurl with files of editions that it knows and that it does not: `--reflection-edition`.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::{Program, grpcurl, messages, old_grpcurl};
use crate::support::Server;

const TYPES: &str = r#"edition = "2026";
package shop;
import option "options.proto";
option (note) = "types";
export message Item {
  string name = 1;
  int32 count = 2 [features.field_presence = IMPLICIT];
  Size size = 3;
  local message Part { string text = 1; }
  repeated Part parts = 4;
  Box box = 5 [features.message_encoding = DELIMITED];
  local message Box { int32 width = 1; }
}
export enum Size { SIZE_UNKNOWN = 0; SIZE_LARGE = 5; }
"#;

const SERVICE: &str = r#"edition = "2024";
package shop;
import "types.proto";
message Order { Item item = 1; repeated Size sizes = 2; }
service Shop { rpc Buy(Order) returns (Order); }
"#;

const OPTIONS: &str = r#"edition = "2024";
import "google/protobuf/descriptor.proto";
extend google.protobuf.FileOptions { string note = 50000; }
"#;

const RULES: &str = "rules:\n  - method: shop.Shop/Buy\n    reply: ${request}\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in [
        ("types.proto", TYPES),
        ("service.proto", SERVICE),
        ("options.proto", OPTIONS),
        ("shop.rules.yaml", RULES),
    ] {
        fs::write(folder.path().join(name), text).expect("files can be written");
    }
    folder
}

async fn server(folder: &TempDir, edition: &str) -> Server {
    let path = folder.path().to_str().expect("its path is UTF-8");
    Server::start(&[path, "--reflection-edition", edition]).await
}

/// What `Buy` answers, which is what it is asked.
async fn buy(program: Program, server: &Server, order: &Value) -> Vec<Value> {
    let data = order.to_string();
    let args = ["-plaintext", "-d", &data, server.address(), "shop.Shop/Buy"];
    messages(&program.prints(args).await)
}

#[tokio::test]
async fn a_client_that_knows_no_newer_edition_gets_an_older_one() {
    let folder = folder();
    // This grpcurl writes `box` with its length, whatever its features say.
    let order = json!({
        "item": {"name": "tea", "count": 3, "size": "SIZE_LARGE", "parts": [{"text": "leaf"}]},
        "sizes": ["SIZE_LARGE", "SIZE_UNKNOWN"],
    });
    let server = server(&folder, "2023").await;
    assert_eq!(buy(grpcurl(), &server, &order).await, [order]);
    let described = grpcurl()
        .prints(["-plaintext", server.address(), "describe", "shop.Item"])
        .await;
    assert!(described.contains("Size size = 3"), "{described}");
}

#[tokio::test]
async fn a_client_that_knows_no_editions_gets_proto2_and_proto3() {
    let folder = folder();
    let order = json!({
        "item": {"name": "tea", "count": 3, "size": "SIZE_LARGE", "parts": [{"text": "leaf"}], "box": {"width": 7}},
        "sizes": ["SIZE_LARGE"],
    });
    let server = server(&folder, "proto").await;
    for program in [grpcurl(), old_grpcurl()] {
        let answers = buy(program, &server, &order).await;
        assert_eq!(answers, std::slice::from_ref(&order));
    }
}

#[tokio::test]
async fn a_client_gets_editions_as_they_are_unless_it_is_said() {
    let folder = folder();
    let server = Server::start(&[folder.path().to_str().expect("its path is UTF-8")]).await;
    let output = grpcurl()
        .run(["-plaintext", server.address(), "describe", "shop.Item"])
        .await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success(),
        "this grpcurl knows 2026: raise the editions of the test"
    );
    assert!(text.contains("edition"), "{text}");
}
