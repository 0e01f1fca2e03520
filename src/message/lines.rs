//! Messages as lines of a file: of JSON, or of CSV.

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use super::error::MessageError;
use super::json::JsonPrinter;
use super::message::Message;

/// What the lines of a file are, which [`MessageLines`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineFormat {
    /// A message in ProtoJSON on each line.
    #[default]
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names, as RFC 4180 has it. What is no scalar is JSON.
    Csv,
}

/// Writes messages of one type as lines.
///
/// ```
/// use protod::message::{LineFormat, MessageLines};
/// use protod::{Message, Schema};
///
/// let schema = Schema::from_source(
///     "point.proto",
///     r#"syntax = "proto3"; message Point { string name = 1; int32 value = 2; }"#,
/// )?;
/// let point = schema.pool().get_message_by_name("Point").expect("it is there");
/// let mut lines = MessageLines::new(LineFormat::Csv, &point);
/// let mut text = lines.head();
/// lines.add(&Message::from_json(point, r#"{"name": "a, b"}"#)?, &mut text)?;
/// assert_eq!(text, "name,value\n\"a, b\",0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageLines {
    format: LineFormat,
    printer: JsonPrinter,
    /// The fields, in the order of the proto.
    fields: Vec<String>,
}

impl MessageLines {
    /// For messages of this type.
    pub fn new(format: LineFormat, message: &MessageDescriptor) -> Self {
        let is_csv = format == LineFormat::Csv;
        let mut printer = JsonPrinter::new().emit_defaults(is_csv).proto_names(is_csv);
        printer.add_pool(message.parent_pool().clone());
        let own = &message.descriptor_proto().field;
        Self {
            format,
            printer,
            fields: own.iter().map(|field| field.name().to_owned()).collect(),
        }
    }

    /// What comes before the messages.
    pub fn head(&self) -> String {
        match self.format {
            LineFormat::Ndjson => String::new(),
            LineFormat::Csv => {
                let names: Vec<String> = self.fields.iter().map(|name| cell(name)).collect();
                names.join(",") + "\n"
            }
        }
    }

    /// Adds the line of a message.
    ///
    /// Fails where [`Message::to_json`] does; nothing is added then.
    pub fn add(&mut self, message: &Message, lines: &mut String) -> Result<(), MessageError> {
        let json = self.printer.print(message)?;
        match self.format {
            LineFormat::Ndjson => *lines += &json,
            LineFormat::Csv => {
                let object: Value = serde_json::from_str(&json).map_err(MessageError::json)?;
                for (place, field) in self.fields.iter().enumerate() {
                    if place > 0 {
                        lines.push(',');
                    }
                    match object.get(field) {
                        None | Some(Value::Null) => {}
                        Some(Value::String(text)) => *lines += &cell(text),
                        Some(value) => *lines += &cell(&value.to_string()),
                    }
                }
            }
        }
        lines.push('\n');
        Ok(())
    }
}

/// A cell of CSV.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
