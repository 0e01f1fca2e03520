//! A whole sample: what is copied from the request, and the rest made up.
//!
//! Well-known types are copied or made up as a whole. In other messages, copied messages are completed: a request leaves
//! out what only the server sets.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};

use super::annotations::{AnnotatedField, ValidationRules};
use super::by_name::NameHint;
use super::copy;
use super::fields::choose_fields;
use super::place::Place;
use super::values::{self, ValueSpec, fill, set};
use crate::schema::WellKnown;

/// A sample of a type.
pub(super) fn sample(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    request: Option<&DynamicMessage>,
) -> DynamicMessage {
    if let Some(message) = well_known_sample(place, message_type, request) {
        return message;
    }
    let mut message = DynamicMessage::new(message_type.clone());
    let rest = request.map(|request| copy::into_response(request, &mut message));
    complete_copies(place, &mut message);
    fill(place, &mut message, rest.as_ref());
    message
}

/// A well-known message as the response itself. `None` for other types.
fn well_known_sample(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    request: Option<&DynamicMessage>,
) -> Option<DynamicMessage> {
    let known = WellKnown::of(message_type)?;
    if let Some(request) = request.filter(|request| request.descriptor() == *message_type) {
        return Some(request.clone());
    }
    let hint = NameHint {
        name: "value",
        owner: message_type,
        plural: false,
    };
    let spec = ValueSpec {
        kind: &Kind::Message(message_type.clone()),
        hint,
        rules: &ValidationRules::default(),
        more_than_zero: false,
        required: true,
    };
    let mut made_up = values::value(place, &spec, None)?.as_message()?.clone();
    if let Some(request) = request
        && known == WellKnown::Wrapper
    {
        copy::by_name(request, &mut made_up);
    }
    Some(made_up)
}

/// Completes messages that were copied from the request: removes fields that are only for input, and adds fields that a
/// response should have.
fn complete_copies(place: &Place<'_>, message: &mut DynamicMessage) {
    let set: Vec<_> = message.fields().map(|(field, _)| field).collect();
    for field in set {
        let place = place.part(u64::from(field.number()), 1);
        match message.get_field_mut(&field) {
            Value::Message(copied) => complete(&place, copied),
            Value::List(values) => {
                values
                    .iter_mut()
                    .filter_map(|value| value.as_message_mut())
                    .for_each(|copied| complete(&place, copied));
            }
            _ => {}
        }
    }
}

fn complete(place: &Place<'_>, message: &mut DynamicMessage) {
    let descriptor = message.descriptor();
    if WellKnown::of(&descriptor).is_some() || !place.has_room_for(&descriptor, true) {
        return;
    }
    let inside = place.inside(&descriptor);
    for field in descriptor.fields().map(AnnotatedField::of) {
        if field.input_only {
            message.clear_field(&field.descriptor);
        }
    }
    for field in choose_fields(&inside, message)
        .into_iter()
        .filter(|field| field.of_responses)
    {
        let number = u64::from(field.descriptor.number());
        if let Some(value) = values::field_value(&inside.part(number, 1), &field, None) {
            set(message, &field.descriptor, value);
        }
    }
    complete_copies(&inside, message);
}
