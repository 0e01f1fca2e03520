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
        Ok(last.map(|wire| self.scalar(wire)))
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
        let mut fields = WireFields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number != self.number {
                continue;
            }
            budget.charge(UNITS_PER_ELEMENT)?;
            match (wire, &self.kind) {
                (WireValue::Delimited(contents) | WireValue::Group(contents), Kind::Message(_)) => {
                    values.push(self.message_value(Cow::Borrowed(contents), budget)?);
                }
                (WireValue::Delimited(packed), kind) if !matches!(kind, Kind::String | Kind::Bytes) => {
                    if values.is_empty() {
                        // A vector that grows takes up to three times its size for a moment. No more than can be paid.
                        let most = usize::try_from(budget.left() / UNITS_PER_ELEMENT).unwrap_or(usize::MAX);
                        values.reserve_exact(count_packed(packed, kind).min(most));
                    }
                    let mut packed = Reader::new(packed);
                    while !packed.is_empty() {
                        let wire = match packed_as(kind) {
                            WireType::Fixed32 => WireValue::Fixed32(packed.fixed32()?),
                            WireType::Fixed64 => WireValue::Fixed64(packed.fixed64()?),
                            _ => WireValue::Varint(packed.varint()?),
                        };
                        budget.charge(UNITS_PER_ELEMENT)?;
                        if !self.is_unknown(&wire) {
                            values.push(self.scalar(wire));
                        }
                    }
                }
                (wire, _) if self.is_unknown(&wire) => {}
                (wire, _) => values.push(self.scalar(wire)),
            }
        }
        Ok(Value::List(values))
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
