//! What a small message costs, beside what its tree of values costs. Run by hand, in an optimised build:
//!
//! `cargo test --release --lib transcode_tests::bench -- --ignored --nocapture`

use std::hint::black_box;
use std::time::Instant;

use super::{message_type, reference};
use crate::message::json::to_json::wire_to_json;
use crate::message::json::to_wire::json_to_wire;

const POINT: &str = r#"{"latitude":409146138,"longitude":-746188906}"#;

const TWENTY: &str = r#"{"id":"a1b2c3","name":"Kettle","description":"Boils a litre of water in two minutes","quantity":12,
"price":"2599","weight":1.25,"available":true,"state":"OPEN_ONE","tags":["kitchen","new"],"sizes":[1,2,3],
"place":{"latitude":409146138,"longitude":-746188906},"origin":{"latitude":1},"checksum":"AQIDBAUGBwg=",
"created":"2026-11-29T12:00:00Z","labels":{"colour":"red","shelf":"7"},"version":3,"hash":"1234567890123",
"score":4.5,"owner":"ada","delta":-2}"#;

/// Nanoseconds for one run, of the best of some rounds.
fn nanos(mut run: impl FnMut()) -> u128 {
    const RUNS: u32 = 2_000;
    let round = |_| {
        let begin = Instant::now();
        (0..RUNS).for_each(|_| run());
        begin.elapsed().as_nanos() / u128::from(RUNS)
    };
    (0..20).map(round).min().unwrap_or_default()
}

#[test]
#[ignore = "a measurement, for an optimised build"]
#[expect(clippy::print_stdout, reason = "figures for who runs it")]
fn small_messages() {
    for (name, json) in [("every.Point", POINT), ("every.Twenty", TWENTY)] {
        let of = message_type(name);
        let mut wire = Vec::new();
        json_to_wire(of, json.as_bytes(), &mut wire).unwrap();
        let mut buffer = Vec::with_capacity(4096);
        let read = nanos(|| {
            buffer.clear();
            json_to_wire(of, black_box(json.as_bytes()), &mut buffer).unwrap();
        });
        let printed = nanos(|| {
            buffer.clear();
            wire_to_json(of, black_box(&wire), usize::MAX, &mut buffer).unwrap();
        });
        let read_as_tree = nanos(|| drop(reference::json_to_wire(of, black_box(json.as_bytes())).unwrap()));
        let printed_as_tree = nanos(|| drop(reference::wire_to_json(of, black_box(&wire)).unwrap()));
        println!(
            "{name}: read {read} ns, by a tree {read_as_tree}; printed {printed} ns, by a tree {printed_as_tree}"
        );
    }
}
