//! Random bytes, printed as the reference prints them.

use super::generate::{Order, message};
use super::{Random, message_type, reference};
use crate::message::check::check;
use crate::message::json::to_json::wire_to_json;

/// Prints random messages, and returns how many of them have JSON.
fn print_random(order: Order, count: usize) -> usize {
    let of = message_type("every.Every");
    let mut random = Random(7);
    let mut printed = 0;
    for case in 0..count {
        let mut wire = Vec::new();
        let depth = random.below(5);
        message(&mut random, of.layouts, of.layout, order, depth, &mut wire);
        check(of.layouts, of.layout, &wire, of.bounds).unwrap();
        let mut json = b"before".to_vec();
        let ours = wire_to_json(of, &wire, usize::MAX, &mut json);
        let theirs = reference::wire_to_json(of, &wire);
        match (ours, theirs) {
            (Ok(()), Ok(theirs)) => {
                printed += 1;
                assert_eq!(
                    std::str::from_utf8(&json[6..]).unwrap(),
                    theirs,
                    "case {case}: {wire:02x?}"
                );
            }
            (Err(_), Err(_)) => assert_eq!(json, b"before"),
            (ours, theirs) => panic!("case {case}: {ours:?} {theirs:?}: {wire:02x?}"),
        }
    }
    printed
}

#[test]
fn usual_messages_are_printed_as_their_trees_are() {
    assert!(print_random(Order::Usual, 10_000) > 5_000);
}

#[test]
fn fields_in_any_order_and_in_pieces_are_printed_as_their_trees_are() {
    assert!(print_random(Order::Wild, 10_000) > 5_000);
}
