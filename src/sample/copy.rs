//! What a response takes from the request.
//!
//! A field is copied if the response has one with the same name and type. Whole messages are copied if they match by type,
//! as in `CreateBook(CreateBookRequest{book}) → Book` or `Echo(Ping) → Pong{ping}`. Fields that the request does not set
//! are not copied.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use super::annotations::AnnotatedField;
use crate::schema::{WellKnown, field_name, field_named};

/// Requests that are nested deeper are not copied. A copy can stand a few levels lower than in the request, and a response
/// may have a hundred.
const MAX_DEPTH: usize = 64;

/// Whether a request can be copied wherever a sample has room for it.
pub(super) fn is_shallow(request: &DynamicMessage) -> bool {
    fn fits(message: &DynamicMessage, depth: usize) -> bool {
        let fits_value = |value: &Value| value.as_message().is_none_or(|inner| fits(inner, depth - 1));
        depth > 0
            && message.fields().all(|(_, value)| match value {
                Value::List(values) => values.iter().all(fits_value),
                Value::Map(entries) => entries.values().all(fits_value),
                value => fits_value(value),
            })
    }
    fits(request, MAX_DEPTH)
}

/// Copies everything that matches, and returns the rest of the request.
pub(super) fn into_response(request: &DynamicMessage, response: &mut DynamicMessage) -> DynamicMessage {
    let mut rest = request.clone();
    for field in by_name(request, response) {
        rest.clear_field(&field);
    }
    by_type(request, response);
    rest
}

/// Copies the set fields that `response` has by name and type, and returns those fields of the request.
pub(super) fn by_name(request: &DynamicMessage, response: &mut DynamicMessage) -> Vec<FieldDescriptor> {
    let mut copied = Vec::new();
    for (field, value) in request.fields() {
        let target = field_named(&response.descriptor(), field_name(&field));
        if let Some(target) = target.filter(|target| same_type(&field, target))
            && !AnnotatedField::of(target.clone()).input_only
        {
            response.set_field(&target, value.clone());
            copied.push(field);
        }
    }
    copied
}

/// Copies whole messages: the request into a field of its type, and messages of the request into a response of their type
/// or into a field of their type.
fn by_type(request: &DynamicMessage, response: &mut DynamicMessage) {
    let messages = request.fields().filter_map(|(_, value)| value.as_message());
    let messages: Vec<&DynamicMessage> = std::iter::once(request)
        .chain(messages)
        .filter(|message| WellKnown::of(&message.descriptor()).is_none())
        .collect();
    for message in messages {
        if message.descriptor() == response.descriptor() {
            for (field, value) in message.fields() {
                if !is_taken(response, &field) && !AnnotatedField::of(field.clone()).input_only {
                    response.set_field(&field, value.clone());
                }
            }
            continue;
        }
        let is_place = |field: &FieldDescriptor| {
            !field.is_list()
                && field.kind().as_message() == Some(&message.descriptor())
                && !field.is_map()
                && !is_taken(response, field)
                && !AnnotatedField::of(field.clone()).input_only
        };
        let place = response.descriptor().fields().find(is_place);
        if let Some(place) = place {
            response.set_field(&place, Value::Message(message.clone()));
        }
    }
}

/// Whether the field, or another of its oneof, is set.
fn is_taken(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    message.has_field(field)
        || field
            .containing_oneof()
            .is_some_and(|oneof| oneof.fields().any(|member| message.has_field(&member)))
}

fn same_type(from: &FieldDescriptor, to: &FieldDescriptor) -> bool {
    let entries = |field: &FieldDescriptor| -> Option<(Kind, Kind)> {
        let entry = field
            .is_map()
            .then(|| field.kind().as_message().cloned())
            .flatten()?;
        Some((
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        ))
    };
    match (entries(from), entries(to)) {
        (Some(from), Some(to)) => from == to,
        (None, None) => from.kind() == to.kind() && from.is_list() == to.is_list(),
        _ => false,
    }
}
