//! YAML becomes nodes with places, within its budget.

use std::fmt::Write as _;
use std::time::Instant;

use super::node::{Node, Yaml};
use super::parse::{parse, parse_document};
use crate::error::SourceText;

fn parsed(text: &str) -> Result<Node, String> {
    parse(&SourceText::new("f", text)).map_err(|problems| format!("{problems:?}"))
}

fn value(text: &str) -> Yaml {
    parsed(text).unwrap().value
}

#[test]
fn scalars_are_those_of_the_core_schema() {
    for (text, expected) in [
        ("18446744073709551615", Yaml::Int(u64::MAX.into())),
        ("0x1F", Yaml::Int(31)),
        ("0o17", Yaml::Int(15)),
        ("-12", Yaml::Int(-12)),
        ("1e3", Yaml::Float(1000.0)),
        (".5", Yaml::Float(0.5)),
        ("-.inf", Yaml::Float(f64::NEG_INFINITY)),
        ("True", Yaml::Bool(true)),
        ("~", Yaml::Null),
        ("yes", Yaml::Text("yes".to_owned())),
        ("1.2.3", Yaml::Text("1.2.3".to_owned())),
        ("inf", Yaml::Text("inf".to_owned())),
        ("1e309", Yaml::Text("1e309".to_owned())),
        ("'12'", Yaml::Text("12".to_owned())),
        ("!!str 12", Yaml::Text("12".to_owned())),
        ("!!float 12", Yaml::Float(12.0)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn places_are_bytes_also_after_characters_of_several() {
    let text = "# ä€🙂 comment\nkä: {a: 'ö'} # ü\nlist:\n  - x\n";
    let Yaml::Map(entries) = value(text) else { panic!() };
    let Yaml::Map(inner) = &entries[0].1.value else {
        panic!()
    };
    assert_eq!(&text[entries[0].0.span.clone()], "kä");
    assert_eq!(&text[inner[0].1.span.clone()], "'ö'");
    let Yaml::List(items) = &entries[1].1.value else {
        panic!()
    };
    assert_eq!(&text[items[0].span.clone()], "x");
}

#[test]
fn what_hides_a_mistake_is_a_problem() {
    for (text, expected) in [
        ("a: 1\na: 2\n", "f:2:1: `a` is here twice"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: !custom 1\n", "unknown tag"),
        ("a: [1\n", "f:1:4: this `[` is not closed"),
        ("a:\n\t- b\n", "f:2:1: a tab in the indentation"),
        ("? [a]\n: b\n", "a list cannot be a key"),
        ("a: !!int x\n", "`x` does not fit its tag `!!int`"),
        ("a: *b\n", "f:1:4: `*` begins an alias"),
    ] {
        let problems = parsed(text).unwrap_err();
        assert!(problems.contains(expected), "{text}: {problems}");
    }
}

#[test]
fn an_empty_file_is_null_and_json_is_yaml() {
    assert_eq!(value(""), Yaml::Null);
    assert_eq!(value("# nothing\n"), Yaml::Null);
    let Yaml::Map(entries) = value("{\"a\": \"b\\n\", \"c\": [1, null]}") else {
        panic!()
    };
    assert_eq!(entries[0].1.text(), Some("b\n"));
    let Yaml::Map(entries) = value("{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n") else {
        panic!()
    };
    assert_eq!(entries[0].0.text(), Some("a"));
}

#[test]
fn aliases_are_expanded_but_no_bomb_is() {
    let Yaml::Map(entries) = value("a: &x [1, 2]\nb: *x\n") else {
        panic!()
    };
    assert_eq!(entries[0].1.value, entries[1].1.value);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert!(parsed(&bomb).unwrap_err().contains("aliases expanded"));
}

#[test]
fn nesting_ends_somewhere() {
    let problems = parsed(&"[".repeat(101)).unwrap_err();
    assert!(problems.contains("nested deeper than 100 levels"), "{problems}");
    assert!(parsed(&"[".repeat(1_000_000)).is_err());
    assert!(parsed(&"- ".repeat(100_000)).is_err());
}

#[test]
fn a_long_line_takes_no_longer_than_many_short_ones() {
    let item = "{\"ä\": [1, {\"🙂\": \"x\"}]}";
    let text = format!("[{}]", vec![item; 20_000].join(","));
    let began = Instant::now();
    let Yaml::List(items) = value(&text) else { panic!() };
    let elapsed = began.elapsed();
    for (place, node) in items.iter().enumerate() {
        let start = 1 + place * (item.len() + 1);
        assert_eq!(node.span, start..start + item.len());
    }
    // It took minutes when the places were counted from the beginning of the line.
    assert!(elapsed.as_secs() < 20, "{elapsed:?}");
}

/// Programs write them so in JSON (RFC 8259, section 7).
#[test]
fn escapes_for_the_halves_of_a_character_are_one_character() {
    for (text, expected) in [
        (r#""hi \ud83d\ude00""#, "hi \u{1f600}"),
        (r#""\uD83D\uDE00\ud834\udd1e\u00e9""#, "\u{1f600}\u{1d11e}\u{e9}"),
        (r#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10ffff}"),
        (r#""\\ud83d\\ude00 \\\ud83d\ude00""#, "\\ud83d\\ude00 \\\u{1f600}"),
        (r#""\U0001F600 \ud83d\ude00""#, "\u{1f600} \u{1f600}"),
        // Where a backslash is no escape it stays, whatever it is before.
        (r"'\ud83d\ude00 \U0001f600'", r"\ud83d\ude00 \U0001f600"),
        (r"\U0001f600 \ud83d\ude00 \U1", r"\U0001f600 \ud83d\ude00 \U1"),
        ("|-\n  \\ud83d\\ude00\n  \\UD83D", "\\ud83d\\ude00\n\\UD83D"),
        (">-\n  \\ud83d\\ude00\n  x", "\\ud83d\\ude00 x"),
    ] {
        assert_eq!(value(text), Yaml::Text(expected.to_owned()), "{text}");
    }
    let Yaml::Map(entries) =
        value(r#"{"\ud83d\ude00": 1, "b\ud83d\ude00": "\ud83d\ude00", c: '\ud83d\ude00'}"#)
    else {
        panic!("a mapping");
    };
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.text().expect("text")).collect();
    assert_eq!(keys, ["\u{1f600}", "b\u{1f600}", "c"]);
    // Places are those of the file as it is.
    assert_eq!(
        entries
            .iter()
            .map(|(key, value)| (key.span.clone(), value.span.clone()))
            .collect::<Vec<_>>(),
        [(1..15, 17..18), (20..35, 37..51), (53..54, 56..70),]
    );
}

#[test]
fn half_a_character_is_told_with_its_place() {
    for (text, place, what) in [
        (r#"a: "x \ud83d""#, "f:1:7", r"`\ud83d` is the first half"),
        (r#"a: "x \ud83d\u0041""#, "f:1:7", r"`\ud83d` is the first half"),
        (
            r#"a: "\ud83d\ude00 \ude00""#,
            "f:1:18",
            r"`\ude00` is the second half",
        ),
        (
            "a: \"\\ud83d\\ude00\"\nb: '\\ud83d'\nc: [\"\u{e9}\\\" \\uDBFF\\ud83d\"]",
            "f:3:10",
            r"`\uDBFF` is the first half",
        ),
        (r#"a: ["\U00110000", "\ud83d"]"#, "f:1:5", "not valid YAML"),
    ] {
        let problems = parsed(text).expect_err(text);
        assert!(
            problems.contains(place) && problems.contains(what),
            "{text}: {problems}"
        );
    }
}

#[test]
fn merged_entries_come_before_own_ones_and_own_ones_win() {
    let keys = |text: &str| {
        let Yaml::Map(entries) = value(text) else {
            panic!("{text}")
        };
        let Some((_, node)) = entries.into_iter().find(|(key, _)| key.text() == Some("x")) else {
            panic!("{text}")
        };
        let Yaml::Map(entries) = node.value else {
            panic!("{text}")
        };
        let entry =
            |(key, value): (Node, Node)| format!("{}={}", key.key_text().unwrap(), value.key_text().unwrap());
        entries.into_iter().map(entry).collect::<Vec<_>>().join(" ")
    };
    for (text, expected) in [
        ("a: &a {k: 1, l: 2}\nx: {<<: *a, l: 3}", "k=1 l=3"),
        ("a: &a {k: 1, l: 2}\nx: {l: 3, <<: *a}", "k=1 l=3"),
        (
            "a: &a {k: 1}\nb: &b {k: 2, l: 2}\nx: {<<: [*a, *b], m: 3}",
            "k=1 l=2 m=3",
        ),
        (
            "a: &a {k: 1}\nb: &b {<<: *a, l: 2}\nx: {<<: *b, m: 3}",
            "k=1 l=2 m=3",
        ),
        ("x: {<<: {k: 1}, l: 2}", "k=1 l=2"),
        ("x: {\"<<\": 1}", "<<=1"),
        ("x: {<<: [], k: 1}", "k=1"),
    ] {
        assert_eq!(keys(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_merged_is_a_problem() {
    for (text, expected) in [
        (
            "a: &a [1]\nx: {<<: *a}",
            "`<<` merges mappings, and this is a number",
        ),
        ("x: {<<: 5}", "f:1:9: `<<` merges mappings, and this is a number"),
        ("x: {<<: }", "and this is null"),
        ("a: &a {k: 1}\nx: {<<: *a, <<: *a}", "f:2:13: `<<` is here twice"),
        ("x: !foo {k: 1}", "f:1:4: unknown tag `!foo`"),
        ("x: !!seq {k: 1}", "unknown tag"),
        ("x: &x {<<: *x}", "an alias inside of the node that it names"),
    ] {
        let problems = parsed(text).unwrap_err();
        assert!(problems.contains(expected), "{text}: {problems}");
    }
    assert!(parsed("a: !!map {k: 1}\nb: !!seq [1]").is_ok());
}

#[test]
fn aliases_do_not_nest_deeper_than_what_is_written_out() {
    let deep = format!("a: &a {}1{}\n", "[".repeat(60), "]".repeat(60));
    assert!(parsed(&format!("{deep}b: {}*a{}\n", "[".repeat(39), "]".repeat(39))).is_ok());
    let problems = parsed(&format!("{deep}b: {}*a{}\n", "[".repeat(40), "]".repeat(40))).unwrap_err();
    assert!(
        problems.contains("nested deeper than 100 levels, aliases expanded"),
        "{problems}"
    );
    let mut chain = String::from("a0: &a0 [1]\n");
    for level in 1..200 {
        writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(
        parsed(&chain)
            .unwrap_err()
            .contains("nested deeper than 100 levels")
    );
}

#[test]
fn an_anchor_that_no_alias_names_is_a_warning() {
    let warnings = |text: &str| {
        let document = parse_document(&SourceText::new("f", text)).unwrap();
        document
            .warnings
            .iter()
            .map(|warning| format!("{warning:?}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings("a: &a 1\nb: [*a]"), [""; 0]);
    for (text, expected) in [
        (
            "a: &copy; 2024",
            "f:1:4: no alias names the anchor `&copy;` (hint: leave it out, or, if it is text, put it in quotes: `\"&copy; 2024\"`; what an anchor names is `*copy;` elsewhere)",
        ),
        ("a: {b: &hi}", "f:1:8: no alias names the anchor `&hi`"),
        ("a: &all\n  b: 1", "f:1:4: no alias names the anchor `&all`"),
        ("a: &a 1\nb: &a 2\nc: *a", "f:1:4: no alias names the anchor `&a`"),
    ] {
        let found = warnings(text);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{text}: {found:?}"
        );
    }
}
