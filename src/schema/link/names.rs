//! Looks up the names of types in a file, and writes their full names in their place.
//!
//! A file that has been through it means the same in every pool, whatever else is in that pool.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto};

use super::scope::{NotFound, Scope};
use super::symbols::{SymbolKind, qualified};

/// A name that could not be looked up.
#[derive(Debug)]
pub(super) struct UnresolvedName {
    /// The name as it is written.
    pub(super) name: String,
    /// Where it is written: a path of `SourceCodeInfo`.
    pub(super) path: Vec<i32>,
    pub(super) reason: NotFound,
    /// What was looked for: "a message type".
    pub(super) wanted: &'static str,
}

/// Looks up all types of `file`. Returns those that are not found.
pub(super) fn resolve_names(file: &mut FileDescriptorProto, scope: &Scope<'_>) -> Vec<UnresolvedName> {
    let package = file.package().to_owned();
    let mut resolver = Resolver {
        scope,
        path: Vec::new(),
        unresolved: Vec::new(),
    };
    resolver.fields(7, &mut file.extension, &package);
    for (index, message) in (0..).zip(&mut file.message_type) {
        resolver.at(&[4, index], |resolver| resolver.message(message, &package));
    }
    for (index, service) in (0..).zip(&mut file.service) {
        let name = qualified(&package, service.name());
        let methods: Vec<String> = service
            .method
            .iter()
            .map(|method| method.name().to_owned())
            .collect();
        for (method_index, method) in (0..).zip(&mut service.method) {
            resolver.at(&[6, index, 2, method_index], |resolver| {
                resolver.method(method, &name, &methods);
            });
        }
    }
    resolver.unresolved
}

struct Resolver<'r, 'a> {
    scope: &'r Scope<'a>,
    path: Vec<i32>,
    unresolved: Vec<UnresolvedName>,
}

impl Resolver<'_, '_> {
    fn at(&mut self, path: &[i32], visit: impl FnOnce(&mut Self)) {
        let above = self.path.len();
        self.path.extend(path);
        visit(self);
        self.path.truncate(above);
    }

    fn message(&mut self, message: &mut DescriptorProto, scope: &str) {
        let name = qualified(scope, message.name());
        self.fields(2, &mut message.field, &name);
        self.fields(6, &mut message.extension, &name);
        for (index, nested) in (0..).zip(&mut message.nested_type) {
            self.at(&[3, index], |resolver| resolver.message(nested, &name));
        }
    }

    fn fields(&mut self, number: i32, fields: &mut [FieldDescriptorProto], scope: &str) {
        for (index, field) in (0..).zip(fields) {
            self.at(&[number, index], |resolver| resolver.field(field, scope));
        }
    }

    fn field(&mut self, field: &mut FieldDescriptorProto, scope: &str) {
        if let Some(extendee) = &mut field.extendee {
            self.name(
                extendee,
                2,
                scope,
                |kind| kind == SymbolKind::Message,
                "a message type",
            );
        }
        if let Some(name) = &mut field.type_name {
            let found = self.name(name, 6, scope, SymbolKind::is_type, "a message or enum type");
            if let Some(kind) = found.filter(|_| field.r#type != Some(Type::Group.into())) {
                field.set_type(match kind {
                    SymbolKind::Enum => Type::Enum,
                    _ => Type::Message,
                });
            }
        }
    }

    /// The types of a method are looked up in its service, where the names of methods count too.
    fn method(&mut self, method: &mut MethodDescriptorProto, service: &str, methods: &[String]) {
        for (number, name) in [(2, &mut method.input_type), (3, &mut method.output_type)] {
            let Some(name) = name else { continue };
            if methods.contains(name) {
                let outside = service.rsplit_once('.').map_or("", |(package, _)| package);
                let meant = self
                    .scope
                    .resolve(name, outside, |kind| kind == SymbolKind::Message);
                let reason = NotFound::Method {
                    name: qualified(service, name),
                    meant: meant.ok().map(|(full, _)| full),
                };
                self.fail(name, number, reason, "a message type");
            } else {
                self.name(
                    name,
                    number,
                    service,
                    |kind| kind == SymbolKind::Message,
                    "a message type",
                );
            }
        }
    }

    /// Writes the full name in place of `name`.
    fn name(
        &mut self,
        name: &mut String,
        number: i32,
        scope: &str,
        wanted: fn(SymbolKind) -> bool,
        what: &'static str,
    ) -> Option<SymbolKind> {
        match self.scope.resolve(name, scope, wanted) {
            Ok((full, kind)) => {
                *name = format!(".{full}");
                Some(kind)
            }
            Err(reason) => {
                self.fail(name, number, reason, what);
                None
            }
        }
    }

    fn fail(&mut self, name: &str, number: i32, reason: NotFound, wanted: &'static str) {
        let mut path = self.path.clone();
        path.push(number);
        self.unresolved.push(UnresolvedName {
            name: name.to_owned(),
            path,
            reason,
            wanted,
        });
    }
}
