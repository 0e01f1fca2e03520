//! Samples of `google.protobuf` messages are valid, also as JSON.

use protod::{Sampler, Schema};

use crate::{json, message, method, samples, schema};

const IMPORTS: &str = r#"
    syntax = "proto3"; package t;
    import "google/protobuf/any.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/empty.proto";
    import "google/protobuf/field_mask.proto"; import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
"#;

fn with_imports(text: &str) -> Schema {
    schema(&format!("{IMPORTS}{text}"))
}

#[test]
fn each_field_has_its_json_form() {
    let schema = with_imports(
        "
        service S { rpc A(P) returns (P); }
        message P {
          google.protobuf.Timestamp created_at = 1; google.protobuf.Timestamp updated_at = 2; google.protobuf.Duration ttl = 3;
          google.protobuf.FieldMask mask = 4; google.protobuf.Struct settings = 5; google.protobuf.Value value = 6;
          google.protobuf.ListValue list = 7; google.protobuf.Any detail = 8; google.protobuf.Empty nothing = 9;
          google.protobuf.StringValue email = 10; google.protobuf.Int64Value age = 11; google.protobuf.BoolValue yes = 12;
          google.protobuf.BytesValue blob = 13; google.protobuf.DoubleValue ratio = 14; google.protobuf.UInt32Value port = 15;
          google.protobuf.NullValue null = 16; repeated google.protobuf.Any details = 17; Q q = 18;
          map<string, google.protobuf.Value> values = 19; repeated google.protobuf.Timestamp times = 20;
        }
        message Q { string some_name = 1; int32 other_2 = 2; }
        ",
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let sample = json(&sample);
        let created = sample["createdAt"].as_str().expect("text");
        assert!(
            created.starts_with("2024-") && created.ends_with('Z'),
            "{created}"
        );
        assert!(created < sample["updatedAt"].as_str().expect("text"));
        assert!(sample["ttl"].as_str().is_some_and(|ttl| ttl.ends_with('s')));
        // Fields of Q, which is next to the mask; other_2 has no JSON form.
        assert_eq!(sample["mask"], "someName");
        assert!(
            sample["settings"]
                .as_object()
                .is_some_and(|settings| settings.len() > 1)
        );
        assert!(sample["value"].is_string());
        assert!(sample["list"].is_array());
        assert!(
            sample["detail"]["@type"]
                .as_str()
                .is_some_and(|url| url.starts_with("type.googleapis.com/t."))
        );
        assert_eq!(sample["nothing"], serde_json::json!({}));
        assert!(sample["email"].as_str().is_some_and(|email| email.contains('@')));
        assert!(
            sample["age"]
                .as_str()
                .and_then(|age| age.parse().ok())
                .is_some_and(|age: i32| (18..=90).contains(&age))
        );
        assert!(sample["yes"].is_boolean() && sample["blob"].is_string() && sample["ratio"].is_number());
        assert!(sample["port"].as_u64().is_some_and(|port| port >= 1024));
        assert!(
            sample["details"]
                .as_array()
                .is_some_and(|details| !details.is_empty())
        );
    }
}

#[test]
fn each_may_be_a_response_itself() {
    let names = [
        "Any",
        "Timestamp",
        "Duration",
        "FieldMask",
        "Struct",
        "Value",
        "ListValue",
        "Empty",
        "StringValue",
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "UInt32Value",
        "UInt64Value",
    ];
    for name in names {
        let schema = with_imports(&format!(
            "service S {{ rpc A(Q) returns (google.protobuf.{name}); }} message Q {{}}"
        ));
        for sample in samples(method(&schema, "t.S/A")) {
            let json = json(&sample);
            let again = message(&schema, &format!("google.protobuf.{name}"), &json.to_string());
            assert_eq!(again, sample, "{name}");
        }
    }
}

#[test]
fn the_same_type_in_and_out_is_an_echo() {
    let schema = with_imports(
        "service S { rpc A(google.protobuf.StringValue) returns (google.protobuf.StringValue); }",
    );
    let request = message(&schema, "google.protobuf.StringValue", r#""hello""#);
    assert_eq!(
        Sampler::default().sample(method(&schema, "t.S/A"), Some(&request), 0),
        request
    );
}
