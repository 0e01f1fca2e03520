//! The requests to paste that `serve` prints.

use protod::{Message, Sampler, Schema, Validator};

use crate::commands::serve::banner::banner;

/// The requests of the first method of each service.
fn requests(text: &str) -> Vec<&str> {
    let quoted = text.lines().filter_map(|line| line.split_once(" -d '"));
    quoted
        .map(|(_, request)| request.strip_suffix('\'').expect("it is quoted"))
        .collect()
}

#[test]
fn a_request_to_paste_has_every_field_that_is_always_there_and_is_read_as_its_type() {
    let inputs = [
        (
            "p.All",
            r#"{"d":0,"i":0,"l":"0","b":false,"s":"","y":"","kind":"NONE","many":[],"byName":{},"inner":{"deep":{}}}"#,
        ),
        ("google.protobuf.Empty", "{}"),
        ("google.protobuf.Timestamp", r#""1970-01-01T00:00:00Z""#),
        ("google.protobuf.Duration", r#""0s""#),
        ("google.protobuf.FieldMask", r#""""#),
        ("google.protobuf.Value", "null"),
        ("google.protobuf.ListValue", "[]"),
        ("google.protobuf.Struct", "{}"),
        ("google.protobuf.Any", "{}"),
        ("google.protobuf.Int64Value", r#""0""#),
        ("google.protobuf.BoolValue", "false"),
    ];
    for (input, expected) in inputs {
        let proto = format!(
            r#"syntax = "proto3";
            package p;
            import "google/protobuf/any.proto";
            import "google/protobuf/duration.proto";
            import "google/protobuf/empty.proto";
            import "google/protobuf/field_mask.proto";
            import "google/protobuf/struct.proto";
            import "google/protobuf/timestamp.proto";
            import "google/protobuf/wrappers.proto";
            enum Kind {{ NONE = 0; }}
            message All {{
              double d = 1; sint32 i = 2; fixed64 l = 3; bool b = 4; string s = 5; bytes y = 6; Kind kind = 7;
              repeated All many = 8; map<string, All> by_name = 9; Inner inner = 10;
              optional int32 maybe = 11; google.protobuf.Timestamp at = 12;
              oneof one {{ string text = 13; Inner other = 14; }}
            }}
            message Inner {{ Deep deep = 1; message Deep {{ All all = 1; }} }}
            service S {{ rpc Get({input}) returns (All); }}"#
        );
        let schema = Schema::from_source("p.proto", &proto).expect("it is sound");
        let text = banner("127.0.0.1:9002", false, &schema, "1 service", None);
        assert_eq!(requests(&text), [expected], "{input}");
        let descriptor = schema.pool().get_message_by_name(input).expect("it is there");
        Message::from_json(descriptor, expected).expect(input);
    }
}

#[test]
fn where_requests_are_validated_one_to_paste_is_valid() {
    let proto = r#"
        syntax = "proto3";
        package p;
        import "buf/validate/validate.proto";
        service S { rpc Send(Message) returns (Message); }
        message Message {
          string email = 1 [(buf.validate.field).string.email = true];
          int32 count = 2 [(buf.validate.field).int32 = {gt: 5, lte: 9}];
        }"#;
    let schema = Schema::from_source("p.proto", proto).expect("it is sound");
    let text = banner(
        "127.0.0.1:9002",
        false,
        &schema,
        "1 service",
        Some(&Sampler::default()),
    );
    let descriptor = schema
        .pool()
        .get_message_by_name("p.Message")
        .expect("it is there");
    let request = Message::from_json(descriptor.clone(), requests(&text)[0]).expect("it fits");
    let validator = Validator::new(&schema, [descriptor]).expect("its rules compile");
    validator.validate(&request).expect("it is valid");
}
