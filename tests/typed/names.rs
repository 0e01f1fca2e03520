//! The names of fields, and what serde's attributes make of them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::support::{bytes_of_json, read, read_json, same_both_ways, write_error, written};

#[test]
fn fields_are_named_as_in_the_proto_or_as_in_json() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Camel {
        by_text: BTreeMap<String, i32>,
        #[serde(rename = "by_number")]
        numbers: HashMap<i32, String>,
    }
    let camel = Camel {
        by_text: [("a".to_owned(), 1)].into(),
        numbers: [(2, "b".to_owned())].into(),
    };
    same_both_ways(
        "kinds.Maps",
        camel,
        r#"{"byText": {"a": 1}, "byNumber": {"2": "b"}}"#,
    );
}

#[test]
fn skip_alias_newtypes_and_conversions() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Point {
        #[serde(alias = "title", alias = "label")]
        name: Name,
        #[serde(with = "halved")]
        value: i32,
        #[serde(skip)]
        seen: bool,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Name(String);
    impl Clone for Name {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }
    impl TryFrom<String> for Name {
        type Error = &'static str;

        fn try_from(name: String) -> Result<Self, Self::Error> {
            if name.is_empty() {
                Err("a name is needed")
            } else {
                Ok(Self(name))
            }
        }
    }
    impl From<Name> for String {
        fn from(name: Name) -> Self {
            name.0
        }
    }
    mod halved {
        use super::{Deserialize, Deserializer, Serializer};

        #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
        pub(super) fn serialize<S: Serializer>(value: &i32, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_i32(value * 2)
        }

        pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
            Ok(i32::deserialize(deserializer)? / 2)
        }
    }
    let point = Point {
        name: Name("n".to_owned()),
        value: 4,
        seen: false,
    };
    same_both_ways("kinds.Point", point, r#"{"name": "n", "value": 8}"#);
    let error = read::<Point>("kinds.Point", b"").expect_err("the name is empty");
    assert!(error.to_string().ends_with("name: a name is needed"), "{error}");

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole(Inner);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        value: Value32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Value32(i32);
    same_both_ways(
        "kinds.Point",
        Whole(Inner { value: Value32(3) }),
        r#"{"value": 3}"#,
    );
}

#[test]
fn a_flattened_struct_has_the_fields_of_its_message() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        int32: i32,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        string: String,
        uint64: u64,
        bool: Option<bool>,
    }
    let outer = Outer {
        int32: -1,
        inner: Inner {
            string: "s".to_owned(),
            uint64: u64::MAX,
            bool: Some(true),
        },
    };
    let json = r#"{"int32": -1, "string": "s", "uint64": "18446744073709551615", "bool": true}"#;
    same_both_ways("kinds.Scalars", outer, json);
}

#[test]
fn a_message_is_a_map_too() {
    let bytes = bytes_of_json("kinds.Point", r#"{"name": "n", "value": 1}"#);
    let map: BTreeMap<String, Value> = read("kinds.Point", &bytes).expect("it fits");
    assert_eq!(
        map,
        [("name".to_owned(), json!("n")), ("value".to_owned(), json!(1))].into()
    );
    assert_eq!(written("kinds.Point", &map), bytes);

    let json = json!({"before": "", "after": "a", "point": {"name": "p", "value": 0}});
    let value: Value = read_json("kinds.Choice", &json.to_string()).expect("it fits");
    assert_eq!(value, json);
    assert_eq!(
        written("kinds.Choice", &value),
        bytes_of_json("kinds.Choice", &json.to_string())
    );
}

/// Bytes are lists of numbers there, and keys of maps are text, as JSON can have no others.
#[test]
fn any_message_is_json_both_ways() {
    for (name, json) in [
        (
            "kinds.Scalars",
            json!({"int64": -1, "bytes": [0, 255], "double": 0.5, "color": "COLOR_RED"}),
        ),
        ("kinds.Optionals", json!({"bytes": [], "int32": 0})),
        (
            "kinds.Lists",
            json!({"blobs": [[1], []], "numbers": [-1], "colors": ["COLOR_LIGHT_BLUE"]}),
        ),
        (
            "kinds.Maps",
            json!({
                "by_text": {"a": 1}, "by_number": {"-7": "x"}, "by_truth": {"true": {"name": "", "value": 2}},
                "by_fixed": {"18446744073709551615": "COLOR_RED"}, "by_signed": {"-9223372036854775808": [1]}
            }),
        ),
        (
            "kinds.Known",
            json!({"timestamp": "2020-01-01T00:00:00Z", "bytes": [7], "values": {"a": null, "b": [1, {}]}, "empty": {}}),
        ),
    ] {
        let bytes = written(name, &json);
        let found: Value = read(name, &bytes).expect("it fits");
        for (field, value) in json.as_object().expect("it is one") {
            assert_eq!(found[field], *value, "{name}.{field}");
        }
        assert_eq!(written(name, &found), bytes, "{name}");
    }
    let null = json!({"before": null, "content": null, "point": null, "after": "a"});
    assert_eq!(
        written("kinds.Choice", &null),
        written("kinds.Choice", &json!({"after": "a"}))
    );
    let null = json!({"by_text": null, "by_number": null});
    assert!(written("kinds.Maps", &null).is_empty());
    assert_eq!(written("kinds.Known", &json!({"value": null})), [0x52, 2, 8, 0]);
    for (json, error) in [
        (
            json!({"by_number": {"one": ""}}),
            "by_number: it is int32 and cannot hold a string",
        ),
        (
            json!({"by_truth": {"1": {}}}),
            "by_truth: it is bool and cannot hold a string",
        ),
        (
            json!({"by_text": {"a": null}}),
            "by_text: it is int32 and cannot hold `()`",
        ),
    ] {
        let found = write_error("kinds.Maps", &json);
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn bytes_stand_in_a_flattened_struct() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        bytes: Vec<u8>,
    }
    let inner = Inner { bytes: vec![1, 2] };
    same_both_ways("kinds.Scalars", Outer { inner }, r#"{"bytes": "AQI="}"#);
}

#[test]
fn types_that_choose_by_what_they_find_are_read() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Numbered { value: i32, name: String },
        Other(Value),
    }
    same_both_ways(
        "kinds.Point",
        Either::Numbered {
            value: 2,
            name: "n".to_owned(),
        },
        r#"{"name": "n", "value": 2}"#,
    );
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "name", rename_all = "snake_case")]
    enum Tagged {
        First { value: i32 },
        Second { value: i32 },
    }
    same_both_ways(
        "kinds.Point",
        Tagged::Second { value: 3 },
        r#"{"name": "second", "value": 3}"#,
    );
}
