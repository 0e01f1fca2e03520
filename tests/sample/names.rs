//! Sample values suit the name and type of their field.

use std::collections::HashSet;

use crate::{json, method, samples, schema, text};

#[test]
fn text_suits_its_name() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t; service S { rpc A(P) returns (P); }
        message P {
          string email = 1; string contactEmail = 2; string website_url = 3; string user_id = 4; string created_at = 5;
          string birth_date = 6; string ip_address = 7; string phone = 8; string color = 9; string zip_code = 10;
          string next_page_token = 11; string country_code = 12; string hostname = 13; string whatever = 14;
          string total_price = 15; string first_name = 16;
        }
        "#,
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let text = |field| text(&sample, field);
        for email in [text("email"), text("contactEmail")] {
            assert!(
                email
                    .split_once('@')
                    .is_some_and(|(_, host)| host.starts_with("example.")),
                "{email}"
            );
        }
        assert!(text("website_url").starts_with("https://example.com/"));
        assert_eq!(text("user_id").len(), 36);
        assert!(text("created_at").starts_with("20") && text("created_at").ends_with('Z'));
        assert_eq!(text("birth_date").len(), "1990-01-01".len());
        assert!(text("ip_address").parse::<std::net::Ipv4Addr>().is_ok());
        assert!(text("phone").starts_with("+1") && text("phone").contains("55501"));
        assert_eq!(text("color").len(), 7);
        assert!(text("zip_code").parse::<u32>().is_ok());
        assert_eq!(
            text("next_page_token"),
            "",
            "a client that follows pages must come to an end"
        );
        assert_eq!(text("country_code").len(), 2);
        assert!(text("hostname").ends_with(".example.com"));
        assert!(text("whatever").chars().all(char::is_alphabetic) && !text("whatever").is_empty());
        assert!(text("total_price").parse::<f64>().is_ok());
        assert!(text("first_name").starts_with(char::is_uppercase));
    }
}

#[test]
fn a_resource_is_named_by_its_pattern() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t;
        import "google/api/resource.proto";
        service S { rpc A(Book) returns (Book); }
        message Book { option (google.api.resource) = {type: "x.example/Book", pattern: "shelves/{shelf}/books/{book}"}; string name = 1; }
        "#,
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let name = text(&sample, "name");
        let parts: Vec<&str> = name.split('/').collect();
        assert!(
            matches!(parts[..], ["shelves", shelf, "books", book] if !shelf.is_empty() && !book.is_empty()),
            "{name}"
        );
        assert!(!name.contains('{'));
    }
}

#[test]
fn numbers_suit_their_names() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t; service S { rpc A(P) returns (P); }
        message P { int32 age = 1; double latitude = 2; float percent = 3; int64 created_at = 4; int64 updated_at_ms = 5; uint32 port = 6; }
        "#,
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let sample = json(&sample);
        let number = |field: &str| match &sample[field] {
            serde_json::Value::String(text) => text.parse::<f64>().expect("a number"),
            number => number.as_f64().expect("a number"),
        };
        assert!((18.0..=90.0).contains(&number("age")));
        assert!((-90.0..=90.0).contains(&number("latitude")));
        assert!(
            (1_704_067_200.0..1_767_225_600.0).contains(&number("createdAt")),
            "2024 or 2025, in seconds"
        );
        assert!(number("updatedAtMs") > number("createdAt") * 1000.0);
        assert!((1024.0..=65_535.0).contains(&number("port")));
    }
}

#[test]
fn enums_are_neither_zero_nor_deprecated() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t; service S { rpc A(P) returns (P); }
        message P { E e = 1; Lone lone = 2; }
        enum E { UNSPECIFIED = 0; A = 1; B = 2; OLD = 3 [deprecated = true]; }
        enum Lone { NOTHING = 0; }
        "#,
    );
    let seen: HashSet<i32> = samples(method(&schema, "t.S/A"))
        .map(|sample| {
            sample
                .get_field_by_name("e")
                .and_then(|e| e.as_enum_number())
                .expect("an enum")
        })
        .collect();
    assert_eq!(seen, HashSet::from([1, 2]));
}

#[test]
fn exactly_one_member_of_a_oneof_is_set_and_each_may_be() {
    let schema = schema(
        "syntax = 'proto3'; package t; service S { rpc A(P) returns (P); }
         message P { oneof o { string a = 1; P b = 2; bool c = 3; } optional string always = 4; }",
    );
    let mut seen = HashSet::new();
    for sample in samples(method(&schema, "t.S/A")) {
        let members: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .filter(|name| sample.has_field_by_name(name))
            .collect();
        assert_eq!(members.len(), 1);
        assert!(sample.has_field_by_name("always"));
        seen.extend(members);
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn groups_and_required_fields_of_proto2_are_set() {
    let schema = schema(
        r#"
        syntax = "proto2"; package t; service S { rpc A(P) returns (P); }
        message P {
          required string name = 1; optional int32 number = 2 [default = 42];
          required group Inner = 3 { required string x = 1; optional group Deeper = 2 { optional bool y = 1; } }
          repeated group Item = 4 { required int32 z = 1; }
        }
        "#,
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let sample = json(&sample);
        assert!(sample["name"].is_string() && sample["number"].is_number());
        assert!(
            sample["Inner"]["x"].is_string() || sample["inner"]["x"].is_string(),
            "{sample}"
        );
        let items = sample
            .get("item")
            .or(sample.get("Item"))
            .and_then(|items| items.as_array());
        assert!(
            items.is_some_and(|items| items.iter().all(|item| item["z"].is_number())),
            "{sample}"
        );
    }
}
