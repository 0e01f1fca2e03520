//! What the features of an element may be: their values, the editions that have them, and the fields that they suit.

use prost::Message as _;
use prost_reflect::EnumDescriptor;
use prost_types::field_descriptor_proto::{Label, Type};

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{EnumValueOptions, FeatureSupport, Field, FieldOptions, FileOptions};
use crate::schema::element_path::ElementPath;
use crate::schema::features::{
    EDITION_2023, EDITION_2024, FeatureSet, IMPLICIT, LEGACY_REQUIRED, PACKED, is_closed,
};

/// What of a field its message knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldForm {
    Plain,
    /// A `map`; whether its keys or values are strings.
    Map {
        has_strings: bool,
    },
    /// The key or the value of a map, which has the features of its field.
    InEntry,
}

/// Checks the features and options of a file with an edition.
pub(super) fn check_file_features(report: &mut Report<'_>, facts: &FileFacts<'_>, options: &FileOptions) {
    if facts.edition < EDITION_2023 {
        return;
    }
    let path = ElementPath::of_file(8);
    if facts.features.field_presence == Some(LEGACY_REQUIRED) {
        report.problem(&path, "fields cannot be required by default");
    }
    if options.java_string_check_utf8 {
        report.problem_with_hint(
            &path,
            "editions have no java_string_check_utf8",
            "write features.(pb.java).utf8_validation = VERIFY",
        );
    }
}

/// Checks the features of a field or an extension. `facts` has those that it has in the end.
pub(super) fn check_field_features(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    field: &Field,
    form: FieldForm,
    path: &ElementPath<'_>,
) {
    if facts.edition < EDITION_2023 {
        return;
    }
    let none = FieldOptions::default();
    let options = field.options.as_ref().unwrap_or(&none);
    if options.packed.is_some() {
        let hint = "write features.repeated_field_encoding = PACKED or EXPANDED";
        report.problem_with_hint(path, "editions have no option packed", hint);
    }
    if facts.edition >= EDITION_2024 && options.ctype.is_some() {
        let hint = "write features.(pb.cpp).string_type";
        report.problem_with_hint(path, "edition 2024 and later have no option ctype", hint);
    }
    let is_extension = !field.extendee.is_empty();
    let is_list = field.label() == Label::Repeated;
    let is_message = matches!(field.r#type(), Type::Message | Type::Group);
    let has_presence =
        is_message || is_extension || field.oneof_index.is_some() || !facts.features.is_implicit();
    if !is_list && !has_presence {
        if field.default_value.is_some() {
            report.problem(path, "a field of implicit presence has no default of its own");
        }
        let name = field.type_name.trim_start_matches('.');
        let found = facts.pool.get_enum_by_name(name);
        if found.is_some_and(|found| is_closed(&found)) {
            let text = format!("a field of implicit presence has an open enum, and '{name}' is closed");
            report.problem(path, text);
        }
    }
    if is_extension && facts.features.is_required() {
        report.problem(path, "an extension cannot be required");
    }
    if form != FieldForm::InEntry {
        let own = FeatureSet::named(options.features.as_deref());
        for text in unsuitable(&own, field, form) {
            report.problem(path, text);
        }
    }
}

/// Checks the editions that a field of options, or its values, is said to be there for. Its enum is looked up in the pool.
pub(super) fn check_field_support(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    field: &Field,
    path: &ElementPath<'_>,
) {
    let Some(support) = field
        .options
        .as_ref()
        .and_then(|options| options.feature_support.as_ref())
    else {
        return;
    };
    check_support(report, support, path);
    let found = facts
        .pool
        .get_enum_by_name(field.type_name.trim_start_matches('.'));
    for value in found.iter().flat_map(EnumDescriptor::values) {
        let options = EnumValueOptions::decode(value.options().encode_to_vec().as_slice());
        let Some(own) = options.ok().and_then(|options| options.feature_support) else {
            continue;
        };
        let goes_beyond = (own.edition_introduced != 0
            && own.edition_introduced < support.edition_introduced)
            || is_later(own.edition_removed, support.edition_removed)
            || is_later(own.edition_deprecated, support.edition_deprecated);
        if goes_beyond {
            let text = format!(
                "the value '{}' is there for more editions than the field '{}'",
                value.name(),
                field.name
            );
            report.problem(path, text);
        }
    }
}

/// Whether an edition comes after one that is named.
fn is_later(own: Option<i32>, outer: Option<i32>) -> bool {
    matches!((own, outer), (Some(own), Some(outer)) if own > outer)
}

/// Checks the editions that something is said to be there for.
pub(super) fn check_support(report: &mut Report<'_>, support: &FeatureSupport, path: &ElementPath<'_>) {
    let FeatureSupport {
        edition_introduced: introduced,
        edition_deprecated: deprecated,
        edition_removed: removed,
        ..
    } = *support;
    let has_warning = support.deprecation_warning.is_some();
    let has_error = support.removal_error.is_some();
    let faults = [
        (
            deprecated.is_some_and(|deprecated| deprecated < introduced),
            "it is deprecated before it is introduced",
        ),
        (
            deprecated.is_some() && !has_warning,
            "it is deprecated without a deprecation_warning",
        ),
        (
            deprecated.is_none() && has_warning,
            "it has a deprecation_warning and is not deprecated",
        ),
        (
            removed.is_some_and(|removed| deprecated.is_some_and(|deprecated| deprecated >= removed)),
            "it is deprecated after it is removed",
        ),
        (
            removed.is_some_and(|removed| removed < introduced),
            "it is removed before it is introduced",
        ),
        (
            removed.is_some_and(|removed| removed != introduced) && !has_error,
            "it is removed without a removal_error",
        ),
        (
            removed.is_none() && has_error,
            "it has a removal_error and is not removed",
        ),
    ];
    for (_, text) in faults.into_iter().filter(|(is_there, _)| *is_there) {
        report.problem(path, format!("feature_support: {text}"));
    }
}

/// What a field names and cannot have.
fn unsuitable(own: &FeatureSet, field: &Field, form: FieldForm) -> Vec<&'static str> {
    let is_extension = !field.extendee.is_empty();
    let is_list = field.label() == Label::Repeated;
    let is_map = matches!(form, FieldForm::Map { .. });
    let is_message = matches!(field.r#type(), Type::Message | Type::Group);
    let is_text = matches!(field.r#type(), Type::String | Type::Bytes);
    let mut found = Vec::new();
    match own.field_presence {
        None => {}
        Some(_) if field.oneof_index.is_some() => found.push("a field of a oneof names no field_presence"),
        Some(_) if is_list => found.push("a list names no field_presence"),
        Some(presence) if is_extension && presence != LEGACY_REQUIRED => {
            found.push("an extension names no field_presence");
        }
        Some(IMPLICIT) if is_message => found.push("a message has no implicit presence"),
        Some(_) => {}
    }
    if own.repeated_field_encoding.is_some() && !is_list {
        found.push("repeated_field_encoding is for lists");
    } else if own.repeated_field_encoding == Some(PACKED) && (is_message || is_text) {
        found.push("only lists of numbers are packed");
    }
    let has_strings = form == FieldForm::Map { has_strings: true };
    if own.utf8_validation.is_some() && field.r#type() != Type::String && !has_strings {
        found.push("utf8_validation is for strings");
    }
    if own.message_encoding.is_some() && (!is_message || is_map) {
        found.push("message_encoding is for messages");
    }
    found
}
