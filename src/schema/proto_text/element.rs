//! [`Printer`]: files, services, messages, enums and their parts as proto text.
//!
//! Elements are printed in the order of their source, if it is known, with the comments before and after them.

use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, EnumValueDescriptor, ExtensionDescriptor, FieldDescriptor,
    FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, OneofDescriptor, ServiceDescriptor,
};
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};

use super::comments::Comments;
use super::lines::{indented, spaced};
use super::names::relative;
use super::options::{assignments, quoted};
use super::original::Original;
use crate::schema::features::is_mark;
use crate::schema::name::default_json_name;
use crate::schema::wire::DescriptorKind;

/// The end of a range up to `max`.
const MAX_FIELD: u32 = 536_870_912;

/// Prints the elements of one file.
pub(super) struct Printer {
    original: Original,
    comments: Comments,
}

/// Parts of a block, each with the place it has in the source.
type Parts = Vec<((i32, i32), String)>;

/// Numbers of fields, from the first to the one after the last.
type Ranges = Vec<(u32, u32)>;

impl Printer {
    /// The printer of a file with these bytes.
    pub(super) fn of(file: &[u8]) -> Self {
        let mut original = Original::of(file);
        Self {
            comments: Comments::of(std::mem::take(&mut original.info)),
            original,
        }
    }

    pub(super) fn file(&self, file: &FileDescriptor) -> String {
        let proto = file.file_descriptor_proto();
        let syntax = self.original.syntax_statement();
        let mut text = format!("{}{syntax}", self.comments.before(&[12]));
        if !file.package_name().is_empty() {
            let _ = write!(
                text,
                "\n{}package {};\n",
                self.comments.before(&[2]),
                file.package_name()
            );
        }
        let (imports, for_options) = (&self.original.dependencies, &self.original.option_dependencies);
        if !imports.is_empty() || !for_options.is_empty() {
            text.push('\n');
        }
        for (index, name) in (0..).zip(imports) {
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
        for (index, name) in (0..).zip(for_options) {
            let before = self.comments.before(&[15, index]);
            let _ = writeln!(text, "{before}import option {};", quoted(name.as_bytes()));
        }
        let pool = file.parent_pool();
        let options = assignments(&self.original.options(pool, DescriptorKind::File, &[]));
        if !options.is_empty() {
            text.push('\n');
        }
        for option in options {
            let _ = writeln!(text, "option {option};");
        }
        let mut parts = Parts::new();
        self.enums(pool, &[], &mut parts);
        for message in file
            .messages()
            .filter(|message| !self.is_group(message, file.extensions()))
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
        let pool = service.parent_pool();
        let mut body = options_of(
            &self
                .original
                .options(pool, DescriptorKind::Service, service.path()),
        );
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
        let pool = method.parent_pool();
        let options = options_of(&self.original.options(pool, DescriptorKind::Method, method.path()));
        let has_braces = self.original.has_options(DescriptorKind::Method, method.path());
        if options.is_empty() && !has_braces {
            self.line(method.path(), &head)
        } else {
            self.block(method.path(), &head, &options.concat())
        }
    }

    pub(super) fn message(&self, message: &MessageDescriptor) -> String {
        let visibility = self.original.visibility(message.path());
        self.block(
            message.path(),
            &format!("{visibility}message {}", message.name()),
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
            let is_own_group = |field: FieldDescriptor| {
                field.is_group() && field.kind().as_message() == Some(&inner) && !self.original.has_edition()
            };
            let is_group =
                self.is_group(&inner, message.child_extensions()) || message.fields().any(is_own_group);
            if !inner.is_map_entry() && !is_group {
                parts.push((self.comments.place(inner.path()), self.message(&inner)));
            }
        }
        let pool = message.parent_pool();
        self.enums(pool, message.path(), &mut parts);
        for extension in message.child_extensions() {
            parts.push((self.comments.place(extension.path()), self.extension(&extension)));
        }
        let mut body = options_of(
            &self
                .original
                .options(pool, DescriptorKind::Message, message.path()),
        );
        let ranges = |ranges: Ranges| {
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
        body.extend(self.reserved_names(message.reserved_names()));
        // Ranges with the same options are written together.
        let mut extensions: Vec<(Ranges, Vec<String>)> = Vec::new();
        for (index, range) in (0..).zip(message.extension_ranges()) {
            let path = [message.path(), &[5, index]].concat();
            let options = assignments(&self.original.options(pool, DescriptorKind::ExtensionRange, &path));
            let range = (range.start, range.end);
            match extensions.last_mut() {
                Some((ranges, known)) if *known == options => ranges.push(range),
                _ => extensions.push((vec![range], options)),
            }
        }
        for (of_one, options) in extensions {
            body.push(format!(
                "extensions {}{};\n",
                ranges(of_one),
                in_brackets(&options)
            ));
        }
        body.extend(in_order(parts));
        spaced(body)
    }

    pub(super) fn oneof(&self, oneof: &OneofDescriptor) -> String {
        let mut parts: Vec<_> = oneof.fields().collect();
        parts.sort_by_key(|field| field.path().last().copied());
        let pool = oneof.parent_pool();
        let mut body = options_of(&self.original.options(pool, DescriptorKind::Oneof, oneof.path()));
        body.extend(parts.iter().map(|field| self.field(field)));
        self.block(oneof.path(), &format!("oneof {}", oneof.name()), &body.concat())
    }

    pub(super) fn field(&self, field: &FieldDescriptor) -> String {
        let declared = Declared {
            proto: field.field_descriptor_proto(),
            kind: field.kind(),
            scope: field.parent_message().full_name().to_owned(),
            options: self.field_options(field.parent_pool(), field.path()),
        };
        let in_oneof = field
            .containing_oneof()
            .is_some_and(|oneof| !oneof.is_synthetic());
        let label = match field.cardinality() {
            _ if in_oneof || field.is_map() => "",
            Cardinality::Repeated => "repeated ",
            _ if self.original.has_edition() => "",
            Cardinality::Required => "required ",
            Cardinality::Optional if !self.original.is_proto3() || declared.proto.proto3_optional() => {
                "optional "
            }
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
            options: self.field_options(extension.parent_pool(), extension.path()),
        };
        let label = match declared.proto.label() {
            Label::Repeated => "repeated ",
            _ if self.original.has_edition() => "",
            Label::Required => "required ",
            Label::Optional if !self.original.is_proto3() || declared.proto.proto3_optional() => "optional ",
            Label::Optional => "",
        };
        let field = self.declared(extension.path(), label, &declared);
        format!("{head} {{\n{}}}\n", indented(&field))
    }

    fn declared(&self, path: &[i32], label: &str, declared: &Declared<'_>) -> String {
        let proto = declared.proto;
        let mut options = Vec::new();
        if let Some(default) = &proto.default_value {
            options.push(match proto.r#type() {
                Type::String => format!("default = {}", quoted(default.as_bytes())),
                // The descriptor holds the text of bytes escaped already.
                Type::Bytes => format!("default = \"{default}\""),
                _ => format!("default = {default}"),
            });
        }
        let json_name = self.original.json_name(path);
        if let Some(json_name) = json_name.filter(|name| *name != default_json_name(proto.name())) {
            options.push(format!("json_name = {}", quoted(json_name.as_bytes())));
        }
        options.extend(declared.options.iter().cloned());
        let options = in_brackets(&options);
        let number = proto.number();
        match &declared.kind {
            Kind::Message(group) if proto.r#type() == Type::Group && !self.original.has_edition() => {
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
        let path = self.original.enum_path(enumeration.full_name());
        let path = path.unwrap_or_else(|| enumeration.path());
        let pool = enumeration.parent_pool();
        let mut body = options_of(&self.original.options(pool, DescriptorKind::Enum, path));
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
        let reserved = enumeration.reserved_names().filter(|name| !is_mark(name));
        body.extend(self.reserved_names(reserved));
        let mut values: Vec<_> = enumeration.values().collect();
        values.sort_by_key(|value| value.path().last().copied());
        body.extend(values.iter().map(|value| self.enum_value(value)));
        // In the pool its name may begin with those of the messages around it.
        let name = enumeration.name().rsplit('.').next().unwrap_or_default();
        let visibility = self.original.visibility(path);
        self.block(path, &format!("{visibility}enum {name}"), &spaced(body))
    }

    pub(super) fn enum_value(&self, value: &EnumValueDescriptor) -> String {
        let path = self.value_path(value);
        let pool = value.parent_pool();
        let options = self.original.options(pool, DescriptorKind::EnumValue, &path);
        let options = match assignments(&options) {
            options if options.is_empty() => String::new(),
            options => format!(" [{}]", options.join(", ")),
        };
        self.line(&path, &format!("{} = {}{options}", value.name(), value.number()))
    }

    /// The enums of the file or message with this path. The pool may have them elsewhere.
    fn enums(&self, pool: &DescriptorPool, path: &[i32], parts: &mut Parts) {
        for name in self.original.enums_in(path) {
            if let (Some(found), Some(path)) = (pool.get_enum_by_name(name), self.original.enum_path(name)) {
                parts.push((self.comments.place(path), self.enumeration(&found)));
            }
        }
    }

    fn value_path(&self, value: &EnumValueDescriptor) -> Vec<i32> {
        let path = self.original.enum_path(value.parent_enum().full_name());
        match (path, value.path()) {
            (Some(path), [.., 2, index]) => [path, &[2, *index]].concat(),
            (_, path) => path.to_owned(),
        }
    }

    fn field_options(&self, pool: &DescriptorPool, path: &[i32]) -> Vec<String> {
        assignments(&self.original.options(pool, DescriptorKind::Field, path))
    }

    /// Whether a message is the type of an extension that is a group.
    fn is_group(
        &self,
        message: &MessageDescriptor,
        extensions: impl Iterator<Item = ExtensionDescriptor>,
    ) -> bool {
        let mut extensions = extensions.filter(|_| !self.original.has_edition());
        extensions.any(|extension| extension.is_group() && extension.kind().as_message() == Some(message))
    }

    fn reserved_names<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<String> {
        let names: Vec<String> = if self.original.has_edition() {
            names.map(str::to_owned).collect()
        } else {
            names.map(|name| quoted(name.as_bytes())).collect()
        };
        (!names.is_empty()).then(|| format!("reserved {};\n", names.join(", ")))
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

/// Options of one line, or of several.
fn in_brackets(options: &[String]) -> String {
    match options {
        [] => String::new(),
        [only] if !only.contains('\n') => format!(" [{only}]"),
        several => format!(" [\n{}]", indented(&format!("{}\n", several.join(",\n")))),
    }
}

fn options_of(options: &prost_reflect::DynamicMessage) -> Vec<String> {
    assignments(options)
        .into_iter()
        .map(|option| format!("option {option};\n"))
        .collect()
}

fn in_order(mut parts: Parts) -> impl Iterator<Item = String> {
    parts.sort_by_key(|(place, _)| *place);
    parts.into_iter().map(|(_, text)| text)
}
