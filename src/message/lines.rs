//! Messages as lines of a file: of JSON, or of CSV.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::error::MessageError;
use super::json::JsonPrinter;
use super::message::Message;
use crate::schema::field_name;

/// What the lines of a file are, which [`MessageLines`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineFormat {
    /// A message in ProtoJSON on each line.
    #[default]
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names, as RFC 4180 has it. What is no scalar is JSON. A
    /// cell with nothing in it is a field that is not set; one that is set to an empty text is `""`.
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
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    /// The name of its field in the proto.
    name: String,
    /// What its cell is if it is not set: where that is no other than set to its default, the default.
    default: String,
    /// Whether it may be set and empty, which is not the same as not set.
    has_presence: bool,
    /// Whether it may be any JSON, of which a text has its quotes.
    is_any_json: bool,
}

impl MessageLines {
    /// For messages of this type.
    pub fn new(format: LineFormat, message: &MessageDescriptor) -> Self {
        let mut printer = JsonPrinter::new().proto_names(format == LineFormat::Csv);
        printer.add_pool(message.parent_pool().clone());
        let own = &message.descriptor_proto().field;
        Self {
            format,
            printer,
            columns: own
                .iter()
                .filter_map(|field| message.get_field_by_name(field.name()))
                .map(|field| Column::new(&field))
                .collect(),
        }
    }

    /// What comes before the messages.
    pub fn head(&self) -> String {
        match self.format {
            LineFormat::Ndjson => String::new(),
            LineFormat::Csv => {
                let mut line = String::new();
                for (place, column) in self.columns.iter().enumerate() {
                    if place > 0 {
                        line.push(',');
                    }
                    put_cell(&column.name, &mut line);
                }
                line + "\n"
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
                // Alone in its line, nothing is no message.
                let is_alone = self.columns.len() == 1;
                for (place, column) in self.columns.iter().enumerate() {
                    if place > 0 {
                        lines.push(',');
                    }
                    column.put(object.get(&column.name), is_alone, lines);
                }
            }
        }
        lines.push('\n');
        Ok(())
    }
}

impl Column {
    fn new(field: &FieldDescriptor) -> Self {
        let is_any_json = matches!(field.kind(), Kind::Message(of) if of.full_name() == "google.protobuf.Value")
            && !field.is_list()
            && !field.is_map();
        Self {
            name: field_name(field).to_owned(),
            default: default_of(field),
            has_presence: field.supports_presence(),
            is_any_json,
        }
    }

    /// Adds its cell. Alone in a line, a cell with nothing in it would be no message.
    fn put(&self, value: Option<&Value>, is_alone: bool, lines: &mut String) {
        let before = lines.len();
        match value {
            Some(value) if self.is_any_json => put_cell(&value.to_string(), lines),
            Some(Value::String(text)) if text.is_empty() && self.has_presence => *lines += "\"\"",
            Some(Value::String(text)) => put_cell(text, lines),
            Some(value) => put_cell(&value.to_string(), lines),
            None => put_cell(&self.default, lines),
        }
        if is_alone && lines.len() == before {
            *lines += "\"\"";
        }
    }
}

/// The cell of a field that is not set.
fn default_of(field: &FieldDescriptor) -> String {
    if field.is_map() {
        return "{}".to_owned();
    }
    if field.is_list() {
        return "[]".to_owned();
    }
    match field.kind() {
        _ if field.supports_presence() => String::new(),
        Kind::String | Kind::Bytes | Kind::Message(_) => String::new(),
        Kind::Bool => "false".to_owned(),
        Kind::Enum(of) => of.default_value().name().to_owned(),
        _ => "0".to_owned(),
    }
}

/// Writes a cell, in quotes if it needs them.
fn put_cell(text: &str, lines: &mut String) {
    if text.contains([',', '"', '\n', '\r']) {
        lines.push('"');
        for character in text.chars() {
            if character == '"' {
                lines.push('"');
            }
            lines.push(character);
        }
        lines.push('"');
    } else {
        *lines += text;
    }
}
