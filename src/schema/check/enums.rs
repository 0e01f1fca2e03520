//! What holds for an enum: its reserved names and numbers, aliases, and names that are one when the enum's own is left out.

use std::collections::{HashMap, HashSet};

use super::facts::FileFacts;
use super::features::check_support;
use super::limits::check_enum_limit;
use super::report::Report;
use super::reserved::{check_names, check_ranges};
use super::style::{Style, check_style};
use crate::schema::descriptor::{Enum, EnumOptions};
use crate::schema::element_path::ElementPath;
use crate::schema::features::{EDITION_2023, PROTO2};

pub(super) fn check_enum(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    found: &Enum,
    path: &ElementPath<'_>,
) {
    let none = EnumOptions::default();
    let options = found.options.as_ref().unwrap_or(&none);
    let facts = &facts.within(report, found.own_features(), path);
    check_style(report, facts, &found.name, Style::Title, "enum", &path.field(1));
    for (index, value) in found.value.iter().enumerate() {
        let path = path.element(2, index);
        let own = value.own_features();
        let facts = &facts.within(report, own, &path);
        check_style(
            report,
            facts,
            &value.name,
            Style::UpperSnake,
            "value",
            &path.field(1),
        );
        let support = value
            .options
            .as_ref()
            .and_then(|options| options.feature_support.as_ref());
        if let Some(support) = support {
            check_support(report, support, &path);
        }
    }
    // `clashes` finds it in proto3.
    let first = found.value.first().map_or(0, |value| value.number);
    if facts.edition >= EDITION_2023 && !facts.features.is_closed() && first != 0 {
        let hint = "give it the number 0, or the enum option features.enum_type = CLOSED";
        let text = "the first value of an open enum is zero";
        report.problem_with_hint(&path.element(2, 0).field(2), text, hint);
    }
    check_enum_limit(report, facts, found, path);
    // The ends of an enum's ranges are inclusive.
    let reserved = found.reserved_range.iter();
    let reserved = reserved.map(|range| (i64::from(range.start), i64::from(range.end) + 1));
    check_ranges(report, reserved, "reserved", |index| path.element(4, index));
    check_names(
        report,
        &found.reserved_name,
        found.value.iter().map(|value| value.name.as_str()),
        "value",
        |index| path.element(5, index),
        |index| path.element(2, index),
    );
    check_aliases(report, found, options.allow_alias, path);
    let are_old = options.deprecated_legacy_json_field_conflicts && facts.edition == PROTO2;
    check_short_names(report, found, are_old, path);
}

/// Checks that `allow_alias` is there for a reason.
fn check_aliases(report: &mut Report<'_>, found: &Enum, allow_alias: Option<bool>, path: &ElementPath<'_>) {
    let mut numbers = HashSet::with_capacity(found.value.len());
    let has_aliases = !found.value.iter().all(|value| numbers.insert(value.number));
    let message = match allow_alias {
        Some(true) if !has_aliases => "allow_alias is set, and no two values have one number",
        Some(false) => "allow_alias = false changes nothing",
        _ => return,
    };
    report.problem_with_hint(
        &path.field(3),
        format!("enum '{}': {message}", found.name),
        "leave the option out",
    );
}

/// Checks that no two values have one name in languages that leave out the enum's own name and change the case. `are_old` are
/// the values of an enum of proto2 that asks for its names to be let be.
fn check_short_names(report: &mut Report<'_>, found: &Enum, are_old: bool, path: &ElementPath<'_>) {
    let mut known = HashMap::with_capacity(found.value.len());
    for (index, value) in found.value.iter().enumerate() {
        let short = pascal_case(without_prefix(&value.name, &found.name));
        let first = known.entry(short).or_insert(value);
        if first.number != value.number && first.name != value.name {
            let message = format!(
                "the values '{}' and '{}' have one name in languages that leave out '{}' and the case",
                first.name, value.name, found.name
            );
            let (at, hint) = (path.element(2, index), "rename one of them");
            if are_old {
                report.warning(&at, message, hint);
            } else {
                report.problem_with_hint(&at, message, hint);
            }
        }
    }
}

/// The name of a value without that of its enum in front. Underscores and case do not count.
fn without_prefix<'v>(value: &'v str, of_enum: &str) -> &'v str {
    let mut prefix = of_enum
        .bytes()
        .filter(|byte| *byte != b'_')
        .map(|byte| byte.to_ascii_lowercase());
    let mut wanted = prefix.next();
    let mut rest = value.char_indices();
    while let Some(letter) = wanted {
        match rest.next() {
            Some((_, '_')) => {}
            Some((_, found)) if found.to_ascii_lowercase() == char::from(letter) => wanted = prefix.next(),
            _ => return value,
        }
    }
    match rest.as_str().trim_start_matches('_') {
        "" => value,
        short => short,
    }
}

fn pascal_case(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let (first, rest) = word.split_at(1);
            [first.to_ascii_uppercase(), rest.to_ascii_lowercase()]
        })
        .collect()
}
