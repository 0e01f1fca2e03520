//! Prints descriptors as proto text, with comments if the compiler kept them.
//!
//! The text compiles to the same descriptors. Names are as short as their scope allows, defaults are left out, and elements
//! are in the order of their source, if it is known. All of it is read from the bytes that are served.

mod comments;
mod element;
mod fields;
mod find;
mod lines;
mod literals;
mod lost;
mod messages;
mod names;
mod options;
mod parts;
mod serialized;
mod types;

use self::element::Printer;
use self::types::Types;
use crate::schema::compiled::Schema;

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
        let tables = self.tables();
        let symbol = symbol.strip_prefix('.').unwrap_or(symbol);
        if let Some(file) = tables.files.iter().position(|file| file.name == symbol) {
            return Some(Printer::new(&Types::of(tables, file)).whole());
        }
        let defines = |name: &str| {
            let mut files = tables.links.iter();
            files.position(|links| links.definitions.names.iter().any(|(known, _)| **known == *name))
        };
        let above = symbol.rsplit_once(['.', '/']);
        let file = defines(symbol).or_else(|| defines(above?.0))?;
        let symbol = above.map_or_else(|| symbol.to_owned(), |(above, last)| format!("{above}.{last}"));
        Printer::new(&Types::of(tables, file)).symbol(&symbol)
    }
}
