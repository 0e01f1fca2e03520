//! What is not there, in each form of a field.

use serde::{Deserialize, Serialize};

use crate::support::{read, read_json, same_both_ways, written};

#[test]
fn fields_without_presence_are_zero_or_none_and_never_missing() {
    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    struct Implicit {
        int32: Option<i32>,
        string: Option<String>,
        #[serde(default = "seven")]
        int64: i64,
        color: Option<i32>,
    }
    fn seven() -> i64 {
        7
    }
    same_both_ways("kinds.Scalars", Implicit::default(), "{}");
    let values = Implicit {
        int32: Some(1),
        string: Some("s".to_owned()),
        int64: 2,
        color: Some(1),
    };
    same_both_ways(
        "kinds.Scalars",
        values,
        r#"{"int32": 1, "string": "s", "int64": 2, "color": 1}"#,
    );
    // Zeros are not sent, and zeros that were sent are none.
    let zeros = Implicit {
        int32: Some(0),
        string: Some(String::new()),
        int64: 0,
        color: Some(0),
    };
    assert!(written("kinds.Scalars", &zeros).is_empty());
    let sent: Implicit = read("kinds.Scalars", b"\x08\x00\x72\x00\x80\x01\x00").expect("it fits");
    assert_eq!(sent, Implicit::default());
}

#[test]
fn fields_with_presence_are_none_or_what_was_sent() {
    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    struct Explicit {
        int32: Option<i32>,
        string: Option<String>,
        bytes: Option<Vec<u8>>,
        double: Option<f64>,
    }
    same_both_ways("kinds.Optionals", Explicit::default(), "{}");
    let zeros = Explicit {
        int32: Some(0),
        string: Some(String::new()),
        bytes: Some(Vec::new()),
        double: Some(0.0),
    };
    same_both_ways(
        "kinds.Optionals",
        zeros,
        r#"{"int32": 0, "string": "", "bytes": "", "double": 0}"#,
    );

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain {
        int32: i32,
        #[serde(default = "hello")]
        string: String,
    }
    fn hello() -> String {
        "hello".to_owned()
    }
    for _ in 0..2 {
        let found: Plain = read_json("kinds.Optionals", "{}").expect("both have defaults");
        assert_eq!((found.int32, found.string.as_str()), (0, "hello"));
    }
    // Without an option the value is sent whatever it is.
    let zeros = Plain {
        int32: 0,
        string: String::new(),
    };
    same_both_ways("kinds.Optionals", zeros, r#"{"int32": 0, "string": ""}"#);
}

#[derive(Debug, PartialEq, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
struct Point {
    name: String,
    value: i32,
}

#[test]
fn a_message_that_was_not_sent_is_none_a_default_or_missing() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Optional {
        point: Option<Point>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Defaulted {
        #[serde(default)]
        point: Point,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Required {
        point: Point,
    }
    let found: Optional = read("kinds.Nested", b"").expect("it may be none");
    assert_eq!(found.point, None);
    let found: Defaulted = read("kinds.Nested", b"").expect("it has a default");
    assert_eq!(found.point, Point::default());
    let error = read::<Required>("kinds.Nested", b"").expect_err("it must be there");
    assert_eq!(
        error.to_string(),
        "the message does not fit the type: the field `point` is missing"
    );
    assert_eq!(error.code(), tonic::Code::InvalidArgument);
    let found: Required = read("kinds.Nested", b"\x0a\x00").expect("it is there, and empty");
    assert_eq!(found.point, Point::default());
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    #[derive(Debug, Deserialize)]
    struct Root {
        #[expect(dead_code, reason = "only read")]
        node: Tree,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Tree {
        value: std::num::NonZeroI32,
        #[serde(default)]
        children: Vec<Tree>,
    }
    let error = read_json::<Root>(
        "kinds.Nested",
        r#"{"node": {"value": 1, "children": [{"value": 2}, {}]}}"#,
    );
    let error = error.expect_err("a zero is in it").to_string();
    assert!(
        error.contains("node.children.value: invalid value: integer `0`"),
        "{error}"
    );
}
