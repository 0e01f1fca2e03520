//! Each kind of field, both ways: equal to prost-reflect's bytes.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::support::{read_json, same_both_ways, write_error, written};

#[derive(Debug, PartialEq, Clone, Default, Serialize, Deserialize)]
struct Scalars {
    int32: i32,
    sint32: i32,
    sfixed32: i32,
    int64: i64,
    sint64: i64,
    sfixed64: i64,
    uint32: u32,
    fixed32: u32,
    uint64: u64,
    fixed64: u64,
    float: f32,
    double: f64,
    bool: bool,
    string: String,
    bytes: Vec<u8>,
    color: i32,
}

#[test]
fn every_scalar_is_written_as_prost_reflect_writes_it() {
    same_both_ways("kinds.Scalars", Scalars::default(), "{}");
    let least = Scalars {
        int32: i32::MIN,
        sint32: i32::MIN,
        sfixed32: i32::MIN,
        int64: i64::MIN,
        sint64: i64::MIN,
        sfixed64: i64::MIN,
        float: -0.5,
        double: f64::NEG_INFINITY,
        color: -1,
        ..Scalars::default()
    };
    let json = r#"{"int32": -2147483648, "sint32": -2147483648, "sfixed32": -2147483648, "int64": "-9223372036854775808",
        "sint64": "-9223372036854775808", "sfixed64": "-9223372036854775808", "float": -0.5, "double": "-Infinity", "color": -1}"#;
    same_both_ways("kinds.Scalars", least, json);
    let most = Scalars {
        int32: i32::MAX,
        sint32: i32::MAX,
        sfixed32: i32::MAX,
        int64: i64::MAX,
        sint64: i64::MAX,
        sfixed64: i64::MAX,
        uint32: u32::MAX,
        fixed32: u32::MAX,
        uint64: u64::MAX,
        fixed64: u64::MAX,
        float: f32::MAX,
        double: f64::MIN_POSITIVE,
        bool: true,
        string: "æøå 🦀".to_owned(),
        bytes: vec![0, 255, 7],
        color: 2,
    };
    let json = r#"{"int32": 2147483647, "sint32": 2147483647, "sfixed32": 2147483647, "int64": "9223372036854775807",
        "sint64": "9223372036854775807", "sfixed64": "9223372036854775807", "uint32": 4294967295, "fixed32": 4294967295,
        "uint64": "18446744073709551615", "fixed64": "18446744073709551615", "float": 3.4028235e38,
        "double": 2.2250738585072014e-308, "bool": true, "string": "æøå 🦀", "bytes": "AP8H", "color": "COLOR_LIGHT_BLUE"}"#;
    same_both_ways("kinds.Scalars", most, json);
}

/// prost-reflect takes it for zero and sends nothing; protoc's own languages send it.
#[test]
fn zero_with_a_sign_is_sent() {
    let negative = Scalars {
        double: -0.0,
        ..Scalars::default()
    };
    let bytes = written("kinds.Scalars", &negative);
    assert_eq!(bytes, [&b"\x61"[..], &(-0.0_f64).to_le_bytes()].concat());
    let found: Scalars = crate::support::read("kinds.Scalars", &bytes).expect("it fits");
    assert!(found.double.is_sign_negative());
}

#[test]
fn wider_types_hold_narrower_kinds() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wide {
        int32: i64,
        sint64: i128,
        uint32: u64,
        fixed32: i64,
        uint64: u128,
        float: f64,
    }
    let wide = Wide {
        int32: -5,
        sint64: -6,
        uint32: 7,
        fixed32: 8,
        uint64: 9,
        float: 0.5,
    };
    let json = r#"{"int32": -5, "sint64": -6, "uint32": 7, "fixed32": 8, "uint64": 9, "float": 0.5}"#;
    same_both_ways("kinds.Scalars", wide, json);
}

#[test]
fn a_number_that_its_field_cannot_hold_is_told_when_it_is_written() {
    for (value, error) in [
        (
            serde_json::json!({"int32": 2_147_483_648_u64}),
            "int32: it is int32 and cannot hold 2147483648",
        ),
        (
            serde_json::json!({"uint32": -1}),
            "uint32: it is uint32 and cannot hold -1",
        ),
        (
            serde_json::json!({"uint64": 1.5}),
            "uint64: it is uint64 and cannot hold 1.5",
        ),
        (
            serde_json::json!({"float": 1e300}),
            "float: it is float and cannot hold",
        ),
        (
            serde_json::json!({"string": 1}),
            "string: it is string and cannot hold 1",
        ),
        (
            serde_json::json!({"bool": "yes"}),
            "bool: it is bool and cannot hold a string",
        ),
        (
            serde_json::json!({"int32": [1]}),
            "int32: it is int32 and cannot hold a list",
        ),
        (
            serde_json::json!({"int32": {"a": 1}}),
            "int32: it is int32 and cannot hold a map",
        ),
        (
            serde_json::json!({"bytes": [256]}),
            "bytes: it is bytes and cannot hold 256",
        ),
        (
            serde_json::json!({"color": "COLOR_PINK"}),
            "color: the enum kinds.Color has no value `COLOR_PINK`",
        ),
        (
            serde_json::json!({"colour": 1}),
            "colour: kinds.Scalars has no field `colour`; did you mean `color`?",
        ),
    ] {
        let found = write_error("kinds.Scalars", &value);
        assert!(found.contains(error), "{value}: {found}");
    }
    assert_eq!(
        written(
            "kinds.Scalars",
            &serde_json::json!({"double": 3, "float": 0.1, "color": "COLOR_RED"})
        ),
        written(
            "kinds.Scalars",
            &Scalars {
                double: 3.0,
                float: 0.1,
                color: 1,
                ..Scalars::default()
            }
        )
    );
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
enum Color {
    #[serde(rename = "COLOR_UNSPECIFIED")]
    Unspecified,
    Red,
    LightBlue,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Point {
    name: String,
    value: i32,
}

fn point(name: &str, value: i32) -> Point {
    Point {
        name: name.to_owned(),
        value,
    }
}

#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
struct Lists {
    numbers: Vec<i32>,
    doubles: Vec<f64>,
    texts: Vec<String>,
    blobs: Vec<serde_bytes::ByteBuf>,
    colors: Vec<Color>,
    points: Vec<Point>,
    unpacked: Vec<i64>,
}

#[test]
fn lists_are_packed_as_the_proto_says() {
    same_both_ways("kinds.Lists", Lists::default(), "{}");
    let lists = Lists {
        numbers: (-200..200).collect(),
        doubles: vec![0.0, 1.5],
        texts: vec![String::new(), "x".repeat(300)],
        blobs: vec![serde_bytes::ByteBuf::from([1, 2]), serde_bytes::ByteBuf::new()],
        colors: vec![Color::LightBlue, Color::Unspecified],
        points: vec![point("", 0), point(&"y".repeat(200), -1)],
        unpacked: vec![0, -1],
    };
    let json = serde_json::json!({
        "numbers": (-200..200).collect::<Vec<i32>>(), "doubles": [0.0, 1.5], "texts": ["", "x".repeat(300)],
        "blobs": ["AQI=", ""], "colors": ["COLOR_LIGHT_BLUE", "COLOR_UNSPECIFIED"],
        "points": [{}, {"name": "y".repeat(200), "value": -1}], "unpacked": [0, -1]
    });
    same_both_ways("kinds.Lists", lists, &json.to_string());
}

#[test]
fn arrays_tuples_and_sets_are_lists_too() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fixed {
        numbers: [i32; 3],
        doubles: (f64, f64),
        texts: std::collections::BTreeSet<String>,
        unpacked: Option<Vec<i64>>,
    }
    let fixed = Fixed {
        numbers: [1, -2, 3],
        doubles: (0.5, 2.0),
        texts: ["a".to_owned(), "b".to_owned()].into(),
        unpacked: None,
    };
    let json = r#"{"numbers": [1, -2, 3], "doubles": [0.5, 2], "texts": ["a", "b"]}"#;
    same_both_ways("kinds.Lists", fixed, json);
    let error = read_json::<Fixed>("kinds.Lists", r#"{"numbers": [1, 2], "doubles": [1, 2]}"#);
    let error = error.expect_err("there are too few").to_string();
    assert!(error.contains("numbers: invalid length 2"), "{error}");
}

#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
struct Maps {
    by_text: BTreeMap<String, i32>,
    by_number: HashMap<i32, String>,
    by_truth: HashMap<bool, Point>,
    by_fixed: BTreeMap<u64, i32>,
    by_signed: BTreeMap<i64, serde_bytes::ByteBuf>,
}

#[test]
fn maps_have_keys_of_all_kinds_and_their_own_order() {
    same_both_ways("kinds.Maps", Maps::default(), "{}");
    // One entry each, since prost-reflect's maps have an order of their own.
    let maps = Maps {
        by_text: [("a".to_owned(), 0)].into(),
        by_number: [(-1, String::new())].into(),
        by_truth: [(false, point("", 0))].into(),
        by_fixed: [(u64::MAX, 1)].into(),
        by_signed: [(0, serde_bytes::ByteBuf::from([9]))].into(),
    };
    let json = r#"{"byText": {"a": 0}, "byNumber": {"-1": ""}, "byTruth": {"false": {}},
        "byFixed": {"18446744073709551615": "COLOR_RED"}, "bySigned": {"0": "CQ=="}}"#;
    same_both_ways("kinds.Maps", maps, json);

    let sorted: BTreeMap<String, i32> = ["z", "a", "m"].map(|key| (key.to_owned(), 1)).into();
    let bytes = written("kinds.Maps", &serde_json::json!({"by_text": sorted}));
    assert_eq!(
        bytes,
        *b"\x0a\x05\x0a\x01a\x10\x01\x0a\x05\x0a\x01m\x10\x01\x0a\x05\x0a\x01z\x10\x01"
    );
    let found: Maps = read_json("kinds.Maps", r#"{"byText": {"z": 3, "a": 1}}"#).expect("it fits");
    assert_eq!(found.by_text, [("a".to_owned(), 1), ("z".to_owned(), 3)].into());
}

#[test]
fn keys_of_all_kinds_are_texts_where_a_type_has_texts() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Texts {
        by_text: BTreeMap<String, i32>,
        by_number: BTreeMap<String, String>,
        by_truth: HashMap<String, Point>,
        by_fixed: BTreeMap<String, i32>,
    }
    let server = protod::Server::builder(crate::support::schema().clone())
        .unary("kinds.Kinds/Maps", |_: protod::Typed<Texts>| async {
            Ok(protod::Typed(()))
        })
        .build();
    server.expect("it fits");
    let texts = Texts {
        by_text: [("a".to_owned(), 1)].into(),
        by_number: [("-1".to_owned(), "b".to_owned())].into(),
        by_truth: [("true".to_owned(), point("", 2))].into(),
        by_fixed: [(u64::MAX.to_string(), 1)].into(),
    };
    let json = r#"{"byText": {"a": 1}, "byNumber": {"-1": "b"}, "byTruth": {"true": {"value": 2}},
        "byFixed": {"18446744073709551615": "COLOR_RED"}}"#;
    same_both_ways("kinds.Maps", texts, json);
}

#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
struct Node {
    value: i32,
    next: Option<Box<Node>>,
    children: Vec<Node>,
    named: BTreeMap<String, Node>,
}

#[test]
fn types_that_refer_to_themselves_are_read_and_written() {
    let leaf = |value| Node {
        value,
        ..Node::default()
    };
    let node = Node {
        value: 1,
        next: Some(Box::new(leaf(2))),
        children: vec![leaf(3), leaf(0)],
        named: [("four".to_owned(), leaf(4))].into(),
    };
    let json = r#"{"value": 1, "next": {"value": 2}, "children": [{"value": 3}, {}], "named": {"four": {"value": 4}}}"#;
    same_both_ways("kinds.Node", node, json);
}

#[test]
fn fields_are_written_in_the_order_of_their_numbers_whatever_order_the_struct_has() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Far {
        name: String,
        same_name: String,
        low: i32,
    }
    let far = Far {
        name: "far".to_owned(),
        same_name: "n".repeat(200),
        low: 7,
    };
    let json = serde_json::json!({"low": 7, "sameName": "n".repeat(200), "name": "far"}).to_string();
    same_both_ways("kinds.Far", far, &json);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nested {
        node: Turned,
        point: Option<Turned>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Turned {
        value: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        children: Vec<Turned>,
    }
    let turned = |value, name: Option<&str>| Turned {
        value,
        name: name.map(str::to_owned),
        children: Vec::new(),
    };
    let node = Turned {
        children: vec![turned(5, None)],
        ..turned(4, None)
    };
    let nested = Nested {
        node,
        point: Some(turned(3, Some("p"))),
    };
    let bytes = written("kinds.Nested", &nested);
    let json = r#"{"point": {"name": "p", "value": 3}, "node": {"value": 4, "children": [{"value": 5}]}}"#;
    assert_eq!(bytes, crate::support::bytes_of_json("kinds.Nested", json));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    Text(String),
    BigNumber(i64),
    Point { name: String, value: i32 },
    Nothing,
    Color(Color),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Choice {
    before: String,
    content: Option<Content>,
    after: String,
}

#[test]
fn a_oneof_is_an_enum() {
    let choice = |content| Choice {
        before: "b".to_owned(),
        content,
        after: "a".to_owned(),
    };
    let json = |content: &str| format!(r#"{{"before": "b", "after": "a"{content}}}"#);
    for (content, member) in [
        (None, ""),
        (Some(Content::Text("t".to_owned())), r#", "text": "t""#),
        (Some(Content::Text(String::new())), r#", "text": """#),
        (Some(Content::BigNumber(0)), r#", "bigNumber": 0"#),
        (
            Some(Content::Point {
                name: "p".to_owned(),
                value: 1,
            }),
            r#", "point": {"name": "p", "value": 1}"#,
        ),
        (Some(Content::Nothing), r#", "nothing": {}"#),
        (Some(Content::Color(Color::LightBlue)), r#", "color": 2"#),
    ] {
        same_both_ways("kinds.Choice", choice(content), &json(member));
    }
}

#[test]
fn a_oneof_is_options_of_its_members() {
    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    struct Options {
        text: Option<String>,
        big_number: Option<i64>,
        point: Option<Point>,
        nothing: Option<()>,
    }
    for (options, json) in [
        (Options::default(), "{}"),
        (
            Options {
                text: Some(String::new()),
                ..Options::default()
            },
            r#"{"text": ""}"#,
        ),
        (
            Options {
                nothing: Some(()),
                ..Options::default()
            },
            r#"{"nothing": {}}"#,
        ),
        (
            Options {
                point: Some(point("p", 0)),
                ..Options::default()
            },
            r#"{"point": {"name": "p"}}"#,
        ),
    ] {
        same_both_ways("kinds.Choice", options, json);
    }
    let both = Options {
        text: Some("t".to_owned()),
        big_number: Some(0),
        ..Options::default()
    };
    let error = write_error("kinds.Choice", &both);
    assert!(
        error.contains("big_number: `text` is set too, and the oneof `content` has one member"),
        "{error}"
    );
}

#[test]
fn a_oneof_that_is_flattened_has_the_names_of_its_members() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        before: String,
        #[serde(flatten)]
        content: Option<Content>,
    }
    let flat = Flat {
        before: "b".to_owned(),
        content: Some(Content::BigNumber(5)),
    };
    same_both_ways("kinds.Choice", flat, r#"{"before": "b", "bigNumber": 5}"#);
}

#[test]
fn the_last_member_of_a_oneof_that_comes_counts_and_messages_are_merged() {
    // text, point with a name, point with a value; then big_number.
    let point = b"\x12\x01t\x22\x03\x0a\x01p\x22\x02\x10\x07";
    let found: Choice = crate::support::read("kinds.Choice", point).expect("it fits");
    let expected = Content::Point {
        name: "p".to_owned(),
        value: 7,
    };
    assert_eq!(found.content, Some(expected));
    let number = [&point[..], b"\x18\x09"].concat();
    let found: Choice = crate::support::read("kinds.Choice", &number).expect("it fits");
    assert_eq!(found.content, Some(Content::BigNumber(9)));
    // A member that was cleared in between does not come back.
    let again = [&number[..], b"\x22\x02\x10\x08"].concat();
    let found: Choice = crate::support::read("kinds.Choice", &again).expect("it fits");
    let expected = Content::Point {
        name: String::new(),
        value: 8,
    };
    assert_eq!(found.content, Some(expected));
}

#[test]
fn enums_are_read_as_variants_texts_and_numbers() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Of<T> {
        color: T,
    }
    same_both_ways(
        "kinds.Scalars",
        Of { color: Color::Red },
        r#"{"color": "COLOR_RED"}"#,
    );
    same_both_ways(
        "kinds.Scalars",
        Of {
            color: Color::Unspecified,
        },
        "{}",
    );
    same_both_ways(
        "kinds.Scalars",
        Of {
            color: "COLOR_RED".to_owned(),
        },
        r#"{"color": "COLOR_RED"}"#,
    );
    same_both_ways(
        "kinds.Scalars",
        Of {
            color: "77".to_owned(),
        },
        r#"{"color": 77}"#,
    );
    same_both_ways("kinds.Scalars", Of { color: 77 }, r#"{"color": 77}"#);
    same_both_ways(
        "kinds.Scalars",
        Of {
            color: Some(Color::LightBlue),
        },
        r#"{"color": 2}"#,
    );
    same_both_ways(
        "kinds.Optionals",
        Of {
            color: Some(Color::Unspecified),
        },
        r#"{"color": 0}"#,
    );

    let error = read_json::<Of<Color>>("kinds.Scalars", r#"{"color": 77}"#).expect_err("it has no name");
    assert!(
        error.to_string().contains("color: unknown variant `77`"),
        "{error}"
    );

    #[derive(Debug, PartialEq, Deserialize)]
    enum Lenient {
        #[serde(rename = "RED")]
        Red,
        #[serde(other)]
        Other,
    }
    for (json, color) in [
        (r#"{"color": 77}"#, Lenient::Other),
        (r#"{"color": 1}"#, Lenient::Red),
        (r#"{"color": 2}"#, Lenient::Other),
    ] {
        let found: Of<Lenient> = read_json("kinds.Scalars", json).expect("all are known");
        assert_eq!(found.color, color);
    }
}

#[test]
fn bytes_are_read_as_every_type_of_bytes() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Of<T> {
        bytes: T,
    }
    same_both_ways(
        "kinds.Scalars",
        Of { bytes: vec![1_u8, 2] },
        r#"{"bytes": "AQI="}"#,
    );
    same_both_ways(
        "kinds.Scalars",
        Of {
            bytes: Vec::<u8>::new(),
        },
        "{}",
    );
    same_both_ways(
        "kinds.Optionals",
        Of {
            bytes: Some(Vec::<u8>::new()),
        },
        r#"{"bytes": ""}"#,
    );
    same_both_ways("kinds.Scalars", Of { bytes: [1_u8, 2] }, r#"{"bytes": "AQI="}"#);
    same_both_ways(
        "kinds.Scalars",
        Of {
            bytes: serde_bytes::ByteBuf::from([1, 2]),
        },
        r#"{"bytes": "AQI="}"#,
    );
}
