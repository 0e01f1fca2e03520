//! Descriptors printed as proto text: the text, and that it compiles to the same descriptors.

use prost::Message as _;
use prost_types::FileDescriptorProto;
use protod::Schema;

#[test]
fn a_file_is_printed_as_it_was_written() {
    let written = r#"// The whole file.
syntax = "proto2";

// Words about the package.
package shop.v1;

import "google/protobuf/timestamp.proto";

option java_package = "com.shop";

// What can be had.
//
// In two paragraphs.
service Shop {
  option deprecated = true;

  // Sells.
  rpc Sell(Order) returns (stream Order); // at once

  rpc Watch(stream Order.Line) returns (Order) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

message Order {
  reserved 4, 10 to 12;
  reserved "old", "older";
  extensions 100 to max;
  required string id = 1;

  // How it will be paid.
  oneof payment {
    string card = 2;
    bool cash = 3 [deprecated = true];
  }

  message Line {
    optional int64 amount = 1 [default = -7];
    optional string text = 2 [default = "say \"hi\"\n"];
  }

  repeated Line lines = 5;
  map<string, Line> by_name = 6;
  optional google.protobuf.Timestamp at = 7 [json_name = "when"];
  repeated sint32 numbers = 8 [packed = true];

  optional Colour colour = 9 [
    default = RED,
    deprecated = true
  ];

  enum Colour {
    option allow_alias = true;
    reserved -5 to -1;
    NONE = 0;
    RED = 1;
    ROUGE = 1 [deprecated = true];
  }

  optional group Extra = 13 {
    optional bytes data = 1;
  }
}

extend Order {
  optional string note = 100;
}

message Empty {}
"#;
    let schema = Schema::from_source("shop.proto", written).expect("it compiles");
    let printed = schema.proto_text("shop.proto").expect("the file is there");
    assert_eq!(printed, written);
}

#[test]
fn each_kind_of_symbol_is_printed_by_itself() {
    let schema = Schema::from_source(
        "kinds.proto",
        r#"syntax = "proto3"; package kinds;
           message Text { string text = 1; oneof more { int32 a = 2; Unit b = 3; } optional bool set = 4; }
           // Empty.
           enum Unit { NONE = 0;

             /* much */
             ALL = 1; }
           service Echo { rpc Say(Text) returns (stream kinds.Text); }"#,
    )
    .expect("it compiles");
    let expected = [
        ("kinds.Text.text", "string text = 1;\n"),
        (".kinds.Text.set", "optional bool set = 4;\n"),
        (
            "kinds.Text.more",
            "oneof more {\n  int32 a = 2;\n  Unit b = 3;\n}\n",
        ),
        (
            "kinds.Unit",
            "// Empty.\nenum Unit {\n  NONE = 0;\n\n  // much\n  ALL = 1;\n}\n",
        ),
        ("kinds.ALL", "// much\nALL = 1;\n"),
        ("kinds.Unit.NONE", "NONE = 0;\n"),
        (
            "kinds.Echo",
            "service Echo {\n  rpc Say(Text) returns (stream Text);\n}\n",
        ),
        ("kinds.Echo.Say", "rpc Say(Text) returns (stream Text);\n"),
        ("kinds.Echo/Say", "rpc Say(Text) returns (stream Text);\n"),
    ];
    for (symbol, text) in expected {
        assert_eq!(schema.proto_text(symbol).as_deref(), Some(text), "{symbol}");
    }
    for missing in ["kinds", "kinds.Nothing", "kinds.Text.nothing", "nothing", ""] {
        assert_eq!(schema.proto_text(missing), None, "{missing}");
    }
}

/// A name in an inner scope hides one in an outer scope, so the short name would mean another type.
#[test]
fn a_type_is_named_so_that_it_means_itself() {
    let schema = Schema::from_source(
        "names.proto",
        r#"syntax = "proto3"; package a.b;
           message Outer {
             message Inner { .a.b.Other other = 1; }
             message Other {}
             Inner inner = 1; Other near = 2; .a.b.Other far = 3;
           }
           message Other {}"#,
    )
    .expect("it compiles");
    let printed = schema.proto_text("a.b.Outer").expect("it is there");
    for line in [
        "    b.Other other = 1;\n",
        "  Inner inner = 1;\n",
        "  Other near = 2;\n",
        "  b.Other far = 3;\n",
    ] {
        assert!(printed.contains(line), "{line} is missing in:\n{printed}");
    }
}

/// Real protos with many custom options: those built into protod.
#[test]
fn what_is_printed_compiles_to_what_was_printed() {
    let all = r#"syntax = "proto3";
        import "google/api/annotations.proto"; import "google/api/field_info.proto"; import "google/api/client.proto";
        import "google/rpc/status.proto"; import "google/rpc/error_details.proto"; import "google/type/money.proto";
        import "google/type/datetime.proto"; import "google/api/resource.proto"; import "google/api/httpbody.proto";
        import "buf/validate/validate.proto";"#;
    let schema = Schema::from_source("all.proto", all).expect("all of them are bundled");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in schema.files() {
        let text = schema.proto_text(&file.name).expect("the file is there");
        let path = folder.path().join(&file.name);
        std::fs::create_dir_all(path.parent().expect("the folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    let mut compared = 0;
    for file in schema.files() {
        // Built-in files are used even if the folder has its own.
        if file.name.starts_with("google/protobuf/") {
            continue;
        }
        let again = Schema::builder()
            .input(folder.path().join(&file.name))
            .import_path(folder.path())
            .build();
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", file.name));
        let printed = again
            .files()
            .iter()
            .find(|other| other.name == file.name)
            .expect("it was loaded");
        assert_eq!(
            without_source(&printed.descriptor),
            without_source(&file.descriptor),
            "{}",
            file.name
        );
        compared += 1;
    }
    assert!(compared > 12, "only {compared} files were compared");
}

/// A set or a server may nest deeper than any text: 3000 levels take a few kilobytes each.
#[test]
fn an_option_of_any_inside_any_is_printed_whatever_its_depth() {
    let text = r#"syntax = "proto2";
        import "google/protobuf/any.proto"; import "google/protobuf/descriptor.proto";
        message Held { optional google.protobuf.Any any = 1; }
        extend google.protobuf.MessageOptions { optional Held held = 50001; }"#;
    let schema = Schema::from_source("held.proto", text).expect("it compiles");
    let mut any = prost_types::Any::default();
    for _ in 0..3000 {
        any = prost_types::Any {
            type_url: "x/google.protobuf.Any".to_owned(),
            value: any.encode_to_vec(),
        };
    }
    let mut option = Vec::new();
    prost::encoding::message::encode(1, &any, &mut option);
    let mut options = Vec::new();
    prost::encoding::bytes::encode(50001, &option, &mut options);
    let mut message = Vec::new();
    prost::encoding::bytes::encode(1, &b"Odd".to_vec(), &mut message);
    prost::encoding::bytes::encode(7, &options, &mut message);
    let mut file = FileDescriptorProto {
        name: Some("odd.proto".to_owned()),
        dependency: vec!["held.proto".to_owned()],
        ..Default::default()
    }
    .encode_to_vec();
    prost::encoding::bytes::encode(4, &message, &mut file);
    let mut set = Vec::new();
    for file in schema
        .files()
        .iter()
        .map(|file| file.descriptor.to_vec())
        .chain([file])
    {
        prost::encoding::bytes::encode(1, &file, &mut set);
    }
    let schema = Schema::from_descriptor_set(&set).expect("it is sound");
    let printed = schema.proto_text("Odd").expect("it is there");
    assert!(
        printed.contains("option (held) = {\n    any {\n      type_url: \"x/google.protobuf.Any\""),
        "{printed}"
    );
}

fn without_source(descriptor: &[u8]) -> FileDescriptorProto {
    let mut file = FileDescriptorProto::decode(descriptor).expect("a descriptor");
    file.source_code_info = None;
    file
}
