//! What holds for an extension: whom it may extend, and that nobody else has its number.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use prost_types::field_descriptor_proto::{Label, Type};

use super::declarations::{check_declared, is_verified};
use super::facts::{FileFacts, is_lite};
use super::features::FieldForm;
use super::fields::check_field;
use super::report::Report;
use super::style::{Members, check_collisions};
use crate::schema::descriptor::{ExtensionRange, ExtensionRangeOptions, Field, Message};
use crate::schema::element_path::ElementPath;
use crate::schema::name::qualified;

/// The extensions of all files so far, and which of them their messages allow.
#[derive(Debug, Default)]
pub(in crate::schema) struct Extensions {
    /// The full name of each and its file, by extended message and number.
    names: HashMap<(String, i32), (String, String)>,
    /// The ranges that have no extensions but those that they declare, by message.
    declared: HashMap<String, Vec<ExtensionRange>>,
}

/// The messages that may be extended in proto3: those of options.
const OPTIONS: [&str; 10] = [
    "google.protobuf.EnumOptions",
    "google.protobuf.EnumValueOptions",
    "google.protobuf.ExtensionRangeOptions",
    "google.protobuf.FieldOptions",
    "google.protobuf.FileOptions",
    "google.protobuf.MessageOptions",
    "google.protobuf.MethodOptions",
    "google.protobuf.OneofOptions",
    "google.protobuf.ServiceOptions",
    "google.protobuf.StreamOptions",
];

impl Extensions {
    /// Notes an extension of a file. Returns the one that has its number already, and its file.
    fn add(&mut self, extendee: &str, number: i32, name: &str, file: &str) -> Option<&(String, String)> {
        match self.names.entry((extendee.to_owned(), number)) {
            Entry::Occupied(first) => Some(first.into_mut()),
            Entry::Vacant(free) => {
                free.insert((name.to_owned(), file.to_owned()));
                None
            }
        }
    }

    /// Notes the ranges of a message that declare their extensions.
    pub(super) fn declare(&mut self, name: &str, message: &Message) {
        let ranges = message.extension_range.iter().filter(|range| is_verified(range));
        let ranges: Vec<ExtensionRange> = ranges.cloned().collect();
        if !ranges.is_empty() {
            self.declared.insert(name.to_owned(), ranges);
        }
    }

    /// What the range of a number declares.
    fn declared(&self, extendee: &str, number: i32) -> Option<&ExtensionRangeOptions> {
        let mut ranges = self.declared.get(extendee)?.iter();
        ranges
            .find(|range| (range.start..range.end).contains(&number))?
            .options
            .as_ref()
    }
}

/// Checks an extension that is declared in `scope`, a message or a package.
pub(super) fn check_extension(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    extensions: &mut Extensions,
    extension: &Field,
    scope: &str,
    path: &ElementPath<'_>,
) {
    check_field(report, facts, extension, FieldForm::Plain, scope, path);
    let extendee = extension.extendee.trim_start_matches('.');
    let name = qualified(scope, &extension.name);
    let number = extension.number;
    if let Some((first, file)) = extensions.add(extendee, number, &name, facts.name) {
        let text = format!("'{extendee}' has the extension {number} already: '{first}'");
        if file == facts.name {
            report.problem(&path.field(3), text);
        } else {
            // protoc lets them be, too.
            let hint = "give one of them another number: only programs that know just one of the two read it";
            report.warning(&path.field(3), format!("{text} of {file}"), hint);
        }
    }
    if facts.is_proto3() && !OPTIONS.contains(&extendee) {
        let text = format!("proto3 extends nothing but options, and '{extendee}' is none");
        report.problem_with_hint(
            &path.field(2),
            text,
            "declare the extension in a file with syntax = \"proto2\"",
        );
    }
    let Some(extended) = facts.pool.get_message_by_name(extendee) else {
        return;
    };
    let options = extended.descriptor_proto().options.clone().unwrap_or_default();
    let own = extension.own_features();
    let own = facts.with_features(own);
    let is_optional = extension.label() == Label::Optional && !own.features.is_required();
    let is_optional_message =
        is_optional && extension.r#type() == Type::Message && !own.features.is_delimited();
    if own.features.has_style_2026() {
        let members = Members::of_extended(&extended);
        check_collisions(report, &extension.name, &members, &path.field(1));
    }
    if options.message_set_wire_format() && !is_optional_message {
        let text =
            format!("'{extendee}' has message_set_wire_format, so its extensions are optional messages");
        report.problem(path, text);
    }
    if facts.is_lite && !is_lite(&extended.parent_file()) {
        let text =
            format!("a file for the lite runtime cannot extend '{extendee}', whose file is not for it");
        report.problem(&path.field(2), text);
    }
    if let Some(declared) = extensions.declared(extendee, number) {
        check_declared(report, declared, extension, &name, path);
    }
}
