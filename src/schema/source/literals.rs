//! Numbers and texts that the parser reads in another way than protoc, written so that both mean the same.

use std::ops::Range;

use super::edition::Replacement;
use super::escapes::{lowered_escapes, octal};
use crate::schema::stand_ins;

/// What stands before an integer in octal or hexadecimal digits in a value in braces, which is no float there.
pub(in crate::schema) const OTHER_BASE: &str = "protod_integer_";

/// What is written in place of a number, if it is something else. One in a value in braces may be of any type.
pub(super) fn lowered_number(digits: &str, is_in_value: bool, is_negative: bool) -> Option<String> {
    let in_other_base = in_other_base(digits);
    if is_in_value && let Some(integer) = in_other_base {
        return Some(format!("{OTHER_BASE}{integer}"));
    }
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let fits = |integer: u64| !is_negative || integer <= i64::MIN.unsigned_abs();
    if is_decimal && !digits.parse().is_ok_and(fits) {
        return Some(format!("{digits}.0"));
    }
    let great = in_other_base.filter(|integer| !fits(*integer))?;
    Some(format!("{great}.0"))
}

/// What is written in another way in a literal, which is given with its quotes and begins at `start`.
pub(super) fn lowered_literal(literal: &str, start: usize) -> impl Iterator<Item = Replacement> {
    let escapes = lowered_escapes(literal).into_iter();
    let escapes = escapes.map(|(span, bytes)| (span, octal(&bytes)));
    let stand_ins = stand_ins::in_literal(literal).into_iter();
    let bytes = stand_ins.map(|(span, byte)| (span, octal(&[byte])));
    let placed = move |(span, text): (Range<usize>, String)| (start + span.start..start + span.end, text);
    escapes.chain(bytes).map(placed)
}

/// An integer in octal or hexadecimal digits.
fn in_other_base(digits: &str) -> Option<u64> {
    match digits.strip_prefix('0')? {
        "" => None,
        rest => match rest.strip_prefix(['x', 'X']) {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => u64::from_str_radix(rest, 8).ok(),
        },
    }
}
