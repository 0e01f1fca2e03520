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

/// Files whose fields between tags are no groups as proto2 has them: their messages stand elsewhere, are called otherwise, hold
/// themselves, or come from files of any syntax.
const DELIMITED: [(&str, &str); 5] = [
    (
        "other.proto",
        r#"edition = "2023";
package o;
message Far {
  int32 z = 1;
  map<string, Deep> m = 2;
  Deep d = 3;
  Deep e = 4 [features.message_encoding = DELIMITED];
  Kind k = 5;
  Far self = 6 [features.message_encoding = DELIMITED];
  repeated int32 packed = 7;
  message In { int32 a = 1; }
  In in = 8;
  In in2 = 9 [features.message_encoding = DELIMITED];
}
message Deep { string s = 1; }
enum Kind { ZERO = 0; ONE = 1; }
"#,
    ),
    (
        "p3.proto",
        r#"syntax = "proto3";
package p3;
import "other.proto";
message Three {
  optional int32 a = 1;
  int32 b = 2;
  repeated int32 c = 3;
  repeated int32 d = 4 [packed = false];
  oneof x { int32 e = 5; string f = 6; }
  o.Kind k = 7;
  optional string g = 8;
}
"#,
    ),
    (
        "p2.proto",
        r#"syntax = "proto2";
package p2;
message Two {
  optional group G = 1 { optional int32 a = 1; }
  optional int32 b = 2 [default = 5];
  extensions 10 to 20;
  repeated int32 c = 3;
}
"#,
    ),
    (
        "c.proto",
        r#"edition = "2023";
package c;
import "other.proto";
import "p2.proto";
import "p3.proto";
option features.message_encoding = DELIMITED;
message C {
  Other other = 1;
  o.Far far = 2;
  repeated Tree trees = 3;
  p3.Three three = 4;
  p2.Two two = 5;
  Other camelCase = 6;
  Other _under = 7;
  message Nest { int32 q = 1; Nest nest = 2; }
  Nest nest = 8;
  oneof pick { Other o1 = 9; Tree o2 = 10; }
  message Other2 {}
  Other other2 = 11;
  C c = 12;
  extensions 100 to 200;
  extend C { Other inner = 101; }
}
message Other { int32 z = 1; }
message Tree { int32 v = 1; repeated Tree kids = 2; }
extend C {
  Other outer = 100;
  Other plain = 102 [features.message_encoding = LENGTH_PREFIXED];
  repeated Other many = 103;
}
service S { rpc Echo(C) returns (C); }
"#,
    ),
    (
        "echo.rules.yaml",
        "rules:\n  - method: c.S/Echo\n    reply: ${request}\n",
    ),
];

#[tokio::test]
async fn fields_between_tags_are_groups_that_every_client_takes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in DELIMITED {
        fs::write(folder.path().join(name), text).expect("files can be written");
    }
    let far = json!({
        "z": 2, "m": {"k": {"s": "x"}}, "d": {"s": "dd"}, "e": {"s": "ee"}, "k": "ONE", "self": {"z": 3},
        "packed": [1, 2, 3], "in": {"a": 4}, "in2": {"a": 5},
    });
    let three = json!({"a": 0, "b": 7, "c": [1, 2], "d": [3], "e": 1, "k": "ONE", "g": ""});
    let asked = json!({
        "other": {"z": 1},
        "far": far,
        "trees": [{"v": 1, "kids": [{"v": 2, "kids": [{"v": 3}]}]}],
        "three": three,
        "two": {"g": {"a": 9}, "b": 1, "c": [4, 5]},
        "camelCase": {"z": 4},
        "Under": {"z": 5},
        "nest": {"q": 1, "nest": {"q": 2}},
        "o1": {"z": 6},
        "other2": {"z": 7},
        "c": {"other": {"z": 8}},
        "[c.outer]": {"z": 9},
        "[c.C.inner]": {"z": 10},
        "[c.plain]": {"z": 11},
        "[c.many]": [{"z": 12}, {}],
    });
    let server = server(&folder, "proto").await;
    for program in [grpcurl, old_grpcurl] {
        let listed = program().prints(["-plaintext", server.address(), "list"]).await;
        assert!(listed.contains("c.S"), "{listed}");
        for (symbol, part) in [
            ("c.C", "optional group Other = 1 {"),
            (
                "c.C",
                "optional group Camelcase = 6 [json_name = \"camelCase\"] {",
            ),
            ("c.outer", "optional group Outer = 100 {"),
            ("c.S", "rpc Echo ( .c.C ) returns ( .c.C );"),
            ("p3.Three", "optional .o.Kind k = 7;"),
        ] {
            let described = program()
                .prints(["-plaintext", server.address(), "describe", symbol])
                .await;
            assert!(described.contains(part), "{described}");
        }
        let data = asked.to_string();
        let args = ["-plaintext", "-d", &data, server.address(), "c.S/Echo"];
        assert_eq!(
            messages(&program().prints(args).await),
            std::slice::from_ref(&asked)
        );
    }
}
