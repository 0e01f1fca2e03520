//! The type of a collection's messages: checks their bytes, and reads their scalar fields.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use prost::Message as _;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

use super::declaration::Declaration;
use super::query::{Condition, Query};
use super::relation::Relation;
use super::scalar::{Key, Scalar};
use crate::message::{Bounds, Picked, Picker, Raw, Slot, check_and_pick, unzigzag};
#[cfg(feature = "sqlite")]
use crate::schema::kind_name;
use crate::schema::{FastMap, Layouts, field_name};

/// SQLite has tables of up to 2,000 columns. Fields beyond these are no columns, and are read from the bytes like all others.
const MOST_FIELDS: usize = 1900;

/// A message type, and its fields that are singular scalars.
#[derive(Debug)]
pub(super) struct RowType {
    layouts: Layouts,
    picker: Picker,
    pub(super) fields: Vec<ScalarField>,
    /// The index of the key's field.
    pub(super) key: Option<usize>,
    by_number: FastMap<u32, usize>,
    /// Two types with the same one read the same bytes the same way.
    pub(super) fingerprint: u64,
}

/// A singular scalar field.
#[derive(Debug)]
pub(super) struct ScalarField {
    pub(super) number: u32,
    pub(super) name: Box<str>,
    pub(super) kind: Kind,
    slot: Slot,
    /// Whether a message may be without it.
    pub(super) has_presence: bool,
    pub(super) default: Scalar<'static>,
}

/// The values of one message; made once, and used again for the next.
#[derive(Debug, Default)]
pub(super) struct Row {
    picked: Picked,
}

impl RowType {
    pub(super) fn new(declaration: &Declaration) -> Self {
        let descriptor = &declaration.message;
        let layouts = Layouts::of_message(descriptor);
        let layout = layouts
            .find(descriptor.full_name())
            .expect("it is the one that they are of");
        let mut picker = Picker::new(&layouts, layout);
        let mut fields = Vec::new();
        // In the order of the proto, which is that of the columns.
        let own = &descriptor.descriptor_proto().field;
        for number in own.iter().map(|field| field.number() as u32) {
            let Some(field) = descriptor.get_field(number) else {
                continue;
            };
            if fields.len() < MOST_FIELDS || Some(number) == declaration.key {
                fields.extend(ScalarField::new(&mut picker, &layouts, &field));
            }
        }
        let by_number: FastMap<u32, usize> = fields.iter().map(|field| field.number).zip(0..).collect();
        Self {
            key: declaration.key.and_then(|number| by_number.get(&number).copied()),
            layouts,
            picker,
            fields,
            by_number,
            fingerprint: fingerprint(descriptor, declaration.key),
        }
    }

    /// Checks the bytes of a message, and finds its fields. `false` if they are not of this type.
    pub(super) fn fits(&self, bytes: &[u8], row: &mut Row) -> bool {
        check_and_pick(
            &self.layouts,
            &self.picker,
            bytes,
            Bounds::default(),
            &mut row.picked,
        )
        .is_ok()
    }

    /// Slots for [`fits`](Self::fits).
    pub(super) fn row(&self) -> Row {
        Row {
            picked: self.picker.picked(),
        }
    }

    /// The value that a message has in a field, if it has one. For fields without presence also the default.
    pub(super) fn present<'b>(&'b self, field: usize, row: &Row, bytes: &'b [u8]) -> Option<Scalar<'b>> {
        let field = &self.fields[field];
        match row.picked.get(field.slot) {
            Raw::Absent if field.has_presence => None,
            raw => Some(field.value(raw, bytes)),
        }
    }

    /// The value that a message has in a field, or the field's default.
    pub(super) fn value<'b>(&'b self, field: usize, row: &Row, bytes: &'b [u8]) -> Scalar<'b> {
        let field = &self.fields[field];
        field.value(row.picked.get(field.slot), bytes)
    }

    /// The index of the field of a number.
    pub(super) fn field(&self, number: u32) -> Option<usize> {
        self.by_number.get(&number).copied()
    }

    /// The key of a message that [fits](Self::fits).
    pub(super) fn key_of(&self, row: &Row, bytes: &[u8]) -> Option<Key> {
        self.value(self.key?, row, bytes).into_key()
    }

    /// The key of a message. `None` if the collection has no keys, or the message does not fit.
    pub(super) fn key_if_fits(&self, row: &mut Row, bytes: &[u8]) -> Option<Key> {
        let has_one = self.key.is_some() && self.fits(bytes, row);
        has_one.then(|| self.key_of(row, bytes)).flatten()
    }

    /// Whether all conditions hold of a message.
    pub(super) fn is_wanted(&self, query: &Query, row: &Row, bytes: &[u8]) -> bool {
        query
            .conditions
            .iter()
            .all(|condition| self.holds(condition, row, bytes))
    }

    fn holds(&self, condition: &Condition, row: &Row, bytes: &[u8]) -> bool {
        self.field(condition.field).is_some_and(|field| {
            let order = self.value(field, row, bytes).compare(&condition.value);
            // What does not compare is not equal.
            order.map_or(condition.relation == Relation::NotEqual, |order| {
                condition.relation.holds(order)
            })
        })
    }
}

impl ScalarField {
    /// `None` for a list, a map or a message.
    fn new(picker: &mut Picker, layouts: &Layouts, field: &FieldDescriptor) -> Option<Self> {
        if field.is_list() || field.is_map() || matches!(field.kind(), Kind::Message(_)) {
            return None;
        }
        Some(Self {
            number: field.number(),
            name: field_name(field).into(),
            kind: field.kind(),
            slot: picker.slot(layouts, &[field.number()])?,
            has_presence: field.supports_presence(),
            default: default_of(&field.default_value()),
        })
    }

    /// The name of its type, as in a proto.
    #[cfg(feature = "sqlite")]
    pub(super) fn kind_name(&self) -> String {
        kind_name(&self.kind).to_owned()
    }

    fn value<'b>(&'b self, raw: Raw, bytes: &'b [u8]) -> Scalar<'b> {
        match (raw, &self.kind) {
            (Raw::Varint(raw), Kind::Bool) => Scalar::Bool(raw != 0),
            (Raw::Varint(raw), Kind::Int32 | Kind::Enum(_)) => Scalar::Int((raw as i32).into()),
            (Raw::Varint(raw), Kind::Int64) => Scalar::Int(raw.cast_signed()),
            (Raw::Varint(raw), Kind::Sint32) => Scalar::Int((unzigzag(raw) as i32).into()),
            (Raw::Varint(raw), Kind::Sint64) => Scalar::Int(unzigzag(raw)),
            (Raw::Varint(raw), Kind::Uint32) => Scalar::Uint((raw as u32).into()),
            (Raw::Varint(raw), Kind::Uint64) => Scalar::Uint(raw),
            (Raw::Fixed32(raw), Kind::Fixed32) => Scalar::Uint(raw.into()),
            (Raw::Fixed32(raw), Kind::Sfixed32) => Scalar::Int(raw.cast_signed().into()),
            (Raw::Fixed32(raw), Kind::Float) => Scalar::Double(f32::from_bits(raw).into()),
            (Raw::Fixed64(raw), Kind::Fixed64) => Scalar::Uint(raw),
            (Raw::Fixed64(raw), Kind::Sfixed64) => Scalar::Int(raw.cast_signed()),
            (Raw::Fixed64(raw), Kind::Double) => Scalar::Double(f64::from_bits(raw)),
            (Raw::Span(offset, length), kind) => {
                let (offset, length) = (offset as usize, length as usize);
                let span = bytes.get(offset..offset + length).unwrap_or_default();
                match kind {
                    // Texts of proto2 may be no UTF-8.
                    Kind::String => Scalar::Text(String::from_utf8_lossy(span)),
                    _ => Scalar::Bytes(Cow::Borrowed(span)),
                }
            }
            // Absent. What does not fit the kind has not passed the check.
            _ => match &self.default {
                Scalar::Text(text) => Scalar::Text(Cow::Borrowed(text)),
                Scalar::Bytes(bytes) => Scalar::Bytes(Cow::Borrowed(bytes)),
                scalar => scalar.clone(),
            },
        }
    }
}

fn default_of(value: &Value) -> Scalar<'static> {
    match value {
        Value::Bool(truth) => Scalar::Bool(*truth),
        Value::I32(number) | Value::EnumNumber(number) => Scalar::Int((*number).into()),
        Value::I64(number) => Scalar::Int(*number),
        Value::U32(number) => Scalar::Uint((*number).into()),
        Value::U64(number) => Scalar::Uint(*number),
        Value::F32(number) => Scalar::Double((*number).into()),
        Value::F64(number) => Scalar::Double(*number),
        Value::String(text) => Scalar::Text(text.clone().into()),
        Value::Bytes(bytes) => Scalar::Bytes(bytes.to_vec().into()),
        // No defaults of scalars.
        Value::Message(_) | Value::List(_) | Value::Map(_) => Scalar::Bytes(Cow::Borrowed(&[])),
    }
}

/// A number for a type and all that it refers to; it is the same in the next process.
fn fingerprint(descriptor: &MessageDescriptor, key: Option<u32>) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    key.hash(&mut hasher);
    let mut found = vec![descriptor.clone()];
    let mut names: HashSet<String> = found
        .iter()
        .map(|message| message.full_name().to_owned())
        .collect();
    while let Some(message) = found.pop() {
        message.descriptor_proto().encode_to_vec().hash(&mut hasher);
        for field in message.fields() {
            match field.kind() {
                Kind::Message(inner) if names.insert(inner.full_name().to_owned()) => found.push(inner),
                Kind::Enum(inner) if names.insert(inner.full_name().to_owned()) => {
                    inner.enum_descriptor_proto().encode_to_vec().hash(&mut hasher);
                }
                _ => {}
            }
        }
    }
    hasher.finish()
}
