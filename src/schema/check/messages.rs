//! What holds for a message: its reserved names and numbers, its ranges of extensions, and all that is in it.

use std::cell::LazyCell;
use std::collections::HashMap;

use prost_types::field_descriptor_proto::Type;

use super::declarations::check_declarations;
use super::enums::check_enum;
use super::extensions::{Extensions, check_extension};
use super::facts::FileFacts;
use super::features::FieldForm;
use super::fields::{check_field, check_map_value};
use super::json_names::check_json_names;
use super::limits::{check_message_limits, check_oneof_limit, fields_of_oneofs};
use super::report::Report;
use super::reserved::{check_names, check_ranges};
use super::style::{Members, Style, check_collisions, check_style};
use super::visibility::check_visibility;
use crate::schema::descriptor::{Message, MessageOptions};
use crate::schema::element_path::ElementPath;

/// More fields are refused by protoc.
const MAX_FIELDS: usize = 65_535;

/// Checks a message and all that is nested in it. `name` is its full name, and `is_nested` says whether it is in another.
pub(super) fn check_message(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    extensions: &mut Extensions,
    message: &Message,
    name: &str,
    is_nested: bool,
    path: &ElementPath<'_>,
) {
    let none = MessageOptions::default();
    let options = message.options.as_ref().unwrap_or(&none);
    let facts = &facts.within(report, message.own_features(), path);
    check_style(
        report,
        facts,
        &message.name,
        Style::Title,
        "message",
        &path.field(1),
    );
    check_visibility(report, facts, message, is_nested, path);
    check_message_limits(report, facts, message, path);
    check_numbers(report, facts, message, path);
    check_names(
        report,
        &message.reserved_name,
        message.field.iter().map(|field| field.name.as_str()),
        "field",
        |index| path.element(10, index),
        |index| path.element(2, index),
    );
    if options.message_set_wire_format {
        check_message_set(report, facts, message, path);
    }
    if !options.deprecated_legacy_json_field_conflicts {
        check_json_names(report, facts, message, path);
    }
    let entries = map_entries(message, name);
    let members = LazyCell::new(|| Members::of(message));
    let fields_of_oneofs = fields_of_oneofs(message);
    let in_oneofs = message.oneof_decl.iter();
    let in_oneofs: Vec<FileFacts<'_>> = in_oneofs
        .map(|oneof| facts.with_features(oneof.own_features()))
        .collect();
    for (index, field) in message.field.iter().enumerate() {
        let oneof = field.oneof_index.and_then(|oneof| usize::try_from(oneof).ok());
        let facts = oneof.and_then(|oneof| in_oneofs.get(oneof)).unwrap_or(facts);
        let entry = entries.get(field.type_name.as_str()).copied();
        let entry = entry.filter(|entry| entry.name == entry_name(&field.name));
        let path = path.element(2, index);
        let form = entry.map_or(FieldForm::Plain, |entry| FieldForm::Map {
            has_strings: entry.field.iter().any(|field| field.r#type() == Type::String),
        });
        check_field(report, facts, field, form, name, &path);
        if facts
            .with_features(field.own_features())
            .features
            .has_style_2026()
        {
            check_collisions(report, &field.name, &members, &path.field(1));
        }
        // What a `map` makes has no place of its own in the text, and only the type of its value can be at fault.
        for field in entry.into_iter().flat_map(|entry| &entry.field) {
            check_field(report, facts, field, FieldForm::InEntry, name, &path);
            check_map_value(report, facts, field, &path);
        }
    }
    if message.field.len() > MAX_FIELDS {
        report.problem(
            &path.element(2, MAX_FIELDS),
            format!("a message has at most {MAX_FIELDS} fields"),
        );
    }
    for (index, oneof) in message.oneof_decl.iter().enumerate() {
        let path = path.element(8, index);
        let own = oneof.own_features();
        let facts = &facts.within(report, own, &path);
        check_style(
            report,
            facts,
            &oneof.name,
            Style::LowerSnake,
            "oneof",
            &path.field(1),
        );
        if facts.features.has_style_2026() {
            check_collisions(report, &oneof.name, &members, &path.field(1));
        }
        let fields = fields_of_oneofs.get(index).copied().unwrap_or(0);
        check_oneof_limit(report, facts, fields, &path);
    }
    check_declarations(report, facts, message, path);
    extensions.declare(name, message);
    for (index, extension) in message.extension.iter().enumerate() {
        let path = path.element(6, index);
        check_extension(report, facts, extensions, extension, name, &path);
    }
    for (index, nested) in message.enum_type.iter().enumerate() {
        check_enum(report, facts, nested, &path.element(4, index));
    }
    for (index, nested) in message.nested_type.iter().enumerate() {
        if !nested.is_map_entry() {
            let name = format!("{name}.{}", nested.name);
            check_message(
                report,
                facts,
                extensions,
                nested,
                &name,
                true,
                &path.element(3, index),
            );
        }
    }
}

/// The messages that the compiler made of the `map` fields of a message, by full name with a leading dot.
fn map_entries<'m>(message: &'m Message, name: &str) -> HashMap<String, &'m Message> {
    let entries = message.nested_type.iter().filter(|nested| nested.is_map_entry());
    entries
        .map(|entry| (format!(".{name}.{}", entry.name), entry))
        .collect()
}

/// The name of the message that the compiler makes for a map.
fn entry_name(field: &str) -> String {
    let words = field.split('_').filter(|word| !word.is_empty());
    let capitals = words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]));
    capitals.chain(["Entry".to_owned()]).collect()
}

/// Checks the reserved numbers and those of extensions, against themselves and each other.
fn check_numbers(report: &mut Report<'_>, facts: &FileFacts<'_>, message: &Message, path: &ElementPath<'_>) {
    let exclusive = |start: i32, end: i32| (i64::from(start), i64::from(end));
    let reserved = message
        .reserved_range
        .iter()
        .map(|range| exclusive(range.start, range.end));
    let reserved = check_ranges(report, reserved, "reserved", |index| path.element(9, index));
    let extensions = message
        .extension_range
        .iter()
        .map(|range| exclusive(range.start, range.end));
    let extensions = check_ranges(report, extensions, "for extensions", |index| {
        path.element(5, index)
    });
    for range in extensions.iter() {
        if let Some(other) = reserved.meeting(range) {
            let message = format!("{range} is for extensions and overlaps {other}, which is reserved");
            report.problem(&path.element(5, range.index), message);
        }
    }
    if facts.is_proto3() && !message.extension_range.is_empty() {
        let hint = "use a field of google.protobuf.Any, or syntax = \"proto2\"";
        report.problem_with_hint(&path.element(5, 0), "a message of proto3 has no extensions", hint);
    }
}

/// Checks a message with the wire format of the predecessors of extensions.
fn check_message_set(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    path: &ElementPath<'_>,
) {
    if facts.is_proto3() {
        report.problem(path, "proto3 has no message_set_wire_format");
    }
    if !message.field.is_empty() {
        let text = "a message with message_set_wire_format has extensions and no fields";
        report.problem(&path.element(2, 0), text);
    }
}
