//! What holds for a field or an extension: its options, and the enum that it may have.

use prost_types::field_descriptor_proto::{Label, Type};

use super::facts::FileFacts;
use super::features::{FieldForm, check_field_features, check_field_support};
use super::report::Report;
use super::style::{Style, check_style};
use crate::schema::descriptor::{Field, FieldOptions};
use crate::schema::element_path::ElementPath;
use crate::schema::features::is_closed;

/// Checks a field of the message `message`, or an extension that is declared in it.
pub(super) fn check_field(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    field: &Field,
    form: FieldForm,
    message: &str,
    path: &ElementPath<'_>,
) {
    let own = field.own_features();
    let facts = &match form {
        // Said of the field already.
        FieldForm::InEntry => facts.with_features(own),
        _ => facts.within(report, own, path),
    };
    let is_map = matches!(form, FieldForm::Map { .. });
    if let Some(options) = &field.options {
        check_options(report, facts, field, options, is_map, path);
    }
    check_field_features(report, facts, field, form, path);
    check_field_support(report, facts, field, path);
    check_style(
        report,
        facts,
        &field.name,
        Style::LowerSnake,
        "field",
        &path.field(1),
    );
    if field.r#type() == Type::Message && !is_map {
        let name = field.type_name.trim_start_matches('.');
        let found = facts.pool.get_message_by_name(name);
        if found.is_some_and(|found| found.is_map_entry()) {
            let text =
                format!("'{name}' is what the compiler makes for a map, and no other field may have it");
            report.problem(&path.field(6), text);
        }
    }
    if facts.is_proto3() && field.r#type() == Type::Enum {
        let name = field.type_name.trim_start_matches('.');
        let is_closed = facts
            .pool
            .get_enum_by_name(name)
            .is_some_and(|found| is_closed(&found));
        if is_closed {
            let text = format!("the enum '{name}' is of proto2, and '{message}' is a message of proto3");
            let hint =
                "an enum of proto2 has no unknown values; declare it in a file with syntax = \"proto3\"";
            report.problem_with_hint(&path.field(6), text, hint);
        }
    }
}

/// Checks a field of the entry of the map at `path`: a value that is not known is read as the first of its enum.
pub(super) fn check_map_value(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    field: &Field,
    path: &ElementPath<'_>,
) {
    if field.r#type() != Type::Enum {
        return;
    }
    let name = field.type_name.trim_start_matches('.');
    let found = facts.pool.get_enum_by_name(name);
    let first = found
        .as_ref()
        .and_then(|found| found.enum_descriptor_proto().value.first());
    if first.is_some_and(|first| first.number() != 0) {
        let text = format!("the first value of '{name}', which a map has, must be 0");
        report.problem(&path.field(6), text);
    }
}

fn check_options(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    field: &Field,
    options: &FieldOptions,
    is_map: bool,
    path: &ElementPath<'_>,
) {
    let is_message = matches!(field.r#type(), Type::Message | Type::Group);
    let is_group = field.r#type() == Type::Group || facts.features.is_delimited() && !is_map;
    let is_packable = !is_message && !matches!(field.r#type(), Type::String | Type::Bytes);
    if options.packed == Some(true) && (is_map || field.label() != Label::Repeated || !is_packable) {
        report.problem(
            path,
            format!("packed is for lists of numbers, and '{}' is none", field.name),
        );
    }
    if (options.lazy || options.unverified_lazy) && (!is_message || is_group) {
        report.problem(
            path,
            format!("lazy is for messages, and '{}' is none", field.name),
        );
    }
    let is_long = matches!(
        field.r#type(),
        Type::Int64 | Type::Uint64 | Type::Sint64 | Type::Fixed64 | Type::Sfixed64
    );
    if options.jstype != 0 && !is_long {
        report.problem(
            path,
            format!("jstype is for integers of 64 bits, and '{}' is none", field.name),
        );
    }
}
