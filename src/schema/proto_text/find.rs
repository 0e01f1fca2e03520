//! Finds the element of a file that has a name.

use super::element::{Printer, Within};
use crate::schema::descriptor::{Enum, Field, Message, Service};
use crate::schema::name::{below, qualified};

/// What is in a message, or in a file.
struct Scope<'f> {
    name: String,
    path: Vec<i32>,
    message: Option<&'f Message>,
    messages: &'f [Message],
    enums: &'f [Enum],
    extensions: &'f [Field],
    services: &'f [Service],
}

impl Scope<'_> {
    /// A path to an element of the scope, by the number of its list in a message; those of a file differ.
    fn path(&self, in_message: i32, index: i32) -> Vec<i32> {
        let number = match (self.message, in_message) {
            (Some(_), number) => number,
            (None, 3) => 4,
            (None, 4) => 5,
            (None, _) => 7,
        };
        [&*self.path, &[number, index]].concat()
    }

    fn message(&self, name: &str) -> Option<Self> {
        let (index, message) = named(self.messages, |message| &message.name, name)?;
        Some(Self {
            name: qualified(&self.name, name),
            path: self.path(3, index),
            message: Some(message),
            messages: &message.nested_type,
            enums: &message.enum_type,
            extensions: &message.extension,
            services: &[],
        })
    }
}

/// The element of a list that has a name, and its index.
fn named<'f, T>(list: &'f [T], name_of: impl Fn(&T) -> &str, name: &str) -> Option<(i32, &'f T)> {
    (0..).zip(list).find(|(_, element)| name_of(element) == name)
}

impl Printer<'_> {
    /// The element with this full name, by itself.
    pub(super) fn symbol(&self, symbol: &str) -> Option<String> {
        let file = &self.file;
        let below = below(&file.package, symbol)?;
        let mut scope = Scope {
            name: file.package.clone(),
            path: Vec::new(),
            message: None,
            messages: &file.message_type,
            enums: &file.enum_type,
            extensions: &file.extension,
            services: &file.service,
        };
        let mut parts = below.split('.').peekable();
        while let Some(part) = parts.next() {
            let Some(next) = parts.peek() else {
                return self.in_scope(&scope, part);
            };
            match scope.message(part) {
                Some(inner) => scope = inner,
                None => return self.member_of(&scope, part, next).filter(|_| parts.count() == 1),
            }
        }
        None
    }

    fn in_scope(&self, scope: &Scope<'_>, name: &str) -> Option<String> {
        if let Some(found) = scope.message(name) {
            return Some(self.message(&Within {
                message: found.message?,
                name: &found.name,
                path: &found.path,
            }));
        }
        if let Some((index, service)) = named(scope.services, |service| &service.name, name) {
            return Some(self.service(service, &[6, index]));
        }
        if let Some((index, found)) = named(scope.enums, |found| &found.name, name) {
            return Some(self.enumeration(found, &scope.name, &scope.path(4, index)));
        }
        if let Some((index, extension)) = named(scope.extensions, |extension| &extension.name, name) {
            return Some(self.extension(extension, &scope.name, &scope.path(6, index)));
        }
        if let Some(message) = scope.message {
            let within = Within {
                message,
                name: &scope.name,
                path: &scope.path,
            };
            if let Some((index, field)) = named(&message.field, |field| &field.name, name) {
                return Some(self.field(field, &within, &scope.path(2, index)));
            }
            if let Some((index, oneof)) = named(&message.oneof_decl, |oneof| &oneof.name, name) {
                return Some(self.oneof(oneof, &within, index));
            }
        }
        // Values of an enum are in the scope of their enum.
        let mut enums = (0..).zip(scope.enums);
        enums.find_map(|(index, found)| self.value_of(scope, index, found, name))
    }

    /// A method of a service, or a value of an enum by the name of the enum.
    fn member_of(&self, scope: &Scope<'_>, of: &str, name: &str) -> Option<String> {
        if let Some((index, found)) = named(scope.enums, |found| &found.name, of) {
            return self.value_of(scope, index, found, name);
        }
        let (index, service) = named(scope.services, |service| &service.name, of)?;
        let (method_index, method) = named(&service.method, |method| &method.name, name)?;
        let path = [6, index, 2, method_index];
        Some(self.method(method, &qualified(&scope.name, of), &path))
    }

    fn value_of(&self, scope: &Scope<'_>, index: i32, found: &Enum, name: &str) -> Option<String> {
        let (value_index, value) = named(&found.value, |value| &value.name, name)?;
        let path = [&*scope.path(4, index), &[2, value_index]].concat();
        Some(self.enum_value(value, &scope.name, &path))
    }
}
