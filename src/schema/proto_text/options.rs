//! Options as proto text: those of descriptor.proto by name, custom ones in parentheses.
//!
//! They are read from the bytes that are served, in the order of their numbers, and not from a pool: what a pool has no value
//! for, as texts that are no UTF-8, message sets and two entries of a map with one key, is printed too. What no descriptor at
//! hand describes is left out.

use std::collections::{BTreeMap, HashMap};

use prost_types::field_descriptor_proto::{Label, Type};

use super::lines::indented;
use super::literals::{double, float};
use super::lost::Lost;
use super::names::{name_in_brackets, option_name};
use super::serialized::{Serialized, fields, packed, set_items};
use super::types::Types;
use crate::schema::descriptor::Field;
use crate::schema::quoted::quoted;
use crate::schema::wire::{DescriptorKind, RecordValue, records};

/// How deep messages are printed.
const MAX_DEPTH: usize = 100;

/// The options of a file's elements, serialized, by the paths of the elements.
pub(super) struct Options {
    by_element: HashMap<Vec<i32>, (DescriptorKind, Vec<u8>)>,
}

impl Options {
    /// The options of a serialized file, with what `lost` gives back.
    pub(super) fn of(file: &[u8], lost: Option<&Lost>) -> Self {
        let mut by_element: HashMap<Vec<i32>, (DescriptorKind, Vec<u8>)> = HashMap::new();
        let mut waiting = vec![(Vec::new(), DescriptorKind::File, file)];
        while let Some((path, kind, descriptor)) = waiting.pop() {
            let mut counts: HashMap<u32, i32> = HashMap::new();
            for record in records(descriptor).flatten() {
                let (Some(child), RecordValue::Delimited(contents)) =
                    (kind.child(record.number), record.value)
                else {
                    continue;
                };
                if child == DescriptorKind::Options {
                    let (_, options) = by_element.entry(path.clone()).or_insert((kind, Vec::new()));
                    options.extend_from_slice(contents);
                } else {
                    let count = counts.entry(record.number).or_default();
                    let path = [&*path, &[record.number as i32, *count]].concat();
                    *count += 1;
                    waiting.push((path, child, contents));
                }
            }
        }
        if let Some(lost) = lost {
            for (path, (kind, options)) in &mut by_element {
                lost.restore(*kind, path, options);
            }
        }
        Self { by_element }
    }

    /// Whether an element has options, although there may be none among them.
    pub(super) fn has(&self, path: &[i32]) -> bool {
        self.by_element.contains_key(path)
    }

    /// The options that are set of the element with this path, each as `name = value`. A repeated option occurs once for each
    /// of its values. `scope` is what the element is in.
    pub(super) fn assignments(&self, types: &Types<'_>, path: &[i32], scope: &str) -> Vec<String> {
        let Some((kind, options)) = self.by_element.get(path) else {
            return Vec::new();
        };
        let message = format!("google.protobuf.{}", kind.options_type().unwrap_or_default());
        let values = Values { types };
        let mut all = Vec::new();
        for (slot, values) in values.fields(&message, options, MAX_DEPTH) {
            let name = match slot.extension {
                None => slot.field.name.clone(),
                Some(name) => format!("({})", option_name(types, scope, name)),
            };
            all.extend(
                values
                    .iter()
                    .map(|value| format!("{name} = {}", on_few_lines(value))),
            );
        }
        all
    }
}

/// A field of a message, or an extension, with its full name.
struct Slot<'t> {
    field: &'t Field,
    extension: Option<&'t str>,
    /// Whether it is between tags.
    is_group: bool,
}

/// Prints values of the types of a file.
struct Values<'t> {
    types: &'t Types<'t>,
}

impl<'t> Values<'t> {
    /// The fields of a serialized message in the order of their numbers, each with the texts of its values.
    fn fields(&self, message: &str, bytes: &[u8], depth: usize) -> Vec<(Slot<'t>, Vec<String>)> {
        let mut by_number: BTreeMap<i32, Vec<Serialized<'_>>> = BTreeMap::new();
        for (number, value) in fields(bytes) {
            by_number.entry(number).or_default().push(value);
        }
        let by_number = by_number.into_iter();
        let described = by_number.filter_map(|(number, values)| {
            let slot = self.slot(message, number, &values)?;
            let values = self.values(slot.field, &values, depth);
            Some((slot, values))
        });
        described.collect()
    }

    fn slot(&self, message: &str, number: i32, values: &[Serialized<'_>]) -> Option<Slot<'t>> {
        let is_group = matches!(values, [Serialized::Group(_), ..]);
        if let Some(field) = self.types.field(message, number) {
            let extension = None;
            return Some(Slot {
                field,
                extension,
                is_group,
            });
        }
        let found = self.types.extension(message, number, *values.first()?)?;
        Some(Slot {
            field: &found.field,
            extension: Some(&found.name),
            is_group,
        })
    }

    fn values(&self, field: &Field, values: &[Serialized<'_>], depth: usize) -> Vec<String> {
        let is_message = matches!(field.r#type(), Type::Message | Type::Group);
        if field.label() != Label::Repeated {
            // The last counts, and messages are merged.
            let Some(last) = values.last() else {
                return Vec::new();
            };
            if is_message && values.len() > 1 {
                let all = values.iter().flat_map(|value| match value {
                    Serialized::Bytes(bytes) | Serialized::Group(bytes) => *bytes,
                    Serialized::Number(_) => &[],
                });
                let merged: Vec<u8> = all.copied().collect();
                return vec![self.value(field, Serialized::Bytes(&merged), depth)];
            }
            return vec![self.value(field, *last, depth)];
        }
        let is_text = matches!(field.r#type(), Type::String | Type::Bytes);
        let each = values.iter().flat_map(|value| match value {
            Serialized::Bytes(bytes) if !is_message && !is_text => {
                let numbers = packed(field.r#type(), bytes).into_iter();
                numbers
                    .map(|number| self.value(field, Serialized::Number(number), depth))
                    .collect()
            }
            value => vec![self.value(field, *value, depth)],
        });
        each.collect()
    }

    fn value(&self, field: &Field, value: Serialized<'_>, depth: usize) -> String {
        let type_name = field.type_name.trim_start_matches('.');
        match (field.r#type(), value) {
            (Type::Bool, Serialized::Number(value)) => (value != 0).to_string(),
            (Type::Int32 | Type::Sfixed32, Serialized::Number(value)) => (value as i32).to_string(),
            (Type::Int64 | Type::Sfixed64, Serialized::Number(value)) => (value as i64).to_string(),
            (Type::Uint32 | Type::Fixed32, Serialized::Number(value)) => (value as u32).to_string(),
            (Type::Sint32 | Type::Sint64, Serialized::Number(value)) => {
                ((value >> 1) as i64 ^ -((value & 1) as i64)).to_string()
            }
            (Type::Float, Serialized::Number(value)) => float(f32::from_bits(value as u32)),
            (Type::Double, Serialized::Number(value)) => double(f64::from_bits(value)),
            (Type::Enum, Serialized::Number(value)) => {
                let number = value as i32;
                let found = self.types.enumeration(type_name);
                let mut values = found.iter().flat_map(|found| &found.value);
                let named = values.find(|value| value.number == number);
                named.map_or_else(|| number.to_string(), |value| value.name.clone())
            }
            (Type::Message | Type::Group, Serialized::Bytes(bytes) | Serialized::Group(bytes)) => {
                self.message(type_name, bytes, depth)
            }
            (_, Serialized::Number(value)) => value.to_string(),
            (_, Serialized::Bytes(bytes) | Serialized::Group(bytes)) => quoted(bytes),
        }
    }

    /// A message in braces, and in it at most `depth` in one another.
    fn message(&self, name: &str, bytes: &[u8], depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "{}".to_owned();
        };
        let scope = name.rsplit_once('.').map_or("", |(scope, _)| scope);
        let in_brackets = |extension: &str| format!("[{}]", name_in_brackets(self.types, scope, extension));
        let options = self
            .types
            .message(name)
            .and_then(|message| message.options.as_ref());
        let is_set = options.is_some_and(|options| options.message_set_wire_format);
        let mut lines = Vec::new();
        if is_set {
            for (number, contents) in set_items(bytes) {
                let contents = Serialized::Bytes(contents);
                if let Some(found) = self.types.extension(name, number, contents) {
                    let value = self.value(&found.field, contents, depth);
                    lines.push(format!("{} {value}", in_brackets(&found.name)));
                }
            }
        } else {
            for (slot, values) in self.fields(name, bytes, depth) {
                let field = match slot.extension {
                    Some(extension) => in_brackets(extension),
                    None => name_in_text(&slot, name).to_owned(),
                };
                let is_message = matches!(slot.field.r#type(), Type::Message | Type::Group);
                match values.as_slice() {
                    [only] if slot.field.label() != Label::Repeated && is_message => {
                        lines.push(format!("{field} {only}"));
                    }
                    [only] if slot.field.label() != Label::Repeated => lines.push(format!("{field}: {only}")),
                    several => lines.push(format!("{field}: [{}]", several.join(", "))),
                }
            }
        }
        if lines.is_empty() {
            return "{}".to_owned();
        }
        format!("{{\n{}}}", indented(&format!("{}\n", lines.join("\n"))))
    }
}

/// What the text format calls a field of `message`: one that was declared as a group goes by the name of its type.
fn name_in_text<'f>(slot: &Slot<'f>, message: &str) -> &'f str {
    let field = slot.field;
    let type_name = field.type_name.trim_start_matches('.');
    match type_name.rsplit_once('.') {
        Some((scope, group))
            if slot.is_group && scope == message && group.to_ascii_lowercase() == field.name =>
        {
            group
        }
        _ => &field.name,
    }
}

/// A message with one short field on one line.
fn on_few_lines(value: &str) -> String {
    let inner = value
        .strip_prefix("{\n")
        .and_then(|rest| rest.strip_suffix("\n}"));
    match inner {
        Some(inner) if !inner.contains('\n') => format!("{{ {} }}", inner.trim_start()),
        _ => value.to_owned(),
    }
}
