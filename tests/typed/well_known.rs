//! The well-known types in all their forms, both ways.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{bytes_of_json, read, read_json, same_both_ways, write_error};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Times<T, D> {
    timestamp: T,
    duration: D,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Parts {
    seconds: i64,
    nanos: i32,
}

#[test]
fn times_are_texts_structs_and_types_of_the_standard_library() {
    let json = r#"{"timestamp": "2026-11-28T18:19:28.500Z", "duration": "1.500s"}"#;
    let texts = Times {
        timestamp: "2026-11-28T18:19:28.500Z".to_owned(),
        duration: "1.500s".to_owned(),
    };
    same_both_ways("kinds.Known", texts, json);
    let parts = |seconds| Parts {
        seconds,
        nanos: 500_000_000,
    };
    let structs = Times {
        timestamp: Some(parts(1_795_889_968)),
        duration: Some(parts(1)),
    };
    same_both_ways("kinds.Known", structs, json);
    let standard = Times {
        timestamp: SystemTime::UNIX_EPOCH + Duration::new(1_795_889_968, 500_000_000),
        duration: Duration::from_millis(1500),
    };
    same_both_ways("kinds.Known", standard, json);
    let none: Times<Option<String>, Option<Duration>> = Times {
        timestamp: None,
        duration: None,
    };
    same_both_ways("kinds.Known", none, "{}");
    let zero = Times {
        timestamp: "1970-01-01T00:00:00Z".to_owned(),
        duration: "0s".to_owned(),
    };
    same_both_ways(
        "kinds.Known",
        zero,
        r#"{"timestamp": "1970-01-01T00:00:00Z", "duration": "0s"}"#,
    );
}

#[test]
fn texts_that_are_no_times_and_times_that_have_no_text_are_told() {
    for (value, error) in [
        (
            json!({"timestamp": "yesterday"}),
            "timestamp: `yesterday` is not a timestamp",
        ),
        (
            json!({"duration": "a while"}),
            "duration: `a while` is not a duration",
        ),
        (
            json!({"timestamp": "0000-01-01T00:00:00Z"}),
            "timestamp: the timestamp is out of range",
        ),
        (
            json!({"timestamp": 5}),
            "timestamp: it is the message google.protobuf.Timestamp and cannot hold 5",
        ),
    ] {
        let found = write_error("kinds.Known", &value);
        assert!(found.contains(error), "{value}: {found}");
    }
    // Nanoseconds of -1.
    let bytes = b"\x0a\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    let error = read::<Times<String, Option<String>>>("kinds.Known", bytes).expect_err("it has no text");
    assert!(
        error
            .to_string()
            .contains("timestamp: the timestamp is out of range"),
        "{error}"
    );
    let error = read_json::<Times<Option<String>, Duration>>("kinds.Known", r#"{"duration": "-1s"}"#);
    let error = error.expect_err("it is negative").to_string();
    assert!(error.contains("duration.secs: invalid value"), "{error}");
}

#[test]
fn wrappers_are_options_of_scalars() {
    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    struct Wrapped {
        int64: Option<i64>,
        string: Option<String>,
        bytes: Option<Vec<u8>>,
        bool: Option<bool>,
        double: Option<f64>,
        wrapped: Vec<u32>,
    }
    same_both_ways("kinds.Known", Wrapped::default(), "{}");
    let zeros = Wrapped {
        int64: Some(0),
        string: Some(String::new()),
        bytes: Some(Vec::new()),
        bool: Some(false),
        double: Some(0.0),
        wrapped: vec![0],
    };
    let json = r#"{"int64": 0, "string": "", "bytes": "", "bool": false, "double": 0, "wrapped": [0]}"#;
    same_both_ways("kinds.Known", zeros, json);
    let values = Wrapped {
        int64: Some(-5),
        string: Some("s".to_owned()),
        bytes: Some(vec![1, 2]),
        bool: Some(true),
        double: Some(0.5),
        wrapped: vec![1, u32::MAX],
    };
    let json = r#"{"int64": -5, "string": "s", "bytes": "AQI=", "bool": true, "double": 0.5, "wrapped": [1, 4294967295]}"#;
    same_both_ways("kinds.Known", values, json);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        int64: Inner<i64>,
        bytes: Inner<serde_bytes::ByteBuf>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner<T> {
        value: T,
    }
    let whole = Whole {
        int64: Inner { value: 7 },
        bytes: Inner {
            value: serde_bytes::ByteBuf::from([3]),
        },
    };
    same_both_ways("kinds.Known", whole, r#"{"int64": 7, "bytes": "Aw=="}"#);
}

#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
struct Json {
    #[serde(rename = "struct")]
    object: Option<Value>,
    value: Option<Value>,
    list: Option<Value>,
    values: BTreeMap<String, Value>,
}

#[test]
fn json_is_json() {
    same_both_ways("kinds.Known", Json::default(), "{}");
    let object = json!({"a": [1, 2.5, "x", null, true, {"": {}}]});
    let whole = Json {
        object: Some(object.clone()),
        value: Some(json!([[], {}])),
        list: Some(json!([-1, {"b": false}])),
        values: [("only".to_owned(), Value::Null)].into(),
    };
    let json = json!({
        "struct": object, "value": [[], {}], "list": [-1, {"b": false}], "values": {"only": null}
    });
    same_both_ways("kinds.Known", whole, &json.to_string());
    for scalar in [json!(1), json!(-0.5), json!("text"), json!(true)] {
        let scalar_only = Json {
            value: Some(scalar.clone()),
            ..Json::default()
        };
        same_both_ways("kinds.Known", scalar_only, &json!({"value": scalar}).to_string());
    }
}

#[test]
fn a_null_of_json_is_there_for_a_value_and_not_for_an_option() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain {
        value: Value,
    }
    same_both_ways("kinds.Known", Plain { value: Value::Null }, r#"{"value": null}"#);
    let found: Json = read_json("kinds.Known", r#"{"value": null}"#).expect("it fits");
    assert_eq!(found.value, None);
}

#[test]
fn json_is_read_as_types_of_ones_own_too() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Own {
        #[serde(rename = "struct")]
        settings: Settings,
        list: Vec<u8>,
        value: Mode,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Settings {
        retries: u32,
        ratio: f64,
        names: Vec<String>,
        mode: Mode,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Mode {
        Plain,
        Of(u8),
    }
    let own = Own {
        settings: Settings {
            retries: 3,
            ratio: 2.0,
            names: vec!["a".to_owned()],
            mode: Mode::Of(9),
        },
        list: vec![1, 2],
        value: Mode::Plain,
    };
    let json = r#"{"struct": {"mode": {"Of": 9}, "names": ["a"], "ratio": 2, "retries": 3}, "list": [1, 2], "value": "Plain"}"#;
    let found: Own = read_json("kinds.Known", json).expect("it fits");
    assert_eq!(found, own);
    let again: Own = read("kinds.Known", &crate::support::written("kinds.Known", &own)).expect("it fits");
    assert_eq!(again, own);
    let error = write_error("kinds.Known", &json!({"struct": [1]}));
    assert!(
        error.contains("struct: a google.protobuf.Struct cannot hold what is no map"),
        "{error}"
    );
}

#[test]
fn an_any_is_a_struct_of_two_or_json_with_its_type() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Of<T> {
        any: T,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Pair {
        type_url: String,
        value: serde_bytes::ByteBuf,
    }
    let json = r#"{"any": {"@type": "type.googleapis.com/kinds.Point", "name": "p", "value": 3}}"#;
    let pair = Pair {
        type_url: "type.googleapis.com/kinds.Point".to_owned(),
        value: serde_bytes::ByteBuf::from(bytes_of_json("kinds.Point", r#"{"name": "p", "value": 3}"#)),
    };
    same_both_ways("kinds.Known", Of { any: Some(pair) }, json);
    let value: Value = serde_json::from_str(json).expect("it is JSON");
    same_both_ways(
        "kinds.Known",
        Of {
            any: value["any"].clone(),
        },
        json,
    );

    let error = write_error(
        "kinds.Known",
        &json!({"any": {"@type": "type.googleapis.com/no.Such"}}),
    );
    assert!(error.contains("any: ") && error.contains("no.Such"), "{error}");
    // A type that nobody has: as a pair it is read, as JSON it cannot be.
    let unknown = b"\x42\x05\x0a\x03x/y";
    assert!(read::<Of<Pair>>("kinds.Known", unknown).is_ok());
    assert!(read::<Of<Value>>("kinds.Known", unknown).is_err());
}

#[test]
fn masks_and_empty_messages() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Of<M, E> {
        mask: M,
        empty: E,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mask {
        paths: Vec<String>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing {}
    let json = r#"{"mask": "fooBar,baz.quxQuux", "empty": {}}"#;
    same_both_ways(
        "kinds.Known",
        Of {
            mask: "fooBar,baz.quxQuux".to_owned(),
            empty: Some(()),
        },
        json,
    );
    let paths = ["foo_bar", "baz.qux_quux"].map(str::to_owned).into();
    same_both_ways(
        "kinds.Known",
        Of {
            mask: Some(Mask { paths }),
            empty: Nothing {},
        },
        json,
    );
    same_both_ways("google.protobuf.Empty", (), "{}");
    same_both_ways("google.protobuf.Empty", Nothing {}, "{}");
    same_both_ways("google.protobuf.StringValue", "text".to_owned(), r#""text""#);
    same_both_ways(
        "google.protobuf.Timestamp",
        "2026-01-01T00:00:00Z".to_owned(),
        r#""2026-01-01T00:00:00Z""#,
    );
    same_both_ways("google.protobuf.Struct", json!({"a": 1}), r#"{"a": 1}"#);
}

#[test]
fn well_known_types_stand_in_lists_and_maps() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Many {
        times: Vec<String>,
        values: BTreeMap<String, Value>,
    }
    let many = Many {
        times: vec![
            "1970-01-01T00:00:00Z".to_owned(),
            "1970-01-01T00:00:01Z".to_owned(),
        ],
        values: [("a".to_owned(), json!([1]))].into(),
    };
    let json = r#"{"times": ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"], "values": {"a": [1]}}"#;
    same_both_ways("kinds.Known", many, json);
}

#[test]
fn parts_of_a_well_known_message_are_merged() {
    // A timestamp whose seconds and nanoseconds come apart, and a struct with a member in each part.
    let seconds = b"\x0a\x02\x08\x05";
    let nanos = b"\x0a\x06\x10\x80\xca\xb5\xee\x01";
    let member = |name: &str| {
        let json = format!(r#"{{"struct": {{"{name}": 1}}}}"#);
        bytes_of_json("kinds.Known", &json)
    };
    let bytes = [&seconds[..], &member("a"), nanos, &member("b")].concat();
    #[derive(Debug, PartialEq, Deserialize)]
    struct Found {
        timestamp: String,
        #[serde(rename = "struct")]
        object: Value,
    }
    let found: Found = read("kinds.Known", &bytes).expect("it fits");
    assert_eq!(found.timestamp, "1970-01-01T00:00:05.500Z");
    assert_eq!(found.object, json!({"a": 1, "b": 1}));
}
