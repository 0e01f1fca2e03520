//! What holds for the values of custom options: which elements they are for, and the fields that they require.

use std::collections::HashMap;

use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FileDescriptor, MessageDescriptor, ReflectMessage as _,
    Value,
};
use prost_types::field_descriptor_proto::Label;

use super::path::ElementPath;
use super::report::Report;
use crate::schema::descriptor::{Field, File, Message};

/// The elements that have options, by their numbers in `FieldOptions.OptionTargetType`.
#[derive(Debug, Clone, Copy)]
enum Target {
    File = 1,
    Message = 3,
    Field = 4,
    Oneof = 5,
    Enum = 6,
    EnumValue = 7,
    Service = 8,
    Method = 9,
}

impl Target {
    fn name(number: i32) -> &'static str {
        match number {
            1 => "files",
            2 => "ranges of extensions",
            3 => "messages",
            4 => "fields",
            5 => "oneofs",
            6 => "enums",
            7 => "values of enums",
            8 => "services",
            9 => "methods",
            _ => "other elements",
        }
    }
}

/// The fields that something is demanded of when they are options, or in options.
#[derive(Debug, Default)]
pub(super) struct OptionFields {
    /// The elements that a field is for, if it is not for all, by its full name.
    targets: HashMap<String, Vec<i32>>,
    has_required: bool,
}

impl OptionFields {
    /// Notes the fields of a file.
    pub(super) fn note(&mut self, file: &File) {
        self.note_fields(&file.package, &file.extension);
        for message in &file.message_type {
            self.note_message(&file.package, message);
        }
    }

    fn note_message(&mut self, scope: &str, message: &Message) {
        let name = qualified(scope, &message.name);
        self.note_fields(&name, &message.field);
        self.note_fields(&name, &message.extension);
        for nested in &message.nested_type {
            self.note_message(&name, nested);
        }
    }

    fn note_fields(&mut self, scope: &str, fields: &[Field]) {
        for field in fields {
            self.has_required |= field.label() == Label::Required;
            if let Some(options) = field
                .options
                .as_ref()
                .filter(|options| !options.targets.is_empty())
            {
                self.targets
                    .insert(qualified(scope, &field.name), options.targets.clone());
            }
        }
    }
}

fn qualified(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}

/// Checks the options of a file and of all that is in it.
pub(super) fn check_options(report: &mut Report<'_>, fields: &OptionFields, file: &FileDescriptor) {
    if fields.targets.is_empty() && !fields.has_required {
        return;
    }
    let mut walk = Walk { report, fields };
    walk.options(&file.options(), Target::File, &ElementPath::of_file(8));
    for (index, message) in file.messages().enumerate() {
        walk.message(&message, &ElementPath::in_file(4, index));
    }
    for (index, found) in file.enums().enumerate() {
        walk.enumeration(&found, &ElementPath::in_file(5, index));
    }
    for (index, service) in file.services().enumerate() {
        let path = ElementPath::in_file(6, index);
        walk.options(&service.options(), Target::Service, &path.field(3));
        for (index, method) in service.methods().enumerate() {
            walk.options(
                &method.options(),
                Target::Method,
                &path.element(2, index).field(4),
            );
        }
    }
    for (index, extension) in file.extensions().enumerate() {
        walk.options(
            &extension.options(),
            Target::Field,
            &ElementPath::in_file(7, index).field(8),
        );
    }
}

struct Walk<'r, 'a> {
    report: &'r mut Report<'a>,
    fields: &'r OptionFields,
}

impl Walk<'_, '_> {
    fn message(&mut self, message: &MessageDescriptor, path: &ElementPath<'_>) {
        self.options(&message.options(), Target::Message, &path.field(7));
        for (index, field) in message.fields().enumerate() {
            self.options(&field.options(), Target::Field, &path.element(2, index).field(8));
        }
        for (index, oneof) in message.oneofs().enumerate() {
            self.options(&oneof.options(), Target::Oneof, &path.element(8, index).field(2));
        }
        for (index, extension) in message.child_extensions().enumerate() {
            self.options(
                &extension.options(),
                Target::Field,
                &path.element(6, index).field(8),
            );
        }
        for (index, found) in message.child_enums().enumerate() {
            self.enumeration(&found, &path.element(4, index));
        }
        for (index, nested) in message.child_messages().enumerate() {
            self.message(&nested, &path.element(3, index));
        }
    }

    fn enumeration(&mut self, found: &EnumDescriptor, path: &ElementPath<'_>) {
        self.options(&found.options(), Target::Enum, &path.field(3));
        for (index, value) in found.values().enumerate() {
            self.options(
                &value.options(),
                Target::EnumValue,
                &path.element(2, index).field(3),
            );
        }
    }

    /// Checks the options of one element, and the messages in them.
    fn options(&mut self, options: &DynamicMessage, target: Target, path: &ElementPath<'_>) {
        for (field, value) in options.fields() {
            self.value(field.full_name(), value, target, path);
        }
        for (extension, value) in options.extensions() {
            self.value(extension.full_name(), value, target, path);
        }
    }

    fn value(&mut self, name: &str, value: &Value, target: Target, path: &ElementPath<'_>) {
        if let Some(targets) = self
            .fields
            .targets
            .get(name)
            .filter(|targets| !targets.contains(&(target as i32)))
        {
            let for_which: Vec<&str> = targets.iter().map(|target| Target::name(*target)).collect();
            let text = format!(
                "the option '{name}' is for {} and not for {}",
                for_which.join(" and "),
                Target::name(target as i32)
            );
            self.report.problem(path, text);
        }
        match value {
            Value::Message(message) => self.contents(name, message, target, path),
            Value::List(values) => values
                .iter()
                .for_each(|value| self.within(name, value, target, path)),
            Value::Map(entries) => entries
                .values()
                .for_each(|value| self.within(name, value, target, path)),
            _ => {}
        }
    }

    fn within(&mut self, name: &str, value: &Value, target: Target, path: &ElementPath<'_>) {
        if let Value::Message(message) = value {
            self.contents(name, message, target, path);
        }
    }

    fn contents(&mut self, name: &str, message: &DynamicMessage, target: Target, path: &ElementPath<'_>) {
        let descriptor = message.descriptor();
        let missing = descriptor
            .fields()
            .filter(|field| field.cardinality() == Cardinality::Required && !message.has_field(field));
        for field in missing {
            let text = format!(
                "the option '{name}' lacks the field '{}', which is required",
                field.name()
            );
            self.report.problem(path, text);
        }
        self.options(message, target, path);
    }
}
