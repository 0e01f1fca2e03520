//! Fields, groups and extensions as proto text.

use prost_types::field_descriptor_proto::{Label, Type};

use super::element::{Printer, Within};
use super::lines::indented;
use crate::schema::descriptor::{Field, Message};
use crate::schema::kind::scalar_name;
use crate::schema::name::{below, default_json_name, qualified};
use crate::schema::quoted::quoted;

/// What is said of a field that no text declares.
const GROUP_ELSEWHERE: &str = "// This field is a group. Text of proto2 declares a group together with its message, and this one stands elsewhere.\n";

/// Messages of a file or of a message.
#[derive(Clone, Copy)]
pub(super) struct Siblings<'m> {
    pub(super) messages: &'m [Message],
    /// The package or the message that they are in.
    pub(super) scope: &'m str,
}

impl<'m> Siblings<'m> {
    pub(super) fn of(within: &Within<'m>) -> Self {
        Self {
            messages: &within.message.nested_type,
            scope: within.name,
        }
    }

    /// The message that is the type of a field, if it is one of them, and its index.
    fn of_type(&self, field: &Field) -> Option<(i32, &'m Message)> {
        let name = below(self.scope, field.type_name.strip_prefix('.')?)?;
        (0..).zip(self.messages).find(|(_, message)| message.name == name)
    }

    /// The message that a field makes: the entries of a map, or a group; and its index.
    pub(super) fn made_by(&self, field: &Field, has_edition: bool) -> Option<(i32, &'m Message)> {
        let (index, found) = self.of_type(field)?;
        let is_group =
            !has_edition && field.r#type() == Type::Group && found.name.to_ascii_lowercase() == field.name;
        (is_group || found.is_map_entry()).then_some((index, found))
    }
}

impl Printer<'_> {
    pub(super) fn field(&self, field: &Field, within: &Within<'_>, path: &[i32]) -> String {
        let made = Siblings::of(within).made_by(field, self.has_edition());
        let label = match real_oneof(field) {
            Some(_) => "",
            None => self.label(field),
        };
        match made {
            Some((_, entry)) if entry.is_map_entry() => {
                let part = |number: i32| {
                    let part = entry.field.iter().find(|part| part.number == number);
                    part.map_or_else(String::new, |part| self.type_of(part, within.name))
                };
                let map = format!("map<{}, {}>", part(1), part(2));
                self.declared(field, &map, within.name, path)
            }
            Some((index, group)) => {
                let group_path = [within.path, &[3, index]].concat();
                let group = Within {
                    message: group,
                    name: &qualified(within.name, &group.name),
                    path: &group_path,
                };
                self.group(field, label, &group, within.name, path)
            }
            None => {
                let typed = format!("{label}{}", self.type_of(field, within.name));
                self.declared(field, &typed, within.name, path)
            }
        }
    }

    /// An extension by itself, inside an `extend` block of its own. `scope` is the file's package, or a message.
    pub(super) fn extension(&self, extension: &Field, scope: &str, path: &[i32]) -> String {
        let head = format!("extend {}", self.name(scope, &extension.extendee));
        let label = self.label(extension);
        let above = path.len().saturating_sub(2);
        let (messages, list) = match self.types.message(scope).filter(|_| above > 0) {
            Some(around) => (&around.nested_type, 3),
            None => (&self.file.message_type, 4),
        };
        let siblings = Siblings { messages, scope };
        let field = if let Some((index, group)) = siblings.made_by(extension, self.has_edition()) {
            let group_path = [&path[..above], &[list, index]].concat();
            let group = Within {
                message: group,
                name: &qualified(scope, &group.name),
                path: &group_path,
            };
            self.group(extension, label, &group, scope, path)
        } else {
            let typed = format!("{label}{}", self.type_of(extension, scope));
            self.declared(extension, &typed, scope, path)
        };
        format!("{head} {{\n{}}}\n", indented(&field))
    }

    /// A field and its message in one.
    fn group(&self, field: &Field, label: &str, group: &Within<'_>, scope: &str, path: &[i32]) -> String {
        let options = in_brackets(&self.field_options(field, scope, path));
        let head = format!("{label}group {} = {}{options}", group.message.name, field.number);
        let body = self.message_body(group, self.options_of(group.path, scope));
        // The comments of a group may be those of its message.
        let commented = if self.comments.has(path) { path } else { group.path };
        self.block(commented, &head, &body)
    }

    fn label(&self, field: &Field) -> &'static str {
        match field.label() {
            Label::Repeated => "repeated ",
            _ if self.has_edition() => "",
            Label::Required => "required ",
            Label::Optional if !self.is_proto3() || field.proto3_optional => "optional ",
            Label::Optional => "",
        }
    }

    /// The name of a field's type.
    fn type_of(&self, field: &Field, scope: &str) -> String {
        match scalar_name(field.r#type()) {
            Some(scalar) => scalar.to_owned(),
            None => self.name(scope, &field.type_name),
        }
    }

    /// A field on one line. `typed` is its label and its type.
    fn declared(&self, field: &Field, typed: &str, scope: &str, path: &[i32]) -> String {
        let options = in_brackets(&self.field_options(field, scope, path));
        let line = self.line(
            path,
            &format!("{typed} {} = {}{options}", field.name, field.number),
        );
        if field.r#type() == Type::Group && !self.has_edition() {
            format!("{GROUP_ELSEWHERE}{line}")
        } else {
            line
        }
    }

    fn field_options(&self, field: &Field, scope: &str, path: &[i32]) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(default) = &field.default_value {
            let default = match field.r#type() {
                Type::String => quoted(default),
                // The descriptor has the text of bytes escaped already.
                Type::Bytes => format!("\"{}\"", String::from_utf8_lossy(default)),
                _ => String::from_utf8_lossy(default).into_owned(),
            };
            options.push(format!("default = {default}"));
        }
        // An extension always has the name that follows from its own.
        let json_name = field.json_name.as_ref().filter(|_| field.extendee.is_empty());
        if let Some(json_name) = json_name.filter(|name| **name != default_json_name(&field.name).as_bytes())
        {
            options.push(format!("json_name = {}", quoted(json_name)));
        }
        options.extend(self.options.assignments(self.types, path, scope));
        options
    }
}

/// The oneof that a field is written in.
pub(super) fn real_oneof(field: &Field) -> Option<i32> {
    field.oneof_index.filter(|_| !field.proto3_optional)
}

/// Options of one line, or of several.
pub(super) fn in_brackets(options: &[String]) -> String {
    match options {
        [] => String::new(),
        [only] if !only.contains('\n') => format!(" [{only}]"),
        several => format!(" [\n{}]", indented(&format!("{}\n", several.join(",\n")))),
    }
}
