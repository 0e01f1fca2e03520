//! What only proto2 has: defaults, groups, extensions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::support::{bytes_of_json, read, same_both_ways, write_error};

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Level {
    Low,
    High,
}

#[derive(Debug, PartialEq, Clone, Default, Serialize, Deserialize)]
struct Old {
    name: String,
    number: Option<i32>,
    text: Option<String>,
    level: Option<Level>,
    detail: Option<Detail>,
    entry: Vec<Entry>,
    unpacked: Vec<i32>,
    packed: Vec<i32>,
    counts: BTreeMap<String, i32>,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Detail {
    note: Option<String>,
    inner: Option<Box<Old>>,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Entry {
    id: Option<i32>,
}

#[test]
fn groups_and_explicit_presence_are_written_as_prost_reflect_writes_them() {
    let inner = Old {
        name: "inner".to_owned(),
        ..Old::default()
    };
    let old = Old {
        name: String::new(),
        number: Some(0),
        text: Some(String::new()),
        level: Some(Level::Low),
        detail: Some(Detail {
            note: Some("n".to_owned()),
            inner: Some(Box::new(inner)),
        }),
        entry: vec![Entry { id: Some(1) }, Entry { id: None }],
        unpacked: vec![1, 2],
        packed: vec![3, 4],
        counts: [(String::new(), 0)].into(),
    };
    let json = r#"{"name": "", "number": 0, "text": "", "level": "LOW", "detail": {"note": "n", "inner": {"name": "inner"}},
        "entry": [{"id": 1}, {}], "unpacked": [1, 2], "packed": [3, 4], "counts": {"": 0}}"#;
    same_both_ways("legacy.Old", old, json);
    let least = Old {
        name: "only".to_owned(),
        ..Old::default()
    };
    same_both_ways("legacy.Old", least, r#"{"name": "only"}"#);
}

#[test]
fn what_is_missing_has_the_default_of_the_proto_unless_the_type_has_one() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Defaults {
        name: String,
        number: i32,
        text: String,
        level: Level,
        ratio: f64,
        flag: bool,
    }
    for _ in 0..2 {
        let found: Defaults = read("legacy.Old", b"").expect("all have defaults");
        let expected = Defaults {
            name: String::new(),
            number: 42,
            text: "hello".to_owned(),
            level: Level::High,
            ratio: 0.5,
            flag: true,
        };
        assert_eq!(found, expected);
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Own {
        #[serde(default = "seven")]
        number: i32,
        #[serde(default)]
        text: String,
    }
    fn seven() -> i32 {
        7
    }
    let found: Own = read("legacy.Old", b"").expect("all have defaults");
    assert_eq!((found.number, found.text.as_str()), (7, ""));
}

#[test]
fn extensions_and_unknown_fields_are_passed_over() {
    // A string in the extension 100, a group 77 that nobody knows, and a varint 78.
    let extra = [
        &b"\xa2\x06\x01x"[..],
        b"\xeb\x04\x08\x01\xec\x04",
        b"\xf0\x04\x01",
    ]
    .concat();
    let bytes = [
        &extra[..],
        &bytes_of_json("legacy.Old", r#"{"name": "n"}"#),
        &extra,
    ]
    .concat();
    let found: Old = read("legacy.Old", &bytes).expect("it fits");
    assert_eq!(found.name, "n");
}

#[test]
fn lists_are_read_packed_or_not_and_in_pieces() {
    // unpacked: packed [1, 2], then 3; packed: 4, then packed [5].
    let bytes = b"\x3a\x02\x01\x02\x40\x04\x38\x03\x42\x01\x05";
    let found: Old = read("legacy.Old", bytes).expect("it fits");
    assert_eq!((found.unpacked, found.packed), (vec![1, 2, 3], vec![4, 5]));
}

#[test]
fn a_number_that_a_closed_enum_does_not_name_is_an_unknown_field() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Levels {
        level: Option<Level>,
        levels: Vec<Level>,
        packed_levels: Vec<i32>,
        by_level: BTreeMap<String, Level>,
    }
    // level: 1, then 9; levels: 2, 9, 1; packed_levels: [9, 2]; by_level: {"a": 9}, {"b": 2}, and {"c": nothing}.
    let bytes = [
        &b"\x20\x01\x20\x09"[..],
        b"\x60\x02\x60\x09\x60\x01",
        b"\x6a\x02\x09\x02",
        b"\x72\x05\x0a\x01a\x10\x09\x72\x05\x0a\x01b\x10\x02\x72\x03\x0a\x01c",
    ]
    .concat();
    let found: Levels = read("legacy.Old", &bytes).expect("it fits");
    let expected = Levels {
        level: Some(Level::Low),
        levels: vec![Level::High, Level::Low],
        packed_levels: vec![2],
        by_level: [("b".to_owned(), Level::High), ("c".to_owned(), Level::Low)].into(),
    };
    assert_eq!(found, expected);
    let error = write_error("legacy.Old", &serde_json::json!({"level": 9}));
    assert!(
        error.contains("level: it is legacy.Level and cannot hold 9"),
        "{error}"
    );
    let error = write_error("legacy.Old", &serde_json::json!({"level": "9"}));
    assert!(
        error.contains("level: the enum legacy.Level has no value `9`"),
        "{error}"
    );
}

#[test]
fn strings_that_are_not_utf_8_have_marks_where_they_are_not() {
    let found: Old = read("legacy.Old", b"\x0a\x03a\xffb").expect("strings of proto2 may be any bytes");
    assert_eq!(found.name, "a\u{fffd}b");
}
