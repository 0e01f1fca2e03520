//! Prints descriptors as proto text, with comments if the compiler kept them.
//!
//! The text compiles to the same descriptors. Names are as short as their scope allows, defaults are left out, and elements
//! are in the order of their source, if it is known.

mod comments;
mod element;
mod lines;
mod names;
mod options;
mod original;

use prost_reflect::FileDescriptor;

use self::element::Printer;
use crate::schema::compiled::Schema;
use crate::schema::features::original_name;

impl Schema {
    /// A service, method, message, field, oneof, enum, enum value, extension or file as proto text. Returns `None` if the
    /// schema has no such symbol. A member of a message or enum is printed by itself.
    ///
    /// ```
    /// let schema = protod::Schema::from_source("greeting.proto", r#"
    ///     syntax = "proto3";
    ///     package greeting;
    ///     // Somebody's name.
    ///     message Name { string text = 1; }
    /// "#)?;
    /// let text = schema.proto_text("greeting.Name").expect("it is there");
    /// assert_eq!(text, "// Somebody's name.\nmessage Name {\n  string text = 1;\n}\n");
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn proto_text(&self, symbol: &str) -> Option<String> {
        let symbol = symbol.strip_prefix('.').unwrap_or(symbol);
        let pool = self.pool();
        if let Some(file) = pool.get_file_by_name(symbol) {
            return Some(self.printer_of(&file).file(&file));
        }
        find(self, symbol)
    }
}

impl Schema {
    /// The printer of a file of the pool.
    fn printer_of(&self, file: &FileDescriptor) -> Printer {
        // A file with an edition may be two in the pool.
        let name = original_name(file.name());
        let file = self.files().iter().find(|known| known.name == name);
        Printer::of(file.map(|file| &*file.descriptor).unwrap_or_default())
    }
}

/// Prints the symbol by itself.
fn find(schema: &Schema, symbol: &str) -> Option<String> {
    let pool = schema.pool();
    if let Some(message) = pool.get_message_by_name(symbol) {
        return Some(schema.printer_of(&message.parent_file()).message(&message));
    }
    if let Some(service) = pool.get_service_by_name(symbol) {
        return Some(schema.printer_of(&service.parent_file()).service(&service));
    }
    if let Some(enumeration) = pool.get_enum_by_name(symbol) {
        return Some(
            schema
                .printer_of(&enumeration.parent_file())
                .enumeration(&enumeration),
        );
    }
    if let Some(extension) = pool.get_extension_by_name(symbol) {
        return Some(schema.printer_of(&extension.parent_file()).extension(&extension));
    }
    let (parent, name) = symbol.rsplit_once(['.', '/'])?;
    if let Some(service) = pool.get_service_by_name(parent) {
        let method = service.methods().find(|method| method.name() == name)?;
        return Some(schema.printer_of(&service.parent_file()).method(&method));
    }
    if let Some(message) = pool.get_message_by_name(parent) {
        let printer = schema.printer_of(&message.parent_file());
        if let Some(field) = message.get_field_by_name(name) {
            return Some(printer.field(&field));
        }
        if let Some(oneof) = message.oneofs().find(|oneof| oneof.name() == name) {
            return Some(printer.oneof(&oneof));
        }
    }
    // Enum values are in the scope of their enum. The enum's own name works too.
    let mut enums = pool.all_enums().filter(|enumeration| {
        let scope = enumeration
            .full_name()
            .rsplit_once('.')
            .map_or("", |(scope, _)| scope);
        scope == parent || enumeration.full_name() == parent
    });
    enums.find_map(|enumeration| {
        let value = enumeration.get_value_by_name(name)?;
        Some(schema.printer_of(&enumeration.parent_file()).enum_value(&value))
    })
}
