//! The mask of a PATCH that gives none: the fields that stand in its body, by their names in the proto.

use crate::protocol::rest::mask::paths_of;
use crate::protocol::rest::value::mask;
use crate::schema::Schema;

const PROTO: &str = r#"syntax = "proto3";
package m;
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
service S { rpc Do(Everything) returns (Everything); }
message Everything {
  string uuid = 1;
  float float_value = 2;
  string nonConventionalNameValue = 3;
  Thing thing = 4 [json_name = "Thingy"];
  google.protobuf.Struct struct_field = 5;
  google.protobuf.Value value_field = 6;
  map<string, string> mapped = 7;
  repeated Thing nested = 8;
  google.protobuf.Any anytype = 9;
  repeated google.protobuf.Any anytypes = 10;
  google.protobuf.Timestamp time = 11;
  oneof choice { google.protobuf.Empty oneof_empty = 12; string oneof_string = 13; }
  Outer outer = 14;
}
message Thing { SubThing subThing = 1 [json_name = "SubThing"]; string name = 2; int32 amount = 3; }
message SubThing { string sub_Value = 1; }
message Outer { message A { message B { bool a = 1; bool b = 2; } B three = 1; } A two = 1; }
"#;

#[test]
fn a_mask_has_the_fields_of_the_body() {
    let schema = Schema::from_source("m.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"));
    let method = schema.method("m.S/Do").expect("it is there");
    for (body, expected) in [
        ("{}", &[][..]),
        (
            r#"{"uuid": "1234", "floatValue": 3.14}"#,
            &["uuid", "float_value"],
        ),
        (r#"{"oneof_empty": {}}"#, &["oneof_empty"]),
        (r#"{"oneofString": ""}"#, &["oneof_string"]),
        (
            r#"{"nonConventionalNameValue": "camelCase"}"#,
            &["nonConventionalNameValue"],
        ),
        (
            r#"{"uuid": "a", "thing": {"subThing": {"sub_Value": "bar"}}}"#,
            &["uuid", "thing.subThing.sub_Value"],
        ),
        (
            r#"{"Thingy": {"SubThing": {"subValue": "bar"}}}"#,
            &["thing.subThing.sub_Value"],
        ),
        (
            r#"{"thing": {"name": "bob", "amount": 2}, "uuid": "1234"}"#,
            &["thing.name", "thing.amount", "uuid"],
        ),
        (r#"{"thing": {}, "outer": null}"#, &["thing", "outer"]),
        // What is inside of these no mask can name, or needs to.
        (
            r#"{"structField": {"name": {"first": "bob"}, "amount": 2}}"#,
            &["struct_field"],
        ),
        (r#"{"value_field": {"name": "x"}}"#, &["value_field"]),
        (r#"{"mapped": {"a": "x"}}"#, &["mapped"]),
        (r#"{"nested": [{"name": "bar"}, {"name": "baz"}]}"#, &["nested"]),
        (r#"{"time": "2016-05-10T10:19:13.123Z"}"#, &["time"]),
        (
            r#"{"anytype": {"@type": "x/m.Thing", "name": "a"}, "anytypes": [{"@type": "x/m.Thing"}]}"#,
            &["anytype", "anytypes"],
        ),
        (
            r#"{"outer": {"two": {"three": {"a": true, "b": false}}}}"#,
            &["outer.two.three.a", "outer.two.three.b"],
        ),
    ] {
        let paths = paths_of(method.layouts(), method.input_layout(), body.as_bytes());
        let paths = paths.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(paths, expected, "{body}");
        // Each is on the wire as it is called in the proto.
        let wire: Vec<u8> = paths
            .iter()
            .flat_map(|path| [&[0x0a, u8::try_from(path.len()).expect("short")], path.as_bytes()].concat())
            .collect();
        assert_eq!(mask(&paths).bytes, wire, "{body}");
    }
}
