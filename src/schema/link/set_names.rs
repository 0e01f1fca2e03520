//! The names in a descriptor set, which no parser has seen.
//!
//! protoc takes letters, digits and underscores, and a digit may come first, which no text can write. Everything else would be
//! a path that no client calls, or a name that other tools refuse.

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::schema::name::qualified;

/// What is wrong with the names in a file, each in words with the name of what it is in.
pub(super) fn odd_names(file: &FileDescriptorProto) -> Vec<String> {
    let mut odd = OddNames::default();
    let package = file.package();
    if !package.is_empty() && !package.split('.').all(is_identifier) {
        odd.0.push(format!(
            "the package '{package}' is no identifiers with dots between them"
        ));
    }
    for message in &file.message_type {
        odd.message(message, package);
    }
    for found in &file.enum_type {
        odd.enumeration(found, package);
    }
    odd.fields(&file.extension, "an extension", package);
    for service in &file.service {
        odd.name(service.name(), "a service", package);
        let name = qualified(package, service.name());
        for method in &service.method {
            odd.name(method.name(), "a method", &name);
        }
    }
    odd.0
}

#[derive(Default)]
struct OddNames(Vec<String>);

impl OddNames {
    fn message(&mut self, message: &DescriptorProto, scope: &str) {
        self.name(message.name(), "a message", scope);
        let name = qualified(scope, message.name());
        self.fields(&message.field, "a field", &name);
        self.fields(&message.extension, "an extension", &name);
        for oneof in &message.oneof_decl {
            self.name(oneof.name(), "a oneof", &name);
        }
        for nested in &message.nested_type {
            self.message(nested, &name);
        }
        for found in &message.enum_type {
            self.enumeration(found, &name);
        }
    }

    fn enumeration(&mut self, found: &EnumDescriptorProto, scope: &str) {
        self.name(found.name(), "an enum", scope);
        let name = qualified(scope, found.name());
        for value in &found.value {
            self.name(value.name(), "a value", &name);
        }
    }

    fn fields(&mut self, fields: &[FieldDescriptorProto], what: &str, scope: &str) {
        for field in fields {
            self.name(field.name(), what, scope);
        }
    }

    fn name(&mut self, name: &str, what: &str, scope: &str) {
        if is_identifier(name) {
            return;
        }
        let place = if scope.is_empty() {
            String::new()
        } else {
            format!(" of '{scope}'")
        };
        self.0.push(if name.is_empty() {
            format!("{what}{place} has no name")
        } else {
            format!(
                "the name '{}' of {what}{place} is no identifier",
                name.escape_debug()
            )
        });
    }
}

fn is_identifier(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(is_allowed)
}
