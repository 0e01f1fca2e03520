//! Messages in the protobuf text format, over several lines.
//!
//! prost-reflect prints maps in another order each time. Here the entries of a map are in the order of their keys, so that
//! the same message is always the same text. In everything else the two agree.
//!
//! It recurses as deep as the message nests: who prints has bounded that.

use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, MessageDescriptor, UnknownField, Value};

use super::named::field_name;

/// Where the types of `Any`s are looked up. The contents of one whose type is known are printed as a message.
pub(crate) struct AnyTypes<'p> {
    /// They are asked after the pool of the `Any` itself.
    pub(crate) pools: &'p [DescriptorPool],
    /// Is told the types that none has.
    pub(crate) unknown: &'p mut dyn FnMut(&str),
}

/// The text of a message, unknown fields by number, without a line break at its end.
pub(crate) fn text_format(message: &DynamicMessage, anys: AnyTypes<'_>) -> String {
    let mut printer = Printer {
        text: String::new(),
        indent: 0,
        anys,
    };
    printer.message(message);
    printer.text
}

struct Printer<'p> {
    text: String,
    /// In columns.
    indent: usize,
    anys: AnyTypes<'p>,
}

/// A field of a message that is set.
enum Set<'m> {
    Known(String, Kind, &'m Value),
    Unknown(&'m UnknownField),
}

impl Printer<'_> {
    fn message(&mut self, message: &DynamicMessage) {
        let AnyTypes { pools, unknown } = &mut self.anys;
        if let Some((url, contents)) = unpacked(message, pools, unknown) {
            let _ = write!(self.text, "[{url}]");
            self.field_value(&Value::Message(contents), None);
            return;
        }
        for (at, (_, field)) in set_fields(message).into_iter().enumerate() {
            if at > 0 {
                self.line();
            }
            match field {
                Set::Known(name, kind, value) => {
                    self.text.push_str(&name);
                    self.field_value(value, Some(&kind));
                }
                Set::Unknown(field) => self.indented(&format!("{field:#}")),
            }
        }
    }

    fn field_value(&mut self, value: &Value, kind: Option<&Kind>) {
        let colon = if matches!(value, Value::Message(_)) {
            " "
        } else {
            ": "
        };
        self.text.push_str(colon);
        self.value(value, kind);
    }

    fn value(&mut self, value: &Value, kind: Option<&Kind>) {
        match value {
            // The shortest digits, and 1e300 rather than 301 of them.
            Value::F32(number) => self.show(format_args!("{number:?}")),
            Value::F64(number) => self.show(format_args!("{number:?}")),
            Value::EnumNumber(number) => {
                let value = kind
                    .and_then(Kind::as_enum)
                    .and_then(|kind| kind.get_value(*number));
                match value {
                    Some(value) => self.text.push_str(value.name()),
                    None => self.show(format_args!("{number}")),
                }
            }
            Value::Message(message) if set_fields(message).is_empty() => self.text.push_str("{}"),
            Value::Message(message) => self.braced(|printer| printer.message(message)),
            Value::List(values) => self.list(values, |printer, value| printer.value(value, kind)),
            Value::Map(entries) => {
                let entry = kind.and_then(Kind::as_message);
                let kind = entry.map(MessageDescriptor::map_entry_value_field);
                let kind = kind.map(|field| field.kind());
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                self.list(&entries, |printer, (key, value)| {
                    printer.braced(|printer| {
                        printer.show(format_args!("key: {}", Value::from(MapKey::clone(key))));
                        printer.line();
                        printer.text.push_str("value");
                        printer.field_value(value, kind.as_ref());
                    });
                });
            }
            scalar => self.show(format_args!("{scalar}")),
        }
    }

    fn list<T>(&mut self, items: &[T], mut print: impl FnMut(&mut Self, &T)) {
        self.text.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            print(self, item);
        }
        self.text.push(']');
    }

    fn braced(&mut self, print: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.indent += 2;
        self.line();
        print(self);
        self.indent -= 2;
        self.line();
        self.text.push('}');
    }

    /// Lines that are whole already, at this indent.
    fn indented(&mut self, lines: &str) {
        for (at, line) in lines.lines().enumerate() {
            if at > 0 {
                self.line();
            }
            self.text.push_str(line);
        }
    }

    fn line(&mut self) {
        let _ = write!(self.text, "\n{:indent$}", "", indent = self.indent);
    }

    fn show(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(text);
    }
}

/// The fields of a message that are set, in the order of their numbers.
fn set_fields(message: &DynamicMessage) -> Vec<(u32, Set<'_>)> {
    let known = message.fields().map(|(field, value)| {
        let name = match field.kind() {
            // A field between tags need not be one that was declared as a group.
            Kind::Message(group) if field.is_group() && group.name().to_ascii_lowercase() == field.name() => {
                group.name().to_owned()
            }
            _ => field_name(&field).to_owned(),
        };
        (field.number(), Set::Known(name, field.kind(), value))
    });
    let extensions = message.extensions().map(|(field, value)| {
        let name = format!("[{}]", field.full_name());
        (field.number(), Set::Known(name, field.kind(), value))
    });
    let unknown = message.unknown_fields();
    let unknown = unknown.map(|field| (field.number(), Set::Unknown(field)));
    let mut fields: Vec<_> = known.chain(extensions).chain(unknown).collect();
    fields.sort_by_key(|(number, _)| *number);
    fields
}

/// The type URL and the contents of an `Any` whose type is known. `unknown` is told of another type.
fn unpacked(
    message: &DynamicMessage,
    pools: &[DescriptorPool],
    unknown: &mut dyn FnMut(&str),
) -> Option<(String, DynamicMessage)> {
    let descriptor = prost_reflect::ReflectMessage::descriptor(message);
    if descriptor.full_name() != "google.protobuf.Any" {
        return None;
    }
    let url = message.get_field_by_number(1)?.as_str()?.to_owned();
    let bytes = message.get_field_by_number(2)?.as_bytes()?.clone();
    let (_, name) = url.rsplit_once('/')?;
    let mut pools = std::iter::once(descriptor.parent_pool()).chain(pools);
    let Some(contents) = pools.find_map(|pool| pool.get_message_by_name(name)) else {
        unknown(name);
        return None;
    };
    let contents = DynamicMessage::decode(contents, bytes).ok()?;
    Some((url, contents))
}
