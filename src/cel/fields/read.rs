//! Reads fields from the bytes of a message, by proto's rules: the last value wins, sub-messages that come in
//! pieces merge, a member of a oneof clears the others, lists come packed or not, the last entry of a map key wins.
//!
//! The bytes were checked when they arrived, so that errors are not expected here; they are errors all the same, never
//! panics.

use std::borrow::Cow;

use prost_reflect::Kind;

use super::entries::{Entries, UNITS_PER_ELEMENT, UNITS_PER_ENTRY};
use super::field::{Cardinality, FieldReader};
use super::form::message_value;
use super::wire::{WireFields, WireValue, scalar};
use crate::cel::budget::Budget;
use crate::cel::values::{Evaluated, Value};
use crate::message::{Malformed, Reader, WireType};

impl FieldReader {
    /// The field's value in the bytes of its message, or `None` if it is unset.
    pub(crate) fn read<'b>(&self, bytes: &'b [u8], budget: &Budget) -> Evaluated<Option<Value<'b>>> {
        match &self.cardinality {
            Cardinality::Singular if self.is_scalar() => Ok(self.last(bytes)?),
            Cardinality::Singular => match self.contents(bytes)? {
                Some(contents) => self.message_value(contents, budget).map(Some),
                None => Ok(None),
            },
            Cardinality::List => self.list(bytes, budget).map(Some),
            Cardinality::Map(key, value) => self.map(bytes, key, value, budget).map(Some),
        }
    }

    /// Whether a singular field is on the wire, and its oneof was not set to another member later.
    pub(in crate::cel) fn is_present(&self, bytes: &[u8]) -> Result<bool, Malformed> {
        let mut present = false;
        let mut fields = WireFields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number {
                present |= !self.is_unknown(&wire);
            } else if self.siblings.contains(&number) {
                present = false;
            }
        }
        Ok(present)
    }

    /// The bytes of a singular sub-message. If it came in pieces, they are put together in order: that is how proto
    /// merges them.
    pub(in crate::cel) fn contents<'b>(&self, bytes: &'b [u8]) -> Result<Option<Cow<'b, [u8]>>, Malformed> {
        let mut contents: Option<Cow<'b, [u8]>> = None;
        let mut fields = WireFields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number
                && let WireValue::Delimited(piece) | WireValue::Group(piece) = wire
            {
                match &mut contents {
                    None => contents = Some(Cow::Borrowed(piece)),
                    Some(pieces) => pieces.to_mut().extend_from_slice(piece),
                }
            } else if self.siblings.contains(&number) {
                contents = None;
            }
        }
        Ok(contents)
    }

    /// The value of a sub-message with this contents.
    pub(crate) fn message_value<'b>(&self, contents: Cow<'b, [u8]>, budget: &Budget) -> Evaluated<Value<'b>> {
        match &self.kind {
            Kind::Message(message) => message_value(message, self.form.as_ref(), contents, budget),
            _ => Ok(Value::Bytes(contents)),
        }
    }

    fn last<'b>(&self, bytes: &'b [u8]) -> Result<Option<Value<'b>>, Malformed> {
        Ok(self.wire(bytes)?.map(|wire| self.scalar(wire)))
    }

    /// A scalar as it stands on the wire; `None` if it is unset.
    #[inline(always)]
    pub(in crate::cel) fn wire<'b>(&self, bytes: &'b [u8]) -> Result<Option<WireValue<'b>>, Malformed> {
        let mut last = None;
        let mut fields = WireFields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number {
                if !self.is_unknown(&wire) {
                    last = Some(wire);
                }
            } else if self.siblings.contains(&number) {
                last = None;
            }
        }
        Ok(last)
    }

    /// As [`scalar`], except for `NullValue`, whose only value is null.
    pub(crate) fn scalar<'b>(&self, wire: WireValue<'b>) -> Value<'b> {
        if self.is_null_value() {
            Value::Null
        } else {
            scalar(&self.kind, wire)
        }
    }

    fn list<'b>(&self, bytes: &'b [u8], budget: &Budget) -> Evaluated<Value<'b>> {
        let mut values = Vec::new();
        let mut elements = self.elements(bytes);
        while let Some(value) = elements.next(budget)? {
            if values.is_empty() && !elements.packed.is_empty() {
                // A vector that grows takes up to three times its size for a moment. No more than can be paid.
                let most = usize::try_from(budget.left() / UNITS_PER_ELEMENT).unwrap_or(usize::MAX);
                values.reserve_exact(elements.left_of_packed().min(most) + 1);
            }
            values.push(value);
        }
        Ok(Value::List(values))
    }

    /// The elements of a list, one after the other.
    #[inline]
    pub(in crate::cel) fn elements<'f, 'b>(&'f self, bytes: &'b [u8]) -> ListElements<'f, 'b> {
        ListElements {
            field: self,
            fields: WireFields::new(bytes),
            packed: Reader::new(&[]),
        }
    }

    fn map<'b>(
        &self,
        bytes: &'b [u8],
        key: &FieldReader,
        value: &FieldReader,
        budget: &Budget,
    ) -> Evaluated<Value<'b>> {
        let mut entries = Entries::default();
        let mut fields = WireFields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number
                && let WireValue::Delimited(entry) = wire
            {
                budget.charge(UNITS_PER_ENTRY)?;
                if value.closed && value.has_unknown(entry)? {
                    continue;
                }
                let key = key.read(entry, budget)?.unwrap_or_else(|| key.default.clone());
                let value = value
                    .read(entry, budget)?
                    .unwrap_or_else(|| value.default.clone());
                entries.insert(key, value);
            }
        }
        Ok(entries.into_value())
    }
}

impl FieldReader {
    /// Whether the last value of a closed enum in a map's entry is none that it names. Then the entry is unknown.
    fn has_unknown(&self, entry: &[u8]) -> Result<bool, Malformed> {
        let mut unknown = false;
        let mut fields = WireFields::new(entry);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number {
                unknown = self.is_unknown(&wire);
            }
        }
        Ok(unknown)
    }
}

/// The elements of a list field, read one after the other where they stand in the bytes of its message, so that what looks at each
/// once needs no list of them.
#[derive(Debug)]
pub(in crate::cel) struct ListElements<'f, 'b> {
    field: &'f FieldReader,
    fields: WireFields<'b>,
    /// What is left of elements that stand together.
    packed: Reader<'b>,
}

impl<'b> ListElements<'_, 'b> {
    /// The next element, which is paid for.
    #[inline]
    pub(in crate::cel) fn next(&mut self, budget: &Budget) -> Evaluated<Option<Value<'b>>> {
        let kind = &self.field.kind;
        loop {
            let wire = if self.packed.is_empty() {
                let Some((number, wire)) = self.fields.next()? else {
                    return Ok(None);
                };
                if number != self.field.number {
                    continue;
                }
                budget.charge(UNITS_PER_ELEMENT)?;
                match (wire, kind) {
                    (WireValue::Delimited(contents) | WireValue::Group(contents), Kind::Message(_)) => {
                        let value = self.field.message_value(Cow::Borrowed(contents), budget);
                        return value.map(Some);
                    }
                    (WireValue::Delimited(packed), kind) if !matches!(kind, Kind::String | Kind::Bytes) => {
                        self.packed = Reader::new(packed);
                        continue;
                    }
                    (wire, _) => wire,
                }
            } else {
                budget.charge(UNITS_PER_ELEMENT)?;
                match packed_as(kind) {
                    WireType::Fixed32 => WireValue::Fixed32(self.packed.fixed32()?),
                    WireType::Fixed64 => WireValue::Fixed64(self.packed.fixed64()?),
                    _ => WireValue::Varint(self.packed.varint()?),
                }
            };
            if !self.field.is_unknown(&wire) {
                return Ok(Some(self.field.scalar(wire)));
            }
        }
    }

    /// How many elements are left of those that stand together.
    fn left_of_packed(&self) -> usize {
        count_packed(self.packed.rest(), &self.field.kind)
    }
}

/// How many elements the bytes of a packed list hold.
fn count_packed(packed: &[u8], kind: &Kind) -> usize {
    match packed_as(kind) {
        WireType::Fixed32 => packed.len() / 4,
        WireType::Fixed64 => packed.len() / 8,
        // Only the last byte of a varint has its highest bit unset.
        _ => packed.iter().filter(|byte| **byte < 0x80).count(),
    }
}

fn packed_as(kind: &Kind) -> WireType {
    match kind {
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
        _ => WireType::Varint,
    }
}
