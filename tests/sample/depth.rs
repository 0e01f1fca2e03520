//! Samples are finite and quick to make, for all types.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use prost::Message as _;

use crate::{json, method, samples, schema};

#[test]
fn a_tree_has_one_level_of_children() {
    let schema = schema(
        "syntax = 'proto3'; package t; service S { rpc A(Node) returns (Node); }
         message Node { string name = 1; Node next = 2; repeated Node children = 3; map<string, Node> by_name = 4; }",
    );
    for sample in samples(method(&schema, "t.S/A")) {
        let sample = json(&sample);
        assert!(sample["next"]["name"].is_string());
        assert!(sample["next"]["next"].is_null());
        assert!((1..=3).contains(&sample["children"].as_array().expect("children").len()));
        assert!((1..=2).contains(&sample["byName"].as_object().expect("entries").len()));
    }
}

#[test]
fn an_expression_of_expressions_ends_in_something_else() {
    let schema = schema(
        "syntax = 'proto3'; package t; service S { rpc A(Expr) returns (Expr); }
         message Expr { oneof kind { Both add = 1; Both mul = 2; Expr neg = 3; int32 literal = 4; } }
         message Both { Expr left = 1; Expr right = 2; }",
    );
    for sample in samples(method(&schema, "t.S/A")) {
        assert!(json(&sample).to_string().contains("literal"), "{sample}");
    }
}

/// Fifteen levels of types, each with eight fields of the next: 8¹⁵ messages if all were made.
#[test]
fn an_exponential_fan_out_ends_quickly() {
    let mut text = String::from("syntax = 'proto3'; package t; service S { rpc A(M0) returns (M0); }\n");
    for level in 0..15 {
        let fields = (1..=8).fold(String::new(), |mut fields, number| {
            write!(fields, "M{} f{number} = {number}; ", level + 1).expect("a string takes all");
            fields
        });
        writeln!(text, "message M{level} {{ {fields} string id = 9; }}").expect("a string takes all");
    }
    text.push_str("message M15 { repeated M0 again = 1; string id = 9; }");
    let schema = schema(&text);
    let begun = Instant::now();
    let largest = samples(method(&schema, "t.S/A"))
        .take(8)
        .map(|sample| sample.encoded_len())
        .max();
    assert!(
        largest.is_some_and(|bytes| (1_000..200_000).contains(&bytes)),
        "{largest:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "8 samples took {:?}",
        begun.elapsed()
    );
}

/// No message can satisfy these, so a finite one is enough.
#[test]
fn required_recursion_ends() {
    let schema = schema(
        "syntax = 'proto2'; package t; service S { rpc A(M) returns (M); }
         message M { required M left = 1; required M right = 2; required string name = 3; }",
    );
    let begun = Instant::now();
    for sample in samples(method(&schema, "t.S/A")).take(8) {
        assert!(sample.encoded_len() < 2_000_000);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "8 samples took {:?}",
        begun.elapsed()
    );
}
