//! What it costs to decode a message, before it is decoded.
//!
//! Decoding makes a value for each field on the wire and each element of a list, and is many times as slow as checking the
//! bytes. One pass over the checked bytes counts them, without an allocation.

use super::check::MAX_DEPTH;
use super::wire::{Malformed, Reader, WireType};
use crate::schema::{Layout, LayoutId, Layouts, Shape, WellKnown};

/// What a value costs: it is allocated, filled and freed again.
const UNITS_PER_VALUE: u64 = 4;

/// So many bytes cost one unit.
const BYTES_PER_UNIT: u64 = 32;

/// What it costs to decode the bytes of a message, to visit all of it, and to do the same with what its `Any`s hold. The
/// bytes must have been checked; nothing is added for what is malformed nevertheless.
pub(crate) fn decoding_cost(layouts: &Layouts, layout: LayoutId, bytes: &[u8]) -> u64 {
    let mut cost = bytes.len() as u64 / BYTES_PER_UNIT;
    // A group within a message is skipped as a whole first, and then looked into.
    let _ = add(layouts, layouts.get(layout), bytes, &mut cost);
    cost
}

fn add(layouts: &Layouts, layout: &Layout, bytes: &[u8], cost: &mut u64) -> Result<(), Malformed> {
    let is_any = WellKnown::of(&layout.descriptor) == Some(WellKnown::Any);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (number, wire_type) = reader.key()?;
        *cost += UNITS_PER_VALUE;
        let field = layout.field_index(number).map(|index| &layout.fields[index]);
        match (wire_type, field.map(|field| field.shape)) {
            (WireType::LengthDelimited, Some(Shape::Message(id))) => {
                add(layouts, layouts.get(id), reader.delimited()?, cost)?;
            }
            (WireType::LengthDelimited, Some(Shape::Varint)) => {
                let packed = reader.delimited()?;
                let ends = packed.iter().filter(|byte| **byte < 0x80).count() as u64;
                *cost += ends * UNITS_PER_VALUE;
            }
            (WireType::LengthDelimited, Some(Shape::Fixed32 | Shape::Fixed64)) => {
                *cost += reader.delimited()?.len() as u64 / 4 * UNITS_PER_VALUE;
            }
            // Its bytes may be a message of small values, which has others inside of it.
            (WireType::LengthDelimited, _) if is_any => {
                *cost += reader.delimited()?.len() as u64 * UNITS_PER_VALUE;
            }
            (WireType::StartGroup, Some(Shape::Group(id))) => {
                let before = reader.rest();
                reader.skip(number, wire_type, MAX_DEPTH)?;
                let whole = before.len() - reader.rest().len();
                // What ends the group is one more field without meaning.
                let _ = add(layouts, layouts.get(id), &before[..whole], cost);
            }
            _ => {
                // Of an unknown group, its own key is counted already.
                let fields = reader.skip(number, wire_type, MAX_DEPTH)? as u64;
                *cost += (fields - 1) * UNITS_PER_VALUE;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::schema::Schema;

    #[test]
    fn values_count_wherever_they_are() {
        let schema = Schema::from_source(
            "m.proto",
            "syntax = 'proto2'; import 'google/protobuf/any.proto';
             message M { optional M next = 1; repeated int32 packed = 2 [packed = true]; repeated string texts = 3;
                         optional google.protobuf.Any any = 4; optional group G = 5 { repeated int32 n = 1; } }",
        )
        .unwrap();
        let layouts = schema.layouts();
        let layout = layouts.find("M").unwrap();
        let descriptor = schema.pool().get_message_by_name("M").unwrap();
        let cost = |json: &str| {
            let message = Message::from_json(descriptor.clone(), json).unwrap();
            decoding_cost(layouts, layout, &message.to_bytes()) / UNITS_PER_VALUE
        };
        assert_eq!(cost("{}"), 0);
        assert_eq!(cost(r#"{"next": {"next": {}}}"#), 2);
        assert_eq!(cost(r#"{"packed": [1, 2, 300]}"#), 4);
        assert_eq!(cost(r#"{"texts": ["a", "b"]}"#), 2);
        assert_eq!(cost(r#"{"next": {"texts": ["a"]}, "texts": ["b"]}"#), 3);
        // The group, two values, its end.
        assert_eq!(cost(r#"{"g": {"n": [1, 2]}}"#), 4);
        let any = cost(r#"{"any": {"@type": "type.googleapis.com/M", "texts": ["a", "b"]}}"#);
        assert!(
            (28..=40).contains(&any),
            "as much as it has bytes, and a little more: {any}"
        );
    }
}
