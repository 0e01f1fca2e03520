//! [`Printer`]: files, services and enums as proto text.
//!
//! Elements are printed in the order of their source, if it is known, with the comments before and after them.

use std::fmt::Write as _;

use super::comments::Comments;
use super::lines::{indented, spaced};
use super::lost::Lost;
use super::names::type_name;
use super::options::Options;
use super::parts::Parts;
use super::types::Types;
use crate::schema::descriptor::{
    Enum, EnumValue, File, Message, Method, ReservedRange, Service, VISIBILITY_EXPORT, VISIBILITY_LOCAL,
};
use crate::schema::features::edition_name;
use crate::schema::name::qualified;
use crate::schema::quoted::{escaped, quoted};

/// Prints the elements of one file.
pub(super) struct Printer<'s> {
    pub(super) file: &'s File,
    pub(super) types: &'s Types<'s>,
    pub(super) options: Options,
    pub(super) comments: Comments,
}

/// A message, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Within<'m> {
    pub(super) message: &'m Message,
    /// Its full name.
    pub(super) name: &'m str,
    pub(super) path: &'m [i32],
}

impl<'s> Printer<'s> {
    pub(super) fn new(types: &'s Types<'s>) -> Self {
        let (file, bytes) = types.printed();
        Self {
            file,
            types,
            options: Options::of(bytes, Lost::of(file, types).as_ref()),
            comments: Comments::of(bytes),
        }
    }

    pub(super) fn has_edition(&self) -> bool {
        self.file.syntax == "editions"
    }

    pub(super) fn is_proto3(&self) -> bool {
        self.file.syntax == "proto3"
    }

    /// The whole file.
    pub(super) fn whole(&self) -> String {
        let file = self.file;
        let mut text = format!("{}{}", self.comments.before(&[12]), self.syntax());
        if !file.package.is_empty() {
            let before = self.comments.before(&[2]);
            let _ = write!(text, "\n{before}package {};\n", file.package);
        }
        if !file.dependency.is_empty() || !file.option_dependency.is_empty() {
            text.push('\n');
        }
        for (index, name) in (0..).zip(&file.dependency) {
            let kind = match index {
                index if file.public_dependency.contains(&index) => "public ",
                index if file.weak_dependency.contains(&index) => "weak ",
                _ => "",
            };
            let before = self.comments.before(&[3, index]);
            let _ = writeln!(text, "{before}import {kind}{};", quoted(name.as_bytes()));
        }
        for (index, name) in (0..).zip(&file.option_dependency) {
            let before = self.comments.before(&[15, index]);
            let _ = writeln!(text, "{before}import option {};", quoted(name.as_bytes()));
        }
        let options = self.options_of(&[], &file.package);
        if !options.is_empty() {
            text.push('\n');
        }
        text += &options.concat();
        let mut parts = Parts::default();
        self.enums(&file.enum_type, &file.package, &[], &mut parts);
        self.file_messages(&mut parts);
        for (index, service) in (0..).zip(&file.service) {
            let path = [6, index];
            parts.push(self.comments.place(&path), self.service(service, &path));
        }
        for part in parts.in_order() {
            text.push('\n');
            text += &part;
        }
        text
    }

    /// The statement that the file begins with.
    fn syntax(&self) -> String {
        match &*self.file.syntax {
            "editions" => format!("edition = \"{}\";\n", edition_name(self.file.edition)),
            "" => "syntax = \"proto2\";\n".to_owned(),
            syntax => format!("syntax = \"{syntax}\";\n"),
        }
    }

    pub(super) fn service(&self, service: &Service, path: &[i32]) -> String {
        let mut body = self.options_of(path, &self.file.package);
        let name = qualified(&self.file.package, &service.name);
        for (index, method) in (0..).zip(&service.method) {
            body.push(self.method(method, &name, &[path, &[2, index]].concat()));
        }
        self.block(path, &format!("service {}", service.name), &spaced(body))
    }

    pub(super) fn method(&self, method: &Method, service: &str, path: &[i32]) -> String {
        let message = |name: &str, is_stream: bool| {
            let stream = if is_stream { "stream " } else { "" };
            format!("{stream}{}", self.name(service, name))
        };
        let input = message(&method.input_type, method.client_streaming);
        let output = message(&method.output_type, method.server_streaming);
        let head = format!("rpc {}({input}) returns ({output})", method.name);
        if self.options.has(path) {
            self.block(path, &head, &self.options_of(path, service).concat())
        } else {
            self.line(path, &head)
        }
    }

    /// The enums of the file, or of the message with this name and path.
    pub(super) fn enums(&self, enums: &[Enum], scope: &str, path: &[i32], parts: &mut Parts) {
        let list = if path.is_empty() { 5 } else { 4 };
        for (index, found) in (0..).zip(enums) {
            let path = [path, &[list, index]].concat();
            parts.push(self.comments.place(&path), self.enumeration(found, scope, &path));
        }
    }

    pub(super) fn enumeration(&self, found: &Enum, scope: &str, path: &[i32]) -> String {
        let mut body = self.options_of(path, scope);
        let range = |range: &ReservedRange| match (range.start, range.end) {
            (start, i32::MAX) => format!("{start} to max"),
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start} to {end}"),
        };
        let ranges: Vec<String> = found.reserved_range.iter().map(range).collect();
        body.extend(self.reserved(&ranges, &found.reserved_name));
        for (index, value) in (0..).zip(&found.value) {
            body.push(self.enum_value(value, scope, &[path, &[2, index]].concat()));
        }
        let head = format!("{}enum {}", visibility(found.visibility), found.name);
        self.block(path, &head, &spaced(body))
    }

    /// A value of an enum in `scope`.
    pub(super) fn enum_value(&self, value: &EnumValue, scope: &str, path: &[i32]) -> String {
        let options = match self.options.assignments(self.types, path, scope) {
            options if options.is_empty() => String::new(),
            options => format!(" [{}]", options.join(", ")),
        };
        self.line(path, &format!("{} = {}{options}", value.name, value.number))
    }

    /// What numbers and names are reserved.
    pub(super) fn reserved(&self, ranges: &[String], names: &[Vec<u8>]) -> Vec<String> {
        let statement =
            |what: &[String]| (!what.is_empty()).then(|| format!("reserved {};\n", what.join(", ")));
        let written = |name: &Vec<u8>| {
            if self.has_edition() {
                escaped(name)
            } else {
                quoted(name)
            }
        };
        let names: Vec<String> = names.iter().map(written).collect();
        statement(ranges).into_iter().chain(statement(&names)).collect()
    }

    /// The options of an element in `scope`, each as a statement.
    pub(super) fn options_of(&self, path: &[i32], scope: &str) -> Vec<String> {
        let options = self.options.assignments(self.types, path, scope);
        options
            .into_iter()
            .map(|option| format!("option {option};\n"))
            .collect()
    }

    /// The shortest name of a type in a scope.
    pub(super) fn name(&self, scope: &str, full_name: &str) -> String {
        type_name(self.types, scope, full_name.trim_start_matches('.')).into_owned()
    }

    /// One line with its comments.
    pub(super) fn line(&self, path: &[i32], text: &str) -> String {
        let before = self.comments.before(path);
        match self.comments.after(path) {
            None => format!("{before}{text};\n"),
            Some(after) if after.lines().count() == 1 => format!("{before}{text}; {after}"),
            Some(after) => format!("{before}{text};\n{after}"),
        }
    }

    /// A block in braces with its comments.
    pub(super) fn block(&self, path: &[i32], head: &str, body: &str) -> String {
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

/// `export` or `local` and a blank, where it is written.
pub(super) fn visibility(visibility: i32) -> &'static str {
    match visibility {
        VISIBILITY_LOCAL => "local ",
        VISIBILITY_EXPORT => "export ",
        _ => "",
    }
}
