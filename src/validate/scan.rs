//! One pass over the bytes of a message, which finds the fields that its plan is about.
//!
//! By proto's own rules: the last value wins, sub-messages that come in pieces merge, a member of a oneof clears the
//! others, and numbers that a closed enum does not name are unknown fields.

use std::borrow::Cow;
use std::ops::Range;

use super::plan::MessagePlan;
use crate::cel::{FieldReader, WireFields, WireValue};
use crate::message::Malformed;
use crate::schema::{Layout, Shape};

/// What the wire has of a field.
#[derive(Debug, Clone, Default)]
pub(super) enum Found<'b> {
    #[default]
    Nothing,
    Scalar(WireValue<'b>),
    /// The contents of a sub-message.
    Message(Cow<'b, [u8]>),
    /// The bytes from the first element or entry to the last. Others may come between them.
    Several(Range<usize>),
}

impl Found<'_> {
    /// Whether a singular field is set, as proto means it: on the wire, or if it has no presence, other than zero.
    pub(super) fn is_set(&self, field: &FieldReader) -> bool {
        match self {
            Self::Nothing => false,
            Self::Scalar(wire) => field.has_presence() || !is_zero(wire),
            Self::Message(_) | Self::Several(_) => true,
        }
    }
}

fn is_zero(wire: &WireValue<'_>) -> bool {
    match wire {
        WireValue::Varint(raw) => *raw == 0,
        WireValue::Fixed32(raw) => *raw == 0,
        WireValue::Fixed64(raw) => *raw == 0,
        WireValue::Delimited(bytes) | WireValue::Group(bytes) => bytes.is_empty(),
    }
}

/// Finds the fields of a plan, by slot.
pub(super) fn scan<'b>(
    plan: &MessagePlan,
    layout: &Layout,
    bytes: &'b [u8],
) -> Result<Vec<Found<'b>>, Malformed> {
    let mut found = vec![Found::Nothing; plan.slots];
    let mut fields = WireFields::new(bytes);
    let mut start = 0;
    while let Some((number, wire)) = fields.next()? {
        let end = fields.position();
        let field = start..end;
        start = end;
        let Some(index) = layout.field_index(number) else {
            continue;
        };
        let (arrival, shape) = (&plan.arrivals[index], &layout.fields[index]);
        if let (Shape::ClosedEnum(id), WireValue::Varint(raw)) = (shape.shape, wire)
            && !layout.is_value(id, raw)
        {
            continue;
        }
        for slot in &arrival.clears {
            found[*slot] = Found::Nothing;
        }
        let Some(slot) = arrival.slot else {
            continue;
        };
        let found = &mut found[slot];
        match (wire, shape.shape) {
            _ if shape.repeated => match found {
                Found::Several(range) => range.end = field.end,
                other => *other = Found::Several(field),
            },
            (WireValue::Delimited(piece) | WireValue::Group(piece), Shape::Message(_) | Shape::Group(_)) => {
                match found {
                    Found::Message(pieces) => pieces.to_mut().extend_from_slice(piece),
                    other => *other = Found::Message(Cow::Borrowed(piece)),
                }
            }
            (wire, _) => *found = Found::Scalar(wire),
        }
    }
    Ok(found)
}
