//! ProtoJSON in the caller's style: over several lines, with defaults, with the names of the proto.
//!
//! The printer also keeps the types of `Any`s that it does not know, so that a client can ask its server for them.

use std::cell::RefCell;
use std::fmt;

use prost_reflect::DescriptorPool;
use serde::Serializer;

use super::depth::check_anys_and_times;
use super::layout::Layout;
use super::output::{JsonStyle, serialize_json};
use crate::message::error::MessageError;
use crate::message::message::Message;
use crate::message::unknown_types::UnknownTypes;

/// Prints messages as ProtoJSON: fields by number, map keys sorted.
///
/// [`Message::to_json`] is enough for a program to read; this is for people.
///
/// ```
/// use protod::message::JsonPrinter;
/// use protod::{Message, Schema};
///
/// let schema = Schema::from_source(
///     "text.proto",
///     r#"syntax = "proto3"; message Text { string text = 1; int32 stars = 2; }"#,
/// )?;
/// let text = schema.pool().get_message_by_name("Text").expect("it is there");
/// let message = Message::from_json(text, r#"{"text": "hello"}"#)?;
/// let json = JsonPrinter::new().pretty(true).emit_defaults(true).print(&message)?;
/// assert_eq!(json, "{\n  \"text\": \"hello\",\n  \"stars\": 0\n}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct JsonPrinter {
    pretty: bool,
    emit_defaults: bool,
    proto_names: bool,
    unknown_any_as_bytes: bool,
    pools: Vec<DescriptorPool>,
    /// The types that no pool has.
    unknown: UnknownTypes,
}

impl JsonPrinter {
    /// Prints on one line, with JSON names, and without fields that are unset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to print over several lines, with two spaces of indent, and whole floats without `.0`. Default: no.
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }

    /// Whether to print fields that are unset too, with their defaults. Default: no.
    pub fn emit_defaults(mut self, emit_defaults: bool) -> Self {
        self.emit_defaults = emit_defaults;
        self
    }

    /// Whether fields have the names of the proto, and not those of JSON. Default: no.
    pub fn proto_names(mut self, proto_names: bool) -> Self {
        self.proto_names = proto_names;
        self
    }

    /// Whether an `Any` of an unknown type is printed, with its bytes as `@value`, as grpcurl does. Default: no, it is
    /// an error.
    pub fn unknown_any_as_bytes(mut self, unknown_any_as_bytes: bool) -> Self {
        self.unknown_any_as_bytes = unknown_any_as_bytes;
        self
    }

    /// Also looks up the types in `Any`s in this pool, after the message's own and those that were added before.
    pub fn add_pool(&mut self, pool: DescriptorPool) {
        self.pools.push(pool);
    }

    /// The message as JSON, without a newline at its end.
    ///
    /// Fails where [`Message::to_json`] does.
    pub fn print(&mut self, message: &Message) -> Result<String, MessageError> {
        let mut json = Vec::new();
        if self.pretty {
            let mut serializer = serde_json::Serializer::with_formatter(&mut json, Layout::new());
            self.write(message, &mut serializer)?;
        } else {
            self.write(message, &mut serde_json::Serializer::new(&mut json))?;
        }
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }

    fn write<S: Serializer<Error = serde_json::Error>>(
        &mut self,
        message: &Message,
        serializer: S,
    ) -> Result<(), MessageError> {
        let message = message.as_dynamic()?;
        check_anys_and_times(&message, &self.pools)?;
        let unknown = RefCell::new(&mut self.unknown);
        let note_unknown = |name: &str| unknown.borrow_mut().note(name);
        let style = JsonStyle {
            emit_defaults: self.emit_defaults,
            proto_names: self.proto_names,
            pools: &self.pools,
            show_unknown: self.unknown_any_as_bytes.then_some(&note_unknown),
            value_of_empty: true,
        };
        serialize_json(&message, &style, serializer).map_err(MessageError::json)?;
        Ok(())
    }

    /// The names of the types in `Any`s that were printed as bytes. Each is returned once in the printer's life.
    pub fn take_unknown_types(&mut self) -> Vec<String> {
        self.unknown.take_new()
    }
}

/// Without the pools: they are long, and recursive types make prost-reflect's own `Debug` run for ever.
impl fmt::Debug for JsonPrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonPrinter")
            .field("pretty", &self.pretty)
            .field("emit_defaults", &self.emit_defaults)
            .field("proto_names", &self.proto_names)
            .field("unknown_any_as_bytes", &self.unknown_any_as_bytes)
            .finish_non_exhaustive()
    }
}
