//! Reserved names and numbers, of messages and enums alike, and the ranges of extensions.

use std::collections::HashSet;

use super::declarations::is_identifier;
use super::ranges::Ranges;
use super::report::Report;
use crate::schema::element_path::ElementPath;
use crate::schema::quoted::escaped;

/// Checks ranges in the order of their declaration, with exclusive ends. `path` gives the place of one, and `what` is what
/// the numbers are: "reserved", "for extensions".
pub(super) fn check_ranges<'p>(
    report: &mut Report<'_>,
    ranges: impl Iterator<Item = (i64, i64)>,
    what: &str,
    path: impl Fn(usize) -> ElementPath<'p>,
) -> Ranges {
    let ranges: Vec<(i64, i64)> = ranges.collect();
    for (index, (start, end)) in ranges.iter().enumerate() {
        if start >= end {
            let message = format!("the range from {start} to {} ends before it begins", end - 1);
            report.problem(&path(index), message);
        }
    }
    let ranges = Ranges::new(ranges.into_iter());
    for (first, second) in ranges.overlaps() {
        let message = format!("{second} overlaps {first}, which is {what} already");
        report.problem(&path(second.index), message);
    }
    ranges
}

/// Checks names that are reserved in a message or enum against each other, and against those that it has. `what` is what
/// they would be names of: "field", "value".
pub(super) fn check_names<'a, 'p>(
    report: &mut Report<'_>,
    reserved: &'a [Vec<u8>],
    used: impl Iterator<Item = &'a str>,
    what: &str,
    reserved_path: impl Fn(usize) -> ElementPath<'p>,
    used_path: impl Fn(usize) -> ElementPath<'p>,
) {
    let mut names = HashSet::with_capacity(reserved.len());
    for (index, name) in reserved.iter().enumerate() {
        if !std::str::from_utf8(name).is_ok_and(is_identifier) {
            let text = format!("no {what} can have the reserved name '{}'", escaped(name));
            let hint = "names have letters, digits and `_`, and begin with no digit";
            report.warning(&reserved_path(index), text, hint);
        }
        if !names.insert(name.as_slice()) {
            report.problem(
                &reserved_path(index),
                format!("the name '{}' is reserved twice", escaped(name)),
            );
        }
    }
    for (index, name) in used.enumerate() {
        if names.contains(name.as_bytes()) {
            report.problem_with_hint(
                &used_path(index),
                format!("the name of {what} '{name}' is reserved"),
                format!("give the {what} another name, or take this one out of `reserved`"),
            );
        }
    }
}
