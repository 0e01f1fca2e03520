//! [`Printer`]: files, services, messages, enums and their parts as proto text.
//!
//! Elements are printed in the order of their source, if it is known, with the comments before and after them.

use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, EnumDescriptor, EnumValueDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    Kind, MessageDescriptor, MethodDescriptor, OneofDescriptor, ServiceDescriptor, Syntax,
};
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};

use super::comments::Comments;
use super::lines::{indented, spaced};
use super::names::relative;
use super::options::{assignments, quoted};
use crate::schema::name::default_json_name;

/// The end of a range up to `max`.
const MAX_FIELD: u32 = 536_870_912;

/// Prints the elements of one file.
pub(super) struct Printer<'f> {
    comments: Comments<'f>,
    proto3: bool,
}

/// Parts of a block, each with the place it has in the source.
type Parts = Vec<((i32, i32), String)>;

impl<'f> Printer<'f> {
    pub(super) fn of(file: &'f FileDescriptor) -> Self {
        Self {
            comments: Comments::of(file),
            proto3: file.syntax() == Syntax::Proto3,
        }
    }

    pub(super) fn file(&self, file: &FileDescriptor) -> String {
        let proto = file.file_descriptor_proto();
        let syntax = if self.proto3 { "proto3" } else { "proto2" };
        let mut text = format!("{}syntax = \"{syntax}\";\n", self.comments.before(&[12]));
        if !file.package_name().is_empty() {
            let _ = write!(
                text,
                "\n{}package {};\n",
                self.comments.before(&[2]),
                file.package_name()
            );
        }
        if !proto.dependency.is_empty() {
            text.push('\n');
        }
        for (index, name) in (0..).zip(&proto.dependency) {
            let kind = match index {
                index if proto.public_dependency.contains(&index) => "public ",
                index if proto.weak_dependency.contains(&index) => "weak ",
                _ => "",
            };
            let _ = writeln!(
                text,
                "{}import {kind}{};",
                self.comments.before(&[3, index]),
                quoted(name.as_bytes())
            );
        }
        let options = assignments(&file.options());
        if !options.is_empty() {
            text.push('\n');
        }
        for option in options {
            let _ = writeln!(text, "option {option};");
        }
        let mut parts = Parts::new();
        for enumeration in file.enums() {
            parts.push((
                self.comments.place(enumeration.path()),
                self.enumeration(&enumeration),
            ));
        }
        for message in file
            .messages()
            .filter(|message| !is_group(message, file.extensions()))
        {
            parts.push((self.comments.place(message.path()), self.message(&message)));
        }
        for extension in file.extensions() {
            parts.push((self.comments.place(extension.path()), self.extension(&extension)));
        }
        for service in file.services() {
            parts.push((self.comments.place(service.path()), self.service(&service)));
        }
        for part in in_order(parts) {
            text.push('\n');
            text += &part;
        }
        text
    }

    pub(super) fn service(&self, service: &ServiceDescriptor) -> String {
        let mut body = options_of(&service.options());
        for method in service.methods() {
            body.push(self.method(&method));
        }
        self.block(
            service.path(),
            &format!("service {}", service.name()),
            &spaced(body),
        )
    }

    pub(super) fn method(&self, method: &MethodDescriptor) -> String {
        let scope = method.parent_service().full_name();
        let type_name = |message: &MessageDescriptor, streaming| {
            let stream = if streaming { "stream " } else { "" };
            format!(
                "{stream}{}",
                relative(method.parent_pool(), scope, message.full_name())
            )
        };
        let input = type_name(&method.input(), method.is_client_streaming());
        let output = type_name(&method.output(), method.is_server_streaming());
        let head = format!("rpc {}({input}) returns ({output})", method.name());
        let options = options_of(&method.options());
        if options.is_empty() {
            self.line(method.path(), &head)
        } else {
            self.block(method.path(), &head, &options.concat())
        }
    }

    pub(super) fn message(&self, message: &MessageDescriptor) -> String {
        self.block(
            message.path(),
            &format!("message {}", message.name()),
            &self.message_body(message),
        )
    }

    fn message_body(&self, message: &MessageDescriptor) -> String {
        let mut members: Vec<_> = message.fields().collect();
        members.sort_by_key(|field| field.path().last().copied());
        let mut parts = Parts::new();
        for field in members {
            match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                None => parts.push((self.comments.place(field.path()), self.field(&field))),
                // A oneof is printed at the place of its first member.
                Some(oneof) if first_member(&oneof).as_ref() == Some(&field) => {
                    parts.push((self.comments.place(oneof.path()), self.oneof(&oneof)));
                }
                Some(_) => {}
            }
        }
        for inner in message.child_messages() {
            let is_group = is_group(&inner, message.child_extensions())
                || message
                    .fields()
                    .any(|field| field.is_group() && field.kind().as_message() == Some(&inner));
            if !inner.is_map_entry() && !is_group {
                parts.push((self.comments.place(inner.path()), self.message(&inner)));
            }
        }
        for inner in message.child_enums() {
            parts.push((self.comments.place(inner.path()), self.enumeration(&inner)));
        }
        for extension in message.child_extensions() {
            parts.push((self.comments.place(extension.path()), self.extension(&extension)));
        }
        let mut body = options_of(&message.options());
        let ranges = |ranges: Vec<(u32, u32)>| {
            let texts = ranges.into_iter().map(|(start, end)| match end {
                MAX_FIELD => format!("{start} to max"),
                end if end == start + 1 => start.to_string(),
                end => format!("{start} to {}", end - 1),
            });
            texts.collect::<Vec<_>>().join(", ")
        };
        let reserved: Vec<_> = message
            .reserved_ranges()
            .map(|range| (range.start, range.end))
            .collect();
        if !reserved.is_empty() {
            body.push(format!("reserved {};\n", ranges(reserved)));
        }
        body.extend(reserved_names(message.reserved_names()));
        let extensions: Vec<_> = message
            .extension_ranges()
            .map(|range| (range.start, range.end))
            .collect();
        if !extensions.is_empty() {
            body.push(format!("extensions {};\n", ranges(extensions)));
        }
        body.extend(in_order(parts));
        spaced(body)
    }

    pub(super) fn oneof(&self, oneof: &OneofDescriptor) -> String {
        let mut parts: Vec<_> = oneof.fields().collect();
        parts.sort_by_key(|field| field.path().last().copied());
        let mut body = options_of(&oneof.options());
        body.extend(parts.iter().map(|field| self.field(field)));
        self.block(oneof.path(), &format!("oneof {}", oneof.name()), &body.concat())
    }

    pub(super) fn field(&self, field: &FieldDescriptor) -> String {
        let declared = Declared {
            proto: field.field_descriptor_proto(),
            kind: field.kind(),
            scope: field.parent_message().full_name().to_owned(),
            options: assignments(&field.options()),
        };
        let in_oneof = field
            .containing_oneof()
            .is_some_and(|oneof| !oneof.is_synthetic());
        let label = match field.cardinality() {
            _ if in_oneof || field.is_map() => "",
            Cardinality::Repeated => "repeated ",
            Cardinality::Required => "required ",
            Cardinality::Optional if !self.proto3 || declared.proto.proto3_optional() => "optional ",
            Cardinality::Optional => "",
        };
        self.declared(field.path(), label, &declared)
    }

    /// An extension by itself, inside an `extend` block of its own.
    pub(super) fn extension(&self, extension: &ExtensionDescriptor) -> String {
        let scope = match extension.parent_message() {
            Some(message) => message.full_name().to_owned(),
            None => extension.package_name().to_owned(),
        };
        let extended = extension.containing_message();
        let head = format!(
            "extend {}",
            relative(extension.parent_pool(), &scope, extended.full_name())
        );
        let declared = Declared {
            proto: extension.field_descriptor_proto(),
            kind: extension.kind(),
            scope,
            options: assignments(&extension.options()),
        };
        let label = match declared.proto.label() {
            Label::Repeated => "repeated ",
            Label::Required => "required ",
            Label::Optional if !self.proto3 || declared.proto.proto3_optional() => "optional ",
            Label::Optional => "",
        };
        let field = self.declared(extension.path(), label, &declared);
        format!("{head} {{\n{}}}\n", indented(&field))
    }

    fn declared(&self, path: &[i32], label: &str, declared: &Declared<'_>) -> String {
        let proto = declared.proto;
        let mut in_brackets = Vec::new();
        if let Some(default) = &proto.default_value {
            in_brackets.push(match proto.r#type() {
                Type::String => format!("default = {}", quoted(default.as_bytes())),
                // The descriptor holds the text of bytes escaped already.
                Type::Bytes => format!("default = \"{default}\""),
                _ => format!("default = {default}"),
            });
        }
        if proto
            .json_name
            .as_ref()
            .is_some_and(|json_name| *json_name != default_json_name(proto.name()))
        {
            in_brackets.push(format!("json_name = {}", quoted(proto.json_name().as_bytes())));
        }
        in_brackets.extend(declared.options.iter().cloned());
        let options = match in_brackets.as_slice() {
            [] => String::new(),
            [only] if !only.contains('\n') => format!(" [{only}]"),
            several => format!(" [\n{}]", indented(&format!("{}\n", several.join(",\n")))),
        };
        let number = proto.number();
        match &declared.kind {
            Kind::Message(group) if proto.r#type() == Type::Group => {
                let head = format!("{label}group {} = {number}{options}", group.name());
                self.block(path, &head, &self.message_body(group))
            }
            kind => {
                let type_name = type_name(kind, &declared.scope);
                self.line(
                    path,
                    &format!("{label}{type_name} {} = {number}{options}", proto.name()),
                )
            }
        }
    }

    pub(super) fn enumeration(&self, enumeration: &EnumDescriptor) -> String {
        let mut body = options_of(&enumeration.options());
        let ranges = enumeration
            .reserved_ranges()
            .map(|range| match (*range.start(), *range.end()) {
                (start, i32::MAX) => format!("{start} to max"),
                (start, end) if start == end => start.to_string(),
                (start, end) => format!("{start} to {end}"),
            });
        let ranges = ranges.collect::<Vec<_>>().join(", ");
        if !ranges.is_empty() {
            body.push(format!("reserved {ranges};\n"));
        }
        body.extend(reserved_names(enumeration.reserved_names()));
        let mut values: Vec<_> = enumeration.values().collect();
        values.sort_by_key(|value| value.path().last().copied());
        body.extend(values.iter().map(|value| self.enum_value(value)));
        self.block(
            enumeration.path(),
            &format!("enum {}", enumeration.name()),
            &spaced(body),
        )
    }

    pub(super) fn enum_value(&self, value: &EnumValueDescriptor) -> String {
        let options = match assignments(&value.options()) {
            options if options.is_empty() => String::new(),
            options => format!(" [{}]", options.join(", ")),
        };
        self.line(
            value.path(),
            &format!("{} = {}{options}", value.name(), value.number()),
        )
    }

    /// One line with its comments.
    fn line(&self, path: &[i32], text: &str) -> String {
        let before = self.comments.before(path);
        match self.comments.after(path) {
            None => format!("{before}{text};\n"),
            Some(after) if after.lines().count() == 1 => format!("{before}{text}; {after}"),
            Some(after) => format!("{before}{text};\n{after}"),
        }
    }

    /// A block in braces with its comments.
    fn block(&self, path: &[i32], head: &str, body: &str) -> String {
        let before = self.comments.before(path);
        let after = self.comments.after(path).unwrap_or_default();
        let gap = if after.is_empty() || body.is_empty() {
            ""
        } else {
            "\n"
        };
        if after.is_empty() && body.is_empty() {
            format!("{before}{head} {{}}\n")
        } else {
            format!(
                "{before}{head} {{\n{}{gap}{}}}\n",
                indented(&after),
                indented(body)
            )
        }
    }
}

/// What is the same for fields and extensions.
struct Declared<'d> {
    proto: &'d FieldDescriptorProto,
    kind: Kind,
    /// The scope in which the names of types are looked up.
    scope: String,
    options: Vec<String>,
}

fn type_name(kind: &Kind, scope: &str) -> String {
    match kind {
        Kind::Message(entry) if entry.is_map_entry() => {
            let key = type_name(&entry.map_entry_key_field().kind(), scope);
            let value = type_name(&entry.map_entry_value_field().kind(), scope);
            format!("map<{key}, {value}>")
        }
        Kind::Message(message) => relative(message.parent_pool(), scope, message.full_name()).into_owned(),
        Kind::Enum(enumeration) => {
            relative(enumeration.parent_pool(), scope, enumeration.full_name()).into_owned()
        }
        scalar => format!("{scalar:?}"),
    }
}

fn first_member(oneof: &OneofDescriptor) -> Option<FieldDescriptor> {
    oneof.fields().min_by_key(|field| field.path().last().copied())
}

/// Whether a message is the type of an extension that is a group.
fn is_group(message: &MessageDescriptor, mut extensions: impl Iterator<Item = ExtensionDescriptor>) -> bool {
    extensions.any(|extension| extension.is_group() && extension.kind().as_message() == Some(message))
}

fn options_of(options: &prost_reflect::DynamicMessage) -> Vec<String> {
    assignments(options)
        .into_iter()
        .map(|option| format!("option {option};\n"))
        .collect()
}

fn reserved_names<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = names.map(|name| quoted(name.as_bytes())).collect();
    (!names.is_empty()).then(|| format!("reserved {};\n", names.join(", ")))
}

fn in_order(mut parts: Parts) -> impl Iterator<Item = String> {
    parts.sort_by_key(|(place, _)| *place);
    parts.into_iter().map(|(_, text)| text)
}
