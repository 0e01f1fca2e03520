//! Looks up the names of types in a file, and writes their full names in their place.
//!
//! A file that has been through it means the same in every pool, whatever else is in that pool.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto};

use super::scope::{Members, NotFound, Scope};
use crate::schema::definitions::SymbolKind;
use crate::schema::each::each_message_of;
use crate::schema::element_path::ElementPath;
use crate::schema::kind::scalar_named;
use crate::schema::name::qualified;

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
    let mut extends_within = false;
    each_message_of(file, |message| extends_within |= !message.extension.is_empty());
    let mut resolver = Resolver {
        scope,
        members: if extends_within {
            Members::of(file)
        } else {
            Members::default()
        },
        unresolved: Vec::new(),
    };
    resolver.fields(&mut file.extension, &package, |index| {
        ElementPath::in_file(7, index)
    });
    for (index, message) in file.message_type.iter_mut().enumerate() {
        resolver.message(message, &package, &ElementPath::in_file(4, index));
    }
    for (index, service) in file.service.iter_mut().enumerate() {
        let path = ElementPath::in_file(6, index);
        let name = qualified(&package, service.name());
        let methods: Vec<String> = service
            .method
            .iter()
            .map(|method| method.name().to_owned())
            .collect();
        for (index, method) in service.method.iter_mut().enumerate() {
            resolver.method(method, &name, &methods, &path.element(2, index));
        }
    }
    resolver.unresolved
}

struct Resolver<'r, 'a> {
    scope: &'r Scope<'a>,
    /// Those of the file, if they may hide what an extension extends.
    members: Members,
    unresolved: Vec<UnresolvedName>,
}

impl Resolver<'_, '_> {
    fn message(&mut self, message: &mut DescriptorProto, scope: &str, path: &ElementPath<'_>) {
        let name = qualified(scope, message.name());
        self.fields(&mut message.field, &name, |index| path.element(2, index));
        self.fields(&mut message.extension, &name, |index| path.element(6, index));
        for (index, nested) in message.nested_type.iter_mut().enumerate() {
            self.message(nested, &name, &path.element(3, index));
        }
    }

    fn fields<'p>(
        &mut self,
        fields: &mut [FieldDescriptorProto],
        scope: &str,
        path: impl Fn(usize) -> ElementPath<'p>,
    ) {
        for (index, field) in fields.iter_mut().enumerate() {
            self.field(field, scope, &path(index));
        }
    }

    fn field(&mut self, field: &mut FieldDescriptorProto, scope: &str, path: &ElementPath<'_>) {
        if let Some(extendee) = &mut field.extendee {
            self.message_name(extendee, &path.field(2), scope);
        }
        if let Some(name) = &mut field.type_name {
            let found = self.type_name(name, &path.field(6), scope);
            if let Some(kind) = found.filter(|_| field.r#type != Some(Type::Group.into())) {
                field.set_type(match kind {
                    SymbolKind::Enum => Type::Enum,
                    _ => Type::Message,
                });
            }
        }
    }

    /// The types of a method are looked up in its service, where the names of methods count too.
    fn method(
        &mut self,
        method: &mut MethodDescriptorProto,
        service: &str,
        methods: &[String],
        path: &ElementPath<'_>,
    ) {
        for (number, name) in [(2, &mut method.input_type), (3, &mut method.output_type)] {
            let Some(name) = name else { continue };
            let path = path.field(number);
            if methods.contains(name) {
                let outside = service.rsplit_once('.').map_or("", |(package, _)| package);
                let meant = self.scope.resolve(name, outside, SymbolKind::is_message);
                let reason = NotFound::Method {
                    name: qualified(service, name),
                    meant: meant.ok().map(|(full, _)| full),
                };
                self.fail(name, &path, reason, "a message type");
            } else {
                self.message_name(name, &path, service);
            }
        }
    }

    /// Writes the full name of a type of a field in place of `name`.
    fn type_name(&mut self, name: &mut String, path: &ElementPath<'_>, scope: &str) -> Option<SymbolKind> {
        let found = self.scope.resolve(name, scope, SymbolKind::is_type);
        self.write(found, name, path, "a message or enum type")
    }

    /// Writes the full name of what an extension extends, or a method takes, in place of `name`.
    fn message_name(&mut self, name: &mut String, path: &ElementPath<'_>, scope: &str) {
        // A message of this name is found with a dot in front.
        let first = name.split('.').next().unwrap_or_default();
        if first == "group" || scalar_named(first).is_some() {
            self.fail(name, path, NotFound::Unknown, "a message type");
            return;
        }
        let found = self
            .scope
            .nearest(name, scope, SymbolKind::is_message, &self.members);
        self.write(found, name, path, "a message type");
    }

    fn write(
        &mut self,
        found: Result<(String, SymbolKind), NotFound>,
        name: &mut String,
        path: &ElementPath<'_>,
        what: &'static str,
    ) -> Option<SymbolKind> {
        match found {
            Ok((full, kind)) => {
                if let Some(reason) = self.scope.local_elsewhere(&full) {
                    self.fail(name, path, reason, what);
                    return None;
                }
                *name = format!(".{full}");
                Some(kind)
            }
            Err(reason) => {
                self.fail(name, path, reason, what);
                None
            }
        }
    }

    fn fail(&mut self, name: &str, path: &ElementPath<'_>, reason: NotFound, wanted: &'static str) {
        self.unresolved.push(UnresolvedName {
            name: name.to_owned(),
            path: path.numbers(),
            reason,
            wanted,
        });
    }
}
