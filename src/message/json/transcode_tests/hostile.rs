//! Bytes that are made to cost much: each takes time in proportion to its length.
//!
//! What a quadratic or exponential way would take is minutes at least, so the bound of each is far from both.

use std::time::{Duration, Instant};

use super::message_type;
use crate::message::check::{Bounds, check};
use crate::message::json::to_json::wire_to_json;
use crate::message::json::to_wire::json_to_wire;
use crate::message::wire::{put_delimited, put_varint};

/// As long as a message may be by default.
const SIZE: usize = 4 << 20;

/// In a debug build, on a machine that has other things to do.
const BOUND: Duration = Duration::from_mins(1);

fn filled(begin: &str, part: impl Fn(usize) -> String, end: &str) -> String {
    let mut json = begin.to_owned();
    let mut count = 0;
    while json.len() < SIZE {
        json.push_str(&part(count));
        count += 1;
    }
    json.pop();
    json + end
}

#[test]
fn json_takes_time_and_bytes_in_proportion_to_its_length() {
    let of = message_type("every.Every");
    let late = |inner: &str| format!(r#"{{"any":{inner},"@type":"x/every.Every"}}"#);
    let lates = |count| {
        (0..count).fold(
            late(&format!(
                r#"{{"aString":"{}","@type":"x/every.Every"}}"#,
                "a".repeat(SIZE)
            )),
            |inner, _| late(&inner),
        )
    };
    for (what, json) in [
        ("lists within lists", "[".repeat(SIZE)),
        ("lists in a field", format!("{{\"lEvery\":{}", "[".repeat(SIZE))),
        ("lists in a value", format!("{{\"value\":{}", "[".repeat(SIZE))),
        (
            "an Any of lists",
            format!("{{\"any\":{{\"a\":{}", "[".repeat(SIZE)),
        ),
        (
            "empty messages",
            filled("{\"lEvery\":[", |_| "{},".to_owned(), "]}"),
        ),
        ("zeros", filled("{\"lDouble\":[", |_| "0,".to_owned(), "]}")),
        (
            "keys",
            filled("{\"mInt32\":{", |key| format!("\"{key}\":\"\","), "}}"),
        ),
        (
            "one key",
            filled("{\"mInt32\":{", |_| "\"1\":\"\",".to_owned(), "}}"),
        ),
        (
            "members",
            filled("{\"struct\":{", |key| format!("\"{key}\":{{}},"), "}}"),
        ),
        ("unknown fields", filled("{", |key| format!("\"{key}\":0,"), "}")),
        (
            "a field again and again",
            filled("{", |_| "\"aInt32\":0,".to_owned(), "}"),
        ),
        ("a long number", format!("{{\"aDouble\":{}}}", "7".repeat(SIZE))),
        (
            "a long fraction",
            format!("{{\"aDouble\":0.{}1}}", "0".repeat(SIZE)),
        ),
        (
            "a long text for a number",
            format!("{{\"aDouble\":\"{}\"}}", "7".repeat(SIZE)),
        ),
        (
            "a long wrong number",
            format!("{{\"aInt64\":\"{}\"}}", "7".repeat(SIZE)),
        ),
        ("a long name", format!("{{\"{}\":1}}", "x".repeat(SIZE))),
        (
            "a long name of an enum",
            format!("{{\"aOpen\":\"{}\"}}", "x".repeat(SIZE)),
        ),
        (
            "a long wrong key",
            format!("{{\"mInt32\":{{\"{}\":1}}}}", "x".repeat(SIZE)),
        ),
        (
            "a long key of a wrong value",
            format!("{{\"struct\":{{\"{}\":1e999}}}}", "x".repeat(SIZE)),
        ),
        (
            "wrong base64",
            format!("{{\"aBytes\":\"{}-+\"}}", "A".repeat(SIZE)),
        ),
        ("Anys with late types", lates(15)),
        ("more Anys with late types", lates(100)),
        ("empty Anys", filled("{\"lAny\":[", |_| "{},".to_owned(), "]}")),
        (
            "Anys",
            filled(
                "{\"lAny\":[",
                |_| "{\"latitude\":1,\"@type\":\"x/every.Point\"},".to_owned(),
                "]}",
            ),
        ),
    ] {
        let (mut wire, begin) = (Vec::new(), Instant::now());
        let read = json_to_wire(of, json.as_bytes(), &mut wire);
        assert!(begin.elapsed() < BOUND, "{what}: {:?}", begin.elapsed());
        // The most that a list of doubles can make of `0,`, with a buffer that doubles.
        assert!(
            wire.capacity() <= 8 * json.len(),
            "{what}: {} bytes",
            wire.capacity()
        );
        if let Err(error) = read {
            let text = error.to_string();
            assert!(text.len() < 4096, "{what}: {} bytes of error", text.len());
        }
    }
}

/// A message in field 18 of a message, in field 18 of another, and so on.
fn nested(levels: usize, around: impl Fn(Vec<u8>) -> Vec<u8>, innermost: Vec<u8>) -> Vec<u8> {
    (0..levels).fold(innermost, |wire, _| around(wire))
}

#[test]
fn wire_takes_time_in_proportion_to_its_length() {
    let of = message_type("every.Every");
    let two_fields = [0x08, 1, 0x10, 1].repeat(250_000);
    let delimited = |key: u64, contents: &[u8]| {
        let mut wire = Vec::new();
        put_varint(&mut wire, key);
        put_delimited(&mut wire, contents);
        wire
    };
    let message = 18 << 3 | 2;
    let in_pieces = |wire: Vec<u8>| [delimited(message, &[0x08, 1]), delimited(message, &wire)].concat();
    let out_of_order = |wire: Vec<u8>| [delimited(message, &wire), vec![0x08, 1]].concat();
    let group = |wire: Vec<u8>| {
        let (mut begin, mut end) = (Vec::new(), Vec::new());
        put_varint(&mut begin, 19 << 3 | 3);
        put_varint(&mut end, 19 << 3 | 4);
        [begin, wire, end].concat()
    };
    let groups_in_pieces = |wire: Vec<u8>| [group(vec![0x08, 1]), group(wire)].concat();
    let entry = |key: &[u8]| delimited(72 << 3 | 2, key);
    let text_entry = |number: usize| {
        let key = format!("{}{number:06}", "k".repeat(1000));
        delimited(78 << 3 | 2, &delimited(0x0a, key.as_bytes()))
    };
    for (what, wire) in [
        ("fields by turns", two_fields.clone()),
        ("messages in pieces", nested(99, in_pieces, two_fields.clone())),
        (
            "messages out of order",
            nested(99, out_of_order, two_fields.clone()),
        ),
        ("groups in groups", nested(99, group, two_fields.clone())),
        (
            "groups in pieces",
            nested(99, groups_in_pieces, two_fields.clone()),
        ),
        (
            "members of a oneof by turns",
            [delimited(82 << 3 | 2, b"a"), delimited(83 << 3 | 2, b"")]
                .concat()
                .repeat(200_000),
        ),
        ("one key", entry(&[0x08, 1]).repeat(300_000)),
        (
            "keys by turns",
            [entry(&[0x08, 2]), entry(&[0x08, 1])].concat().repeat(150_000),
        ),
        (
            "long keys that are alike",
            (0..4000).rev().flat_map(text_entry).collect(),
        ),
        ("many groups", group(vec![0x08, 1]).repeat(150_000)),
        ("empty messages", delimited(61 << 3 | 2, &[]).repeat(500_000)),
    ] {
        check(of.layouts, of.layout, &wire, Bounds::default())
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let (mut json, begin) = (Vec::new(), Instant::now());
        let printed = wire_to_json(of, &wire, usize::MAX, &mut json);
        assert!(begin.elapsed() < BOUND, "{what}: {:?}", begin.elapsed());
        assert!(printed.is_ok(), "{what}: {printed:?}");
        assert!(
            json.capacity() <= 8 * wire.len() + 4096,
            "{what}: {} bytes",
            json.capacity()
        );
    }
}

#[test]
fn json_ends_soon_after_its_limit() {
    const LIMIT: usize = 10_000;
    let of = message_type("every.Every");
    let field = |number: u64, contents: &[u8]| {
        let mut wire = Vec::new();
        put_varint(&mut wire, number << 3 | 2);
        put_delimited(&mut wire, contents);
        wire
    };
    let ones = vec![1; 1 << 20];
    for (what, wire) in [
        ("names of enums", field(59, &ones)),
        ("bools", field(51, &ones)),
        ("empty messages", field(61, &[]).repeat(100_000)),
        ("groups", [0xf3, 3, 0xf4, 3].repeat(100_000)),
        ("one text", field(57, &ones)),
        ("texts", field(57, &[1; 1000]).repeat(1000)),
        ("bytes", field(58, &ones)),
        (
            "a map",
            (0..100_000)
                .flat_map(|key| {
                    let mut entry = vec![0x08];
                    put_varint(&mut entry, key);
                    field(72, &entry)
                })
                .collect(),
        ),
        ("times", field(122, &[]).repeat(100_000)),
        ("values", field(123, &[]).repeat(100_000)),
    ] {
        let print = |max_size: usize| {
            let mut json = Vec::new();
            let printed = wire_to_json(of, &wire, max_size, &mut json);
            assert_eq!(printed.is_err(), json.is_empty(), "{what}");
            (printed, json)
        };
        let (_, whole) = print(usize::MAX);
        assert!(whole.len() > 10 * LIMIT, "{what}: {} bytes", whole.len());
        assert!(print(whole.len()).0.is_ok(), "{what}");
        for limit in [whole.len() - 1, LIMIT, 0] {
            let (printed, json) = print(limit);
            assert!(printed.is_err_and(|error| error.is_too_large()), "{what}");
            // A text has at most six times as many bytes in JSON, and a buffer doubles.
            assert!(
                json.capacity() <= 16 * limit.max(64),
                "{what}: {}",
                json.capacity()
            );
        }
    }
}
