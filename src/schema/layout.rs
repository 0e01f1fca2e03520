//! Tables of message types, for reading their bytes.
//!
//! A [`Layout`] has for each field number the wire type, what a value must satisfy, and the layout of sub-messages.
//! Layouts are built once when a schema loads and refer to one another by [`LayoutId`], so that the hot path needs no
//! descriptors.

use std::collections::HashMap;
use std::fmt;

use prost_reflect::{Cardinality, Kind, MessageDescriptor};

use super::features::{is_closed, verifies_utf8};

/// The index of a message type in the [`Layouts`](super::layouts::Layouts) of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LayoutId(u32);

/// One message type.
pub(crate) struct Layout {
    pub(crate) descriptor: MessageDescriptor,
    /// Whether this is the entry of a map, which does not count as a level of nesting.
    pub(crate) is_map_entry: bool,
    /// Sorted by field number.
    pub(crate) fields: Box<[FieldLayout]>,
    /// The values of the closed enums among the fields, each sorted.
    closed_enums: Box<[Box<[i32]>]>,
    /// For keys of one byte: the field's index in `fields` plus one where the wire type is the field's own, or 0.
    short_keys: [u8; SHORT_KEYS],
    /// For the low field numbers: the field's index in `fields` plus one, or 0.
    low_numbers: Box<[u16]>,
}

/// Prints only the name: prost-reflect's own `Debug` does not end for a recursive type.
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layout")
            .field(&self.descriptor.full_name())
            .finish()
    }
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct FieldLayout {
    pub(crate) number: u32,
    pub(crate) shape: Shape,
    /// Whether there may be several values: true for repeated fields and maps.
    pub(crate) repeated: bool,
}

/// What a field's value looks like on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A varint of any integer type, bool or open enum.
    Varint,
    /// A varint, one of the values of a closed enum; its index in the layout's [`closed_enums`](Layout::closed_enums).
    ClosedEnum(u32),
    /// Four bytes.
    Fixed32,
    /// Eight bytes.
    Fixed64,
    /// Length-delimited and UTF-8.
    Text,
    /// Length-delimited, any bytes; strings that need not be UTF-8 too, as those of proto2 in C++ and Java.
    Bytes,
    /// Length-delimited, a message.
    Message(LayoutId),
    /// Between group tags, a message.
    Group(LayoutId),
}

/// Keys below this have one byte: field numbers up to 15.
const SHORT_KEYS: usize = 0x80;

/// Field numbers below this are found by index.
const LOW_NUMBERS: u32 = 256;

impl LayoutId {
    pub(super) fn new(index: u32) -> Self {
        Self(index)
    }

    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl Layout {
    pub(super) fn of_message(descriptor: MessageDescriptor, by_name: &HashMap<Box<str>, LayoutId>) -> Self {
        let syntax = descriptor.parent_file().syntax();
        let own = descriptor.fields().map(|field| {
            let repeated = field.cardinality() == Cardinality::Repeated;
            let verified = verifies_utf8(field.field_descriptor_proto(), syntax);
            (field.number(), field.kind(), field.is_group(), verified, repeated)
        });
        let extensions = descriptor.extensions().map(|extension| {
            let syntax = extension.parent_file().syntax();
            let repeated = extension.cardinality() == Cardinality::Repeated;
            (
                extension.number(),
                extension.kind(),
                extension.is_group(),
                verifies_utf8(extension.field_descriptor_proto(), syntax),
                repeated,
            )
        });
        let mut closed_enums = Vec::new();
        let mut fields: Vec<FieldLayout> = own
            .chain(extensions)
            .map(|(number, kind, group, verified, repeated)| FieldLayout {
                number,
                shape: Shape::of_kind(&kind, group, verified, by_name, &mut closed_enums),
                repeated,
            })
            .collect();
        fields.sort_by_key(|field| field.number);
        let highest_low = fields
            .iter()
            .map(|f| f.number)
            .filter(|number| *number < LOW_NUMBERS)
            .max();
        let mut low_numbers = vec![0; highest_low.map_or(0, |number| number as usize + 1)];
        let low_fields = fields.iter().take_while(|field| field.number < LOW_NUMBERS);
        for (field, place) in low_fields.zip(1..) {
            low_numbers[field.number as usize] = place;
        }
        let mut short_keys = [0; SHORT_KEYS];
        let fields_of_short_keys = fields.iter().take_while(|field| field.number < 1 << 4);
        for (field, place) in fields_of_short_keys.zip(1..) {
            let key = field.number << 3 | field.shape.wire_type();
            if let Some(short) = short_keys.get_mut(key as usize) {
                *short = place;
            }
        }
        Self {
            is_map_entry: descriptor.is_map_entry(),
            descriptor,
            fields: fields.into(),
            closed_enums: closed_enums.into(),
            low_numbers: low_numbers.into(),
            short_keys,
        }
    }

    /// Whether a closed enum of a field has that value.
    #[inline]
    pub(crate) fn is_value(&self, closed_enum: u32, raw: u64) -> bool {
        let values = self.closed_enums.get(closed_enum as usize);
        values.is_some_and(|values| values.binary_search(&(raw as i32)).is_ok())
    }

    /// The index in [`fields`](Self::fields) of the field with this key of one byte, which includes the wire type. `None`
    /// for all other keys.
    #[inline]
    pub(crate) fn index_of_short_key(&self, byte: u8) -> Option<usize> {
        let place = *self.short_keys.get(byte as usize)?;
        usize::from(place).checked_sub(1)
    }

    /// The index in [`fields`](Self::fields) of the field with this number. `None` for an unknown field.
    #[inline]
    pub(crate) fn field_index(&self, number: u32) -> Option<usize> {
        match self.low_numbers.get(number as usize) {
            Some(place) => (*place as usize).checked_sub(1),
            None if number < LOW_NUMBERS => None,
            None => self
                .fields
                .binary_search_by_key(&number, |field| field.number)
                .ok(),
        }
    }
}

impl Shape {
    /// The low three bits of the field's key.
    #[inline]
    pub(crate) fn wire_type(self) -> u32 {
        match self {
            Self::Varint | Self::ClosedEnum(_) => 0,
            Self::Fixed64 => 1,
            Self::Text | Self::Bytes | Self::Message(_) => 2,
            Self::Group(_) => 3,
            Self::Fixed32 => 5,
        }
    }

    /// `verified` says whether a string has to be UTF-8.
    fn of_kind(
        kind: &Kind,
        group: bool,
        verified: bool,
        by_name: &HashMap<Box<str>, LayoutId>,
        closed_enums: &mut Vec<Box<[i32]>>,
    ) -> Self {
        match kind {
            Kind::Enum(enumeration) if is_closed(enumeration) => {
                let mut values: Vec<i32> = enumeration.values().map(|value| value.number()).collect();
                values.sort_unstable();
                closed_enums.push(values.into());
                Self::ClosedEnum(closed_enums.len() as u32 - 1)
            }
            Kind::String if !verified => Self::Bytes,
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Self::Fixed64,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Self::Fixed32,
            Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Bool
            | Kind::Enum(_) => Self::Varint,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Message(message) => {
                let id = by_name[message.full_name()];
                if group { Self::Group(id) } else { Self::Message(id) }
            }
        }
    }
}
