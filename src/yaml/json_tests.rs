//! JSON becomes what YAML makes of it, and what is wrong with it is told as of YAML.

use proptest::prelude::*;

use super::json;
use super::node::{MAX_DEPTH, Node, Yaml};
use super::parse::{parse, parse_yaml};
use crate::error::SourceText;

/// What the reader of JSON makes of a text, which must be what the YAML parser makes of it.
fn read(text: &str) -> Node {
    let read = json::read(text).unwrap_or_else(|| panic!("it is JSON: {text}"));
    let document = parse_yaml(&SourceText::new("f", text)).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(read, document.root, "{text}");
    read
}

#[test]
fn json_has_the_same_nodes_and_places_as_yaml() {
    for text in [
        "{}",
        "[]",
        " \r\n\t{ }\n",
        r#"{"a": [1, -2, 3.5, 1e3, 1E-2, -0, 0], "b": {"c": [[], {}, [{}]]}}"#,
        r"[18446744073709551615, -9223372036854775808, 170141183460469231731687303715884105727, 1e309, 0.1]",
        r#"[true, false, null, "true", "null", "12", "", " ", "~", "<<"]"#,
        r#"{"<<": {"a": 1}, "&a": "*a", "!t": "%", "- x": "a: b # c", "true": 1}"#,
        r#"["\"\\\/\b\f\n\r\t\u00e9\u0000", "ä🙂", "\ud83d\ude00x\uD834\uDD1E", "\\ud83d\\ude00", "a\\"]"#,
        r#"{"ä🙂": "ö", "\u00e4": 1, "\ud83d\ude00": [2]}"#,
        "{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t],\r\n\t\"b\" :\t\"x\"\n}",
        "[\"\u{7f}\u{a0}\u{2028}\u{3000}\"]",
    ] {
        read(text);
    }
}

#[test]
fn what_is_no_strict_json_is_left_to_yaml() {
    for text in [
        "",
        "1",
        "\"a\"",
        "null",
        "a: 1",
        "{",
        "[",
        "}",
        "[}",
        "{]",
        "[1",
        "[1 2]",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "{\"a\"}",
        "{\"a\": }",
        "{\"a\" 1}",
        "{\"a\": 1,}",
        "{\"a\": 1 \"b\": 2}",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": {\"b\": 1, \"b\": 2}}",
        "{\"a\": 1, \"\\u0061\": 2}",
        "{a: 1}",
        "{1: 2}",
        "{null: 1}",
        "{[1]: 2}",
        "{{}: 2}",
        "[a]",
        "['a']",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[-]",
        "[0x10]",
        "[1e]",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[True]",
        "[tru]",
        "[\"a]",
        "[\"a\nb\"]",
        "[\"a\tb\"]",
        "[\"\u{1}\"]",
        "[\"\\x41\"]",
        "[\"\\'\"]",
        "[\"\\u12\"]",
        "[\"\\ud83d\"]",
        "[\"\\ude00\\ud83d\"]",
        "[\"\\ud83d\\u0041\"]",
        "[1] 2",
        "[1][2]",
        "[1],",
        "{} // c",
        "{} # c",
        "/* c */ {}",
        "{}\u{a0}",
        "[\u{b}1]",
        "\u{feff}{}",
        "{}\n---\n{}",
    ] {
        assert_eq!(json::read(text), None, "{text:?}");
    }
    // YAML knows more of what JSON is written like.
    let source = SourceText::new("f", "{\n  # a comment\n  \"a\": 0x10,\n}");
    let Yaml::Map(entries) = parse(&source).expect("it is YAML").value else {
        panic!("a mapping");
    };
    assert_eq!(entries[0].1.value, Yaml::Int(16));
}

#[test]
fn what_is_wrong_with_json_has_its_place() {
    let many: Vec<String> = (0..100).map(|key| format!("\"k{key}\": {key}")).collect();
    let twice = format!("{{{},\n\"k7\": 1}}", many.join(", "));
    for (text, expected) in [
        (
            "{\"rules\": [\n  {\"a\": 1,\n   \"a\": 2}]}",
            "f:3:4: `a` is here twice",
        ),
        (&twice, "f:2:1: `k7` is here twice"),
        ("{\"a\": [1, 2\n", "f:1:7: this `[` is not closed"),
        ("{\"a\": 1}\n{\"b\": 2}", "f:2:1: "),
        (
            "{\"a\": \"\\ud83d\"}",
            "f:1:8: `\\ud83d` is the first half of a character",
        ),
        ("{\"a\": \"\\q\"}", "f:1:8: `\\q` is not an escape"),
        ("{\"a\": \"x}", "f:1:7: this string is not closed"),
    ] {
        let problems = parse(&SourceText::new("f", text)).expect_err(text);
        let told = format!("{problems:?}");
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn json_nests_as_deep_as_yaml_and_no_deeper() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    read(&nested(MAX_DEPTH));
    assert_eq!(json::read(&nested(MAX_DEPTH + 1)), None);
    let problems = parse(&SourceText::new("f", nested(MAX_DEPTH + 1))).expect_err("it is too deep");
    assert!(
        format!("{problems:?}").contains("nested deeper than 100 levels"),
        "{problems:?}"
    );
    assert_eq!(json::read(&"[".repeat(1_000_000)), None);
    assert_eq!(json::read(&"{\"a\":".repeat(1_000_000)), None);
}

/// A value of JSON, in pieces of text that blanks may stand between.
fn value() -> impl Strategy<Value = Vec<String>> {
    let text = proptest::collection::vec(
        prop_oneof![
            4 => any::<char>().prop_map(|letter| {
                let text = serde_json::to_string(&letter).expect("a text");
                // Without its own quotes alone: the letter may be one, of which an escape would be left that JSON does not have.
                text[1..text.len() - 1].to_owned()
            }),
            2 => "[a-z #:,{}\\[\\]&*!'-]{0,4}",
            1 => any::<char>().prop_map(|letter| {
                let mut halves = [0; 2];
                let halves = letter.encode_utf16(&mut halves);
                halves.iter().map(|half| format!("\\u{half:04x}")).collect::<Vec<_>>().concat()
            }),
        ],
        0..4,
    );
    let text = text.prop_map(|parts| format!("\"{}\"", parts.concat()));
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |number| number.is_finite())
            .prop_map(|number| serde_json::to_string(&number).expect("a number")),
    ];
    let word = prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(str::to_owned);
    let leaf = prop_oneof![text.clone(), number, word].prop_map(|leaf| vec![leaf]);
    let between = |items: Vec<Vec<String>>, open: &str, close: &str| {
        let mut pieces = vec![open.to_owned()];
        for (at, item) in items.into_iter().enumerate() {
            pieces.extend((at > 0).then(|| ",".to_owned()));
            pieces.extend(item);
        }
        pieces.push(close.to_owned());
        pieces
    };
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let entry = (text.clone(), inner.clone()).prop_map(|(key, mut value)| {
            value.splice(0..0, [key, ":".to_owned()]);
            value
        });
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(move |items| between(items, "[", "]")),
            proptest::collection::vec(entry, 0..6).prop_map(move |items| between(items, "{", "}")),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_has_the_same_nodes_and_places_as_yaml(
        pieces in value(),
        blanks in proptest::collection::vec("[ \n\t]{0,2}", 200),
    ) {
        let mut text = "[".to_owned();
        for (piece, blank) in pieces.iter().zip(blanks.iter().cycle()) {
            // YAML takes no line break before the colon of a key.
            let blank = if piece == ":" { blank.replace('\n', " ") } else { blank.clone() };
            text.extend([&*blank, piece]);
        }
        text.push(']');
        let document = parse_yaml(&SourceText::new("f", &*text)).map(|document| document.root);
        match (json::read(&text), document) {
            (Some(read), Ok(root)) => prop_assert_eq!(read, root, "{}", text),
            // YAML refuses a few characters that JSON takes.
            (Some(_), Err(_)) => {}
            (None, document) => prop_assert!(document.is_err(), "{}", text),
        }
    }
}
