//! Options, from text and from sets.

use prost_reflect::Value;
use protod::Schema;

use crate::support::Tree;

const PACKED: &str = r#"
syntax = "proto2";
message M {
  repeated int32 by_default = 1;
  repeated int32 packed = 2 [packed = true];
}
"#;

#[test]
fn packed_option_is_honoured_from_source() {
    let schema = Schema::from_source("packed.proto", PACKED).unwrap();
    let message = schema.pool().get_message_by_name("M").unwrap();
    assert!(!message.get_field_by_name("by_default").unwrap().is_packed());
    assert!(message.get_field_by_name("packed").unwrap().is_packed());

    let unpacked =
        "syntax = \"proto3\"; message M { repeated int32 a = 1 [packed = false]; repeated int32 b = 2; }";
    let message = Schema::from_source("unpacked.proto", unpacked).unwrap();
    let message = message.pool().get_message_by_name("M").unwrap();
    assert!(!message.get_field_by_name("a").unwrap().is_packed());
    assert!(message.get_field_by_name("b").unwrap().is_packed());
}

const CUSTOM: &str = r#"
syntax = "proto3";
import "google/protobuf/descriptor.proto";
message Rating { int32 stars = 1; repeated string words = 2; }
extend google.protobuf.MethodOptions { Rating rating = 50001; }
extend google.protobuf.EnumValueOptions { string label = 50002; }
service S { rpc Get(Rating) returns (Rating) { option (rating) = { stars: 5 words: ["a", "b"] }; } }
enum E { ZERO = 0 [(label) = "nought"]; }
"#;

#[test]
fn custom_options_survive_text_and_set() {
    let text = Schema::from_source("custom.proto", CUSTOM).unwrap();
    let mut set = Vec::new();
    for file in text.files() {
        prost::encoding::bytes::encode(1, &file.descriptor, &mut set);
    }
    for schema in [text, Schema::from_descriptor_set(&set).unwrap()] {
        let pool = schema.pool();
        let options = schema.method("S/Get").unwrap().descriptor().options();
        let rating = options.get_extension(&pool.get_extension_by_name("rating").unwrap());
        let stars = rating.as_message().unwrap().get_field_by_name("stars").unwrap();
        assert_eq!(*stars, Value::I32(5));
        let zero = pool
            .get_enum_by_name("E")
            .unwrap()
            .get_value(0)
            .unwrap()
            .options();
        let label = zero.get_extension(&pool.get_extension_by_name("label").unwrap());
        assert_eq!(*label, Value::String("nought".to_owned()));
    }
}

const UNPACKED_OPTION: &str = r#"
syntax = "proto3";
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions {
  repeated int32 unpacked = 50001 [packed = false];
  repeated int32 packed = 50002;
}
"#;

#[test]
fn repeated_options_are_written_as_their_definition_says() {
    let tree = Tree::new(&[
        ("options.proto", UNPACKED_OPTION),
        (
            "a.proto",
            "syntax = \"proto3\"; import \"options.proto\"; message A { \
             int32 a = 1 [(unpacked) = 1, (unpacked) = 2, (packed) = 3, (packed) = 4]; }",
        ),
    ]);
    let schema = tree.load("a.proto").unwrap();
    let file = schema.files().iter().find(|file| file.name == "a.proto").unwrap();
    // Two records of one varint each, then one record of two.
    let expected = [
        0x88, 0xb5, 0x18, 1, 0x88, 0xb5, 0x18, 2, 0x92, 0xb5, 0x18, 2, 3, 4,
    ];
    assert!(
        file.descriptor
            .windows(expected.len())
            .any(|window| window == expected)
    );
}

const MAPS: &str = r#"
syntax = "proto2";
package m;
import "google/protobuf/descriptor.proto";
message Words { map<string, string> of = 1; map<int32, Words> by = 2; optional group Part = 3 { map<bool, int32> is = 1; } }
message Shelf { repeated Words words = 1; optional string name = 2; }
extend google.protobuf.FileOptions { optional Shelf of_file = 50001; }
extend google.protobuf.MessageOptions { optional Words of_message = 50001; }
extend google.protobuf.FieldOptions { repeated Words of_field = 50001; }
extend google.protobuf.MethodOptions { optional Words of_method = 50001; }
extend google.protobuf.EnumValueOptions { optional Words of_value = 50001; }
option (of_file) = { name: "x" words: [{ of: {key: "d" value: "1"} of: {key: "b" value: "2"} of: {key: "c" value: "3"} of: {key: "a" value: "4"} },
  { by: {key: 9 value: {of: {key: "y" value: ""} of: {key: "x" value: ""}}} by: {key: -1 value: {}} by: {key: 3 value: {}} }] };
message M {
  option (of_message) = { of: {key: "d" value: "1"} of: {key: "b" value: "2"} of: {key: "c" value: "3"} of: {key: "a" value: "4"} };
  optional int32 a = 1 [(of_field) = { of: {key: "2" value: "1"} of: {key: "1" value: "2"} of: {key: "3" value: "3"} }, (of_field) = {}];
}
enum E { ZERO = 0 [(of_value) = { by: {key: 5 value: {}} by: {key: 4 value: {}} by: {key: 3 value: {}} by: {key: 2 value: {}} }]; }
service S { rpc Get(M) returns (M) { option (of_method) = { of: {key: "z" value: "1"} of: {key: "y" value: "2"} of: {key: "x" value: "3"} }; } }
"#;

/// Clients compare what reflection serves, and a reload what has changed.
#[test]
fn options_that_are_a_map_are_in_the_order_of_the_text_at_each_load() {
    let load = || Schema::from_source("m.proto", MAPS).expect("it compiles");
    let written = |schema: &Schema| -> Vec<String> {
        let files = schema.files().iter().map(|file| format!("{:?}", file.descriptor));
        let texts = schema
            .files()
            .iter()
            .map(|file| schema.proto_text(&file.name).expect("it is there"));
        files.chain(texts).collect()
    };
    let first = written(&load());
    for _ in 0..20 {
        assert_eq!(written(&load()), first);
    }
    let text = first.last().expect("the last file");
    let keys = |part: &str| -> Vec<usize> {
        let start = text.find(part).expect(part);
        ["\"d\"", "\"b\"", "\"c\"", "\"a\""]
            .map(|key| text[start..].find(key).expect(key))
            .to_vec()
    };
    assert!(
        keys("(m.of_file)").is_sorted() && keys("(m.of_message)").is_sorted(),
        "{text}"
    );
}
