//! Partial updates of scalars: what most updates are.
//!
//! Where both messages are of one type, and all that is changed are scalars of it, the fields of the one are put between those of the
//! other as they stand on the wire, in one pass, and nothing is decoded. What is more than that is left to [`update`](super::update).

use prost_reflect::{FieldDescriptor, Kind};

use crate::cel::budget::Budget;
use crate::cel::fields::{WireFields, WireValue};
use crate::cel::values::{Evaluated, MessageValue};
use crate::message::{MAX_DEPTH, Reader, WireType, key, put_delimited, put_varint};
use crate::schema::{field_called, is_closed};

/// A field that is set to what stands on the wire, or removed.
struct Edit<'m> {
    field: FieldDescriptor,
    number: u32,
    value: Option<WireValue<'m>>,
}

/// `old` with the fields that `new` sets. `None` if that is more than scalars of one type.
pub(super) fn merged_scalars(
    old: &MessageValue<'_>,
    new: &MessageValue<'_>,
    budget: &Budget,
) -> Evaluated<Option<Vec<u8>>> {
    if old.descriptor != new.descriptor {
        return Ok(None);
    }
    let mut edits: Vec<Edit<'_>> = Vec::new();
    let mut fields = WireFields::new(&new.bytes);
    while let Some((number, value)) = fields.next()? {
        if let Some(edit) = edits.iter_mut().find(|edit| edit.number == number) {
            edit.value = Some(value);
            continue;
        }
        let Some(field) = new.descriptor.get_field(number) else {
            continue;
        };
        if !is_plain(&field) {
            return Ok(None);
        }
        edits.push(Edit {
            field,
            number,
            value: Some(value),
        });
    }
    edits.retain(Edit::is_set);
    edited(old, new, edits, budget)
}

/// `old` with the fields of `new` that the bytes of a field mask name. `None` if they are more than scalars of one type.
pub(super) fn masked_scalars(
    old: &MessageValue<'_>,
    new: &MessageValue<'_>,
    mask: &[u8],
    budget: &Budget,
) -> Evaluated<Option<Vec<u8>>> {
    if old.descriptor != new.descriptor {
        return Ok(None);
    }
    let mut edits: Vec<Edit<'_>> = Vec::new();
    let mut paths = WireFields::new(mask);
    while let Some((number, path)) = paths.next()? {
        let (1, WireValue::Delimited(path)) = (number, path) else {
            continue;
        };
        let field = str::from_utf8(path)
            .ok()
            .and_then(|path| field_called(&new.descriptor, path));
        let Some(field) = field.filter(is_plain) else {
            return Ok(None);
        };
        // Each path costs, also one that comes again: a client may send many.
        budget.charge(4)?;
        budget.charge_read(new.bytes.len())?;
        budget.charge_made(old.bytes.len())?;
        let number = field.number();
        if !edits.iter().any(|edit| edit.number == number) {
            edits.push(Edit {
                field,
                number,
                value: None,
            });
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let mut fields = WireFields::new(&new.bytes);
    while let Some((number, value)) = fields.next()? {
        if let Some(edit) = edits.iter_mut().find(|edit| edit.number == number) {
            edit.value = Some(value);
        }
    }
    for edit in &mut edits {
        if !edit.is_set() {
            edit.value = None;
        }
    }
    edited(old, new, edits, budget)
}

/// Whether its value stands on the wire as it is, and no other field depends on it.
fn is_plain(field: &FieldDescriptor) -> bool {
    let is_alone = field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic());
    let is_scalar = match field.kind() {
        Kind::Message(_) => false,
        Kind::Enum(kind) => !is_closed(&kind),
        _ => true,
    };
    is_alone && is_scalar && !field.is_list()
}

fn edited(
    old: &MessageValue<'_>,
    new: &MessageValue<'_>,
    mut edits: Vec<Edit<'_>>,
    budget: &Budget,
) -> Evaluated<Option<Vec<u8>>> {
    let is_text = |edit: &Edit<'_>| match (edit.field.kind(), edit.value) {
        (Kind::String, Some(WireValue::Delimited(text))) => str::from_utf8(text).is_ok(),
        _ => true,
    };
    // Texts of proto2 may be no UTF-8.
    if !edits.iter().all(is_text) {
        return Ok(None);
    }
    budget.charge(4 * edits.len() as u64)?;
    budget.charge_read(new.bytes.len())?;
    budget.charge_made(old.bytes.len() + new.bytes.len())?;
    edits.sort_by_key(|edit| edit.number);
    let mut bytes = Vec::with_capacity(old.bytes.len() + new.bytes.len());
    let mut next = edits.iter().peekable();
    let mut reader = Reader::new(&old.bytes);
    while !reader.is_empty() {
        let start = reader.position();
        let (number, wire_type) = reader.key()?;
        reader.skip(number, wire_type, MAX_DEPTH)?;
        while let Some(edit) = next.next_if(|edit| edit.number < number) {
            edit.put(&mut bytes);
        }
        if !edits.iter().any(|edit| edit.number == number) {
            bytes.extend_from_slice(&old.bytes[start..reader.position()]);
        }
    }
    next.for_each(|edit| edit.put(&mut bytes));
    Ok(Some(bytes))
}

impl Edit<'_> {
    /// Whether there is a value: zero does not count where it is the same as unset.
    fn is_set(&self) -> bool {
        let is_zero = match self.value {
            None => return false,
            Some(WireValue::Varint(raw)) => canonical(&self.field.kind(), raw) == 0,
            Some(WireValue::Fixed32(raw)) => raw == 0,
            Some(WireValue::Fixed64(raw)) => raw == 0,
            Some(WireValue::Delimited(bytes) | WireValue::Group(bytes)) => bytes.is_empty(),
        };
        !is_zero || self.field.supports_presence()
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        let put_key = |bytes: &mut Vec<u8>, wire_type| put_varint(bytes, key(self.number, wire_type).into());
        match self.value {
            None => {}
            Some(WireValue::Varint(raw)) => {
                put_key(bytes, WireType::Varint);
                put_varint(bytes, canonical(&self.field.kind(), raw));
            }
            Some(WireValue::Fixed32(raw)) => {
                put_key(bytes, WireType::Fixed32);
                bytes.extend_from_slice(&raw.to_le_bytes());
            }
            Some(WireValue::Fixed64(raw)) => {
                put_key(bytes, WireType::Fixed64);
                bytes.extend_from_slice(&raw.to_le_bytes());
            }
            Some(WireValue::Delimited(value) | WireValue::Group(value)) => {
                put_key(bytes, WireType::LengthDelimited);
                put_delimited(bytes, value);
            }
        }
    }
}

/// A varint as it is written: what is beyond the size of its kind is cut off.
fn canonical(kind: &Kind, raw: u64) -> u64 {
    match kind {
        Kind::Bool => u64::from(raw != 0),
        Kind::Int32 | Kind::Enum(_) => i64::from(raw as i32).cast_unsigned(),
        Kind::Uint32 | Kind::Sint32 => u64::from(raw as u32),
        _ => raw,
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::DynamicMessage;

    use super::super::update::{masked, merged};
    use super::*;
    use crate::cel::values::Value;
    use crate::schema::Schema;

    const PROTO: &str = r#"syntax = "proto3"; package t;
        enum Colour { NONE = 0; RED = 1; }
        message Place {
            string name = 1; int32 n = 2; optional bool is_open = 3; sint64 z = 4; double d = 5; bytes b = 6; Colour colour = 7;
            fixed32 f = 8; optional string note = 9; uint32 u = 10;
            repeated int32 more = 11; Place inner = 12; oneof either { string one = 13; int32 other = 14; }
        }
        service S { rpc Do(Place) returns (Place); }"#;

    fn places(texts: &[&str]) -> Vec<MessageValue<'static>> {
        use prost::Message as _;
        let schema = Schema::from_source("t.proto", PROTO).unwrap();
        let descriptor = schema.method("t.S/Do").unwrap().input().clone();
        let place = |text: &&str| MessageValue {
            descriptor: descriptor.clone(),
            bytes: DynamicMessage::parse_text_format(descriptor.clone(), text)
                .unwrap()
                .encode_to_vec()
                .into(),
        };
        texts.iter().map(place).collect()
    }

    fn bytes_of(value: Value<'static>) -> Vec<u8> {
        match value {
            Value::Message(message) => message.bytes.into_owned(),
            other => panic!("{} is no message", other.to_text()),
        }
    }

    /// Each with what others set, and zeros of those that can be zero and set.
    const TEXTS: [&str; 6] = [
        "",
        "name: 'a' n: -1 is_open: true z: -5 d: 1.5 b: 'x' colour: RED f: 7 note: 'n' u: 4000000000",
        "n: 3 is_open: false note: ''",
        "name: 'long' d: -0.0 more: 1 more: 2 inner { n: 1 } one: 'o'",
        "u: 1 other: 5",
        "z: 9 f: 1",
    ];

    #[test]
    fn scalars_are_merged_as_values_are() {
        let (places, budget) = (places(&TEXTS), Budget::default());
        let mut count = 0;
        for old in &places {
            for new in &places {
                let Some(bytes) = merged_scalars(old, new, &budget).unwrap() else {
                    continue;
                };
                count += 1;
                let slow = merged(Value::Message(old.clone()), new, &budget).unwrap();
                assert_eq!(bytes, bytes_of(slow), "{:?} {:?}", old.bytes, new.bytes);
            }
        }
        assert_eq!(
            count,
            TEXTS.len() * 4,
            "two set more than scalars that stand alone"
        );
    }

    #[test]
    fn scalars_that_a_mask_names_are_set_or_removed_as_values_are() {
        let (places, budget) = (places(&TEXTS), Budget::default());
        let masks: [&[&str]; 5] = [
            &["name"],
            &["n", "name"],
            &["isOpen", "note", "note"],
            &["z", "d", "b", "colour", "f", "u"],
            &["is_open", "name", "d"],
        ];
        for paths in masks {
            let mut mask = Vec::new();
            for path in paths {
                mask.push(0x0a);
                put_delimited(&mut mask, path.as_bytes());
            }
            for old in &places {
                for new in &places {
                    let bytes = masked_scalars(old, new, &mask, &budget).unwrap();
                    let mut slow = Value::Message(old.clone());
                    for path in paths {
                        slow = masked(slow, new, path, &budget).unwrap();
                    }
                    assert_eq!(
                        bytes,
                        Some(bytes_of(slow)),
                        "{:?} {:?} {paths:?}",
                        old.bytes,
                        new.bytes
                    );
                }
            }
        }
        for more in ["more", "inner.n", "inner", "one", "*", "absent"] {
            let mut mask = vec![0x0a];
            put_delimited(&mut mask, more.as_bytes());
            let bytes = masked_scalars(&places[0], &places[1], &mask, &budget).unwrap();
            assert_eq!(bytes, None, "{more}");
        }
    }

    #[test]
    fn a_varint_of_too_many_bits_is_written_as_its_kind_has_it() {
        let mut place = places(&[""]).remove(0);
        // `n: -1` in five bytes, and a bool that is 7.
        place.bytes = b"\x10\xff\xff\xff\xff\x0f\x18\x07".to_vec().into();
        let empty = places(&[""]).remove(0);
        let (old, budget) = (
            MessageValue {
                descriptor: place.descriptor.clone(),
                ..empty
            },
            Budget::default(),
        );
        let slow = merged(Value::Message(old.clone()), &place, &budget).unwrap();
        assert_eq!(
            merged_scalars(&old, &place, &budget).unwrap(),
            Some(bytes_of(slow))
        );
    }
}
