//! Messages as lines.

use clap::ValueEnum;
use prost_reflect::MessageDescriptor;
use protod::Message;
use protod::message::JsonPrinter;
use serde_json::Value;

use crate::failure::Failure;

/// What the lines of an export are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A message in JSON on each line
    #[default]
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names. What is no scalar is JSON
    Csv,
}

/// Writes messages of one type.
pub(super) struct Lines {
    format: Format,
    printer: JsonPrinter,
    /// The fields, in the order of the proto.
    fields: Vec<String>,
}

impl Lines {
    pub(super) fn new(format: Format, message: &MessageDescriptor) -> Self {
        let is_csv = format == Format::Csv;
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
    pub(super) fn head(&self) -> String {
        match self.format {
            Format::Ndjson => String::new(),
            Format::Csv => {
                let names: Vec<String> = self.fields.iter().map(|name| cell(name)).collect();
                names.join(",") + "\n"
            }
        }
    }

    /// Adds the line of a message.
    pub(super) fn add(&mut self, message: &Message, lines: &mut String) -> Result<(), Failure> {
        let unprintable = |error| Failure::caused("a message cannot be written as JSON", error);
        let json = self.printer.print(message).map_err(unprintable)?;
        match self.format {
            Format::Ndjson => *lines += &json,
            Format::Csv => {
                let object: Value = serde_json::from_str(&json)
                    .map_err(|error| Failure::caused("a message cannot be written as CSV", error))?;
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

/// A cell of CSV, after RFC 4180.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
