//! Files with an edition: how their messages behave, from text and from sets alike.

use bytes::Bytes;
use prost_reflect::{Cardinality, DynamicMessage, Value};
use protod::{Message, Schema};

use crate::support::{Tree, located};

const FEATURES: &str = r#"edition = "2023";
package p;
message M {
  string text = 1;
  string raw = 2 [features.utf8_validation = NONE];
  repeated int32 packed = 3;
  repeated int32 expanded = 4 [features.repeated_field_encoding = EXPANDED];
  N plain = 5;
  N delimited = 6 [features.message_encoding = DELIMITED];
  Open open = 7;
  Closed closed = 8;
  int32 implicit = 9 [features.field_presence = IMPLICIT];
  int32 explicit = 10;
  N required = 11 [features.field_presence = LEGACY_REQUIRED];
  map<string, string> raw_map = 12 [features.utf8_validation = NONE];
  Open implicit_open = 13 [features.field_presence = IMPLICIT];
}
message N { int32 a = 1; N next = 2 [features.message_encoding = DELIMITED]; }
enum Open { OPEN_ZERO = 0; OPEN_ONE = 1; }
enum Closed { option features.enum_type = CLOSED; CLOSED_FIVE = 5; CLOSED_SIX = 6; }
service S { rpc Do(M) returns (M); }
"#;

/// The schema of a text, from the text and from its set.
fn both(text: &str) -> [Schema; 2] {
    let from_text =
        Schema::from_source("a.proto", text).unwrap_or_else(|error| panic!("{:?}", error.problems()));
    let set = from_text.descriptor_set().source_info(true).encode();
    let from_set = Schema::from_descriptor_set(&set).unwrap_or_else(|error| panic!("{:?}", error.problems()));
    assert_eq!(
        from_text.files()[0].descriptor,
        from_set.files()[0].descriptor,
        "a file of a set keeps its bytes"
    );
    [from_text, from_set]
}

/// The message of these bytes.
fn decode(schema: &Schema, name: &str, bytes: &[u8]) -> Result<DynamicMessage, String> {
    let descriptor = schema.pool().get_message_by_name(name).expect("it is there");
    let message = Message::decode(schema, &descriptor, Bytes::copy_from_slice(bytes));
    let dynamic = message.and_then(Message::into_dynamic);
    dynamic.map_err(|error| error.to_string())
}

fn json(message: &DynamicMessage) -> String {
    Message::from_dynamic(message.clone())
        .to_json()
        .expect("it can be printed")
}

#[test]
fn messages_follow_their_features() {
    for schema in both(FEATURES) {
        let descriptor = schema.pool().get_message_by_name("p.M").expect("it is there");
        let field = |name: &str| descriptor.get_field_by_name(name).expect("it is there");
        assert!(field("packed").is_packed());
        assert!(!field("expanded").is_packed());
        assert!(!field("plain").is_group());
        assert!(field("delimited").is_group());
        assert!(field("explicit").supports_presence());
        assert!(!field("implicit").supports_presence());
        assert!(!field("implicit_open").supports_presence());
        assert_eq!(field("required").cardinality(), Cardinality::Required);
        assert_eq!(field("closed").default_value(), Value::EnumNumber(5));

        // Strings are verified, or not.
        assert!(decode(&schema, "p.M", b"\x0a\x01\xff").is_err());
        let raw = decode(&schema, "p.M", b"\x12\x01\xff").expect("any bytes will do");
        assert_eq!(json(&raw), "{\"raw\":\"\u{fffd}\"}");
        assert!(decode(&schema, "p.M", b"\x62\x06\x0a\x01\xff\x12\x01\xff").is_ok());

        // A closed enum has no other numbers, an open one has.
        let enums = decode(&schema, "p.M", b"\x38\x07\x40\x07").expect("both are varints");
        assert_eq!(json(&enums), r#"{"open":7}"#);

        // Presence.
        let zeros = decode(&schema, "p.M", b"\x48\x00\x50\x00").expect("two varints");
        assert_eq!(json(&zeros), r#"{"explicit":0}"#);
        assert_eq!(Message::from_dynamic(zeros).to_bytes(), b"\x50\x00".as_slice());

        // Groups.
        let group = decode(&schema, "p.M", b"\x33\x08\x01\x13\x08\x02\x14\x34").expect("a group in a group");
        assert_eq!(json(&group), r#"{"delimited":{"a":1,"next":{"a":2}}}"#);
        assert_eq!(
            Message::from_dynamic(group).to_bytes(),
            b"\x33\x08\x01\x13\x08\x02\x14\x34".as_slice()
        );
        assert!(
            decode(&schema, "p.M", b"\x32\x02\x08\x01").is_err(),
            "it is no length-prefixed message"
        );

        // Lists are written as they are to be.
        let lists = decode(&schema, "p.M", b"\x18\x01\x18\x02\x22\x02\x01\x02").expect("either is read");
        assert_eq!(
            Message::from_dynamic(lists).to_bytes(),
            b"\x1a\x02\x01\x02\x20\x01\x20\x02".as_slice()
        );
    }
}

#[test]
fn a_closed_enum_without_a_zero_beside_implicit_presence_keeps_its_place() {
    let text = r#"edition = "2023"; package p;
        message M { int32 n = 1 [features.field_presence = IMPLICIT]; Inner.E e = 2; E2 f = 3; }
        message Inner { enum E { option features.enum_type = CLOSED; SEVEN = 7; } enum Z { ZERO = 0; } }
        enum E2 { option features.enum_type = CLOSED; TWO = 2; THREE = 3; }"#;
    for schema in both(text) {
        let pool = schema.pool();
        for (name, first) in [("p.Inner.E", 7), ("p.E2", 2), ("p.Inner.Z", 0)] {
            let found = pool.get_enum_by_name(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(found.default_value().number(), first);
        }
        let message = decode(&schema, "p.M", b"\x08\x00\x10\x07\x18\x09").expect("three varints");
        assert_eq!(json(&message), r#"{"e":"SEVEN"}"#);
        let names: Vec<&str> = schema.files().iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.proto"]);
        let printed = schema.proto_text("a.proto").expect("the file is there");
        let again = Schema::from_source("a.proto", &printed).expect("what is printed compiles");
        assert_eq!(
            again.descriptor_set().encode(),
            schema.descriptor_set().encode(),
            "{printed}"
        );
        assert_eq!(
            schema.proto_text("p.Inner.E").as_deref(),
            Some("enum E {\n  option features = { enum_type: CLOSED };\n  SEVEN = 7;\n}\n")
        );
    }
}

#[test]
fn fields_that_are_one_without_case_beside_implicit_presence_are_taken() {
    let text = r#"edition = "2023"; message M { int32 a_b = 1 [features.field_presence = IMPLICIT]; int32 ab = 2; }"#;
    for schema in both(text) {
        assert!(decode(&schema, "M", b"\x08\x01\x10\x02").is_ok());
    }
}

#[test]
fn a_file_of_a_set_may_lack_what_it_imports_for_its_options() {
    let tree = Tree::new(&[
        (
            "a.proto",
            "edition = \"2024\"; import option \"o.proto\"; option (o) = 1; message M {}",
        ),
        (
            "o.proto",
            "edition = \"2024\"; import \"google/protobuf/descriptor.proto\"; extend google.protobuf.FileOptions { int32 o = 50000; }",
        ),
    ]);
    let schema = tree.load("a.proto").expect("it compiles");
    let alone = schema.descriptor_set().imports(false).encode();
    let again = Schema::from_descriptor_set(&alone).expect("options have been read");
    assert_eq!(again.descriptor_set().encode(), alone);
}

#[test]
fn symbols_of_a_set_are_hidden_as_those_of_a_text() {
    let set = Schema::from_source("b.proto", "edition = \"2024\"; message B { message C {} }").unwrap();
    let user = |name: &str| {
        let text = format!("edition = \"2024\"; import \"b.proto\"; message M {{ {name} b = 1; }}");
        let set = set.descriptor_set().encode();
        Schema::builder()
            .descriptor_set(set)
            .source("a.proto", text)
            .build()
    };
    assert!(user("B").is_ok());
    assert_eq!(
        located(user("B.C")),
        ["a.proto:1:49: 'B.C' is for its own file alone"]
    );
}

#[test]
fn an_edition_that_nobody_knows_is_named() {
    assert_eq!(
        located(Schema::from_source(
            "a.proto",
            "// licence\n\nedition = \"2099\";\n"
        )),
        ["a.proto:3:11: the edition '2099' is unknown"]
    );
}

#[test]
fn problems_are_placed_in_the_text_that_was_written() {
    let cases = [
        (
            "message M { optional N n = 1; }",
            "optional",
            "a field of an edition has no label 'optional'",
        ),
        ("message M { N n = 1; }", "N n", "name 'N' is not defined"),
        (
            "message M { int32 a = 1; N n = 2; }",
            "N n",
            "name 'N' is not defined",
        ),
        (
            "message M { reserved foo, \"bar\"; }",
            "\"bar\"",
            "reserved names are written without quotes in editions",
        ),
        (
            "message M { reserved foo; N n = 1; }",
            "N n",
            "name 'N' is not defined",
        ),
        (
            "export message M { local enum E { E_A = 0; } N n = 1; }",
            "N n",
            "name 'N' is not defined",
        ),
        ("message M { group G = 1 {} }", "group", "editions have no groups"),
        ("message M { string a 1; }", "1;", "expected '=', but found '1'"),
        (
            "import option \"x.proto\";",
            "x.proto",
            "import 'x.proto' is not found",
        ),
        (
            "message m {}",
            "m {",
            "the name of the message 'm' does not begin with a capital letter",
        ),
        (
            "local service S {}",
            "local",
            "'export' and 'local' are for messages and enums",
        ),
    ];
    for (text, place, problem) in cases {
        let column = text.find(place).expect("the place") + 1;
        let text = format!("edition = \"2024\";\n{text}\n");
        let expected = format!("a.proto:2:{column}: {problem}");
        assert_eq!(
            located(Schema::from_source("a.proto", &text)),
            [expected],
            "{text}"
        );
    }
}
