//! Messages, field by field, and how deep they go.
//!
//! A message that is made up has every field that it may have, one member of each oneof, and nothing that is only
//! for input. What keeps it small: a type stands at most twice on the way down, and each message shares its
//! allowance among the messages in it. What the rules demand is made up beyond that, to a depth well within the
//! hundred levels that decoders allow.

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage, Value};

use super::annotations::{Field, Rules};
use super::copy;
use super::seed::Seed;
use super::{values, well_known};
use crate::schema::WellKnown;

/// How many messages one sample may hold in the worst case.
const ALLOWANCE: u32 = 1 << 12;

/// The allowance below which only what rules demand is made up: a thousandth, so that a sample holds about a
/// thousand messages that nothing demands.
const LEAN: u32 = ALLOWANCE >> 10;

/// How deep messages may go where rules demand it.
const DEEPEST: usize = 32;

/// Where in a sample a value is made up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) seed: Seed,
    allowance: u32,
    above: Option<Above<'a>>,
    /// Inside an `Any`, whose bytes are part of the sample: a map of several entries has no order to be encoded in.
    packed: bool,
}

/// The message types on the way down, nearest first.
#[derive(Debug, Clone, Copy)]
struct Above<'a> {
    message: &'a MessageDescriptor,
    place: &'a Place<'a>,
}

impl<'a> Place<'a> {
    pub(super) fn root(seed: Seed) -> Self {
        Self {
            seed,
            allowance: ALLOWANCE,
            above: None,
            packed: false,
        }
    }

    /// The place of one of `shares` fields or elements: the seed is grown by `number`.
    pub(super) fn part(&self, number: u64, shares: usize) -> Self {
        let shares = u32::try_from(shares.max(1)).unwrap_or(u32::MAX);
        Self {
            seed: self.seed.with_number(number),
            allowance: self.allowance / shares,
            ..*self
        }
    }

    /// The place of what an `Any` holds.
    pub(super) fn in_any(&self) -> Self {
        Self {
            packed: true,
            ..self.part(0, 1)
        }
    }

    /// How many of `entries` a map may hold here, where the rules do not say.
    pub(super) fn entries(&self, entries: usize) -> usize {
        if self.packed { 1 } else { entries }
    }

    /// The place of what a message of this type holds.
    pub(super) fn inside(&'a self, message: &'a MessageDescriptor) -> Place<'a> {
        let above = Some(Above { message, place: self });
        Place {
            allowance: self.allowance.saturating_sub(1),
            above,
            ..*self
        }
    }

    /// Whether a message of this type may be made up here.
    pub(super) fn has_room_for(&self, message: &MessageDescriptor, demanded: bool) -> bool {
        if demanded {
            self.allowance > 0 && self.above().count() < DEEPEST
        } else {
            self.allowance >= LEAN && self.above().filter(|above| *above == message).count() < 2
        }
    }

    /// Whether a message of this type is being made up around here.
    pub(super) fn is_inside(&self, message: &MessageDescriptor) -> bool {
        self.above().any(|above| above == message)
    }

    /// Whether a message of this type is being made up inside another of its type.
    fn repeats(&self, message: &MessageDescriptor) -> bool {
        self.above().filter(|above| *above == message).count() > 1
    }

    fn above(&self) -> impl Iterator<Item = &'a MessageDescriptor> {
        std::iter::successors(self.above, |above| above.place.above).map(|above| above.message)
    }
}

/// A whole sample: what comes back of the request, and the rest made up.
pub(super) fn sample(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    request: Option<&DynamicMessage>,
) -> DynamicMessage {
    if let Some(message) = well_known::root(place, message_type, request) {
        return message;
    }
    let mut message = DynamicMessage::new(message_type.clone());
    let rest = request.map(|request| copy::into_response(request, &mut message));
    complete_copies(place, &mut message);
    fill(place, &mut message, rest.as_ref());
    message
}

/// A message of a type that is not well known.
pub(super) fn made_up(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    request: Option<&DynamicMessage>,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(message_type.clone());
    if let Some(request) = request {
        copy::by_name(request, &mut message);
    }
    fill(place, &mut message, None);
    message
}

/// Makes up every field that is not set yet. Messages right below take from `request` what they have by name.
fn fill(place: &Place<'_>, message: &mut DynamicMessage, request: Option<&DynamicMessage>) {
    let descriptor = message.descriptor();
    let place = place.inside(&descriptor);
    let fields = choose_fields(&place, message);
    let shares = fields
        .iter()
        .filter(|field| field.descriptor.kind().as_message().is_some())
        .count();
    for field in fields {
        let number = u64::from(field.descriptor.number());
        if let Some(value) = values::field(&place.part(number, shares), &field, request) {
            set(message, &field.descriptor, value);
        }
    }
}

/// Sets a field; one that cannot tell zero from unset stays unset for zero, as it would come off the wire.
pub(super) fn set(message: &mut DynamicMessage, field: &FieldDescriptor, value: Value) {
    if field.supports_presence() || !value.is_default_for_field(field) {
        message.set_field(field, value);
    }
}

/// The fields to make up: all that are unset and may be in a response, but one of each group that excludes others.
fn choose_fields(place: &Place<'_>, message: &DynamicMessage) -> Vec<Field> {
    let descriptor = message.descriptor();
    let unset = descriptor.fields().filter(|field| !message.has_field(field));
    let mut fields: Vec<Field> = unset.map(Field::of).filter(|field| !field.input_only).collect();
    for Group { names, required } in exclusive_groups(&descriptor) {
        let is_member = |field: &Field| names.iter().any(|name| name == field.descriptor.name());
        let taken = names.iter().any(|name| message.has_field_by_name(name));
        let members: Vec<&Field> = fields.iter().filter(|field| !taken && is_member(field)).collect();
        let only = |wanted: &dyn Fn(&Field) -> bool| -> Vec<&Field> {
            members.iter().copied().filter(|field| wanted(field)).collect()
        };
        // First what must be set; then, where the type is inside itself already, what ends there; then what can be.
        let demanded = only(&|field| field.demanded);
        let ends =
            only(&|field| place.repeats(&descriptor) && field.descriptor.kind().as_message().is_none());
        let possible = only(&|field| has_room(place, field));
        let choices = [demanded, ends, possible, members];
        let choices = choices.into_iter().find(|choices| !choices.is_empty());
        let mut chance = place.seed.with_text(&names.join("|")).chance();
        let chosen = choices.and_then(|choices| Some(chance.pick(&choices)?.descriptor.number()));
        fields.retain(|field| !is_member(field) || Some(field.descriptor.number()) == chosen);
        for field in fields.iter_mut().filter(|field| is_member(field)) {
            // It must count as set, and so be more than zero; but no message goes deeper for that alone.
            field.demanded |= required || field.descriptor.kind().as_message().is_none();
            field.of_responses |= required;
        }
    }
    fields
}

fn has_room(place: &Place<'_>, field: &Field) -> bool {
    field
        .descriptor
        .kind()
        .as_message()
        .is_none_or(|message| place.has_room_for(message, false))
}

/// Fields of which at most one may be set.
#[derive(Debug)]
struct Group {
    names: Vec<String>,
    required: bool,
}

/// The oneofs of a message, and the groups that `(buf.validate.message).oneof` names.
fn exclusive_groups(descriptor: &MessageDescriptor) -> Vec<Group> {
    let oneofs = descriptor
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .map(|oneof| Group {
            names: oneof.fields().map(|field| field.name().to_owned()).collect(),
            required: Rules::of_oneof(&oneof).flag("required"),
        });
    let rules = Rules::of_message(descriptor).messages("oneof");
    let named = rules.iter().map(|rule| Group {
        names: rule.texts("fields"),
        required: rule.flag("required"),
    });
    oneofs.chain(named).collect()
}

/// Brings messages that came from the request into the shape of a response: without what is only for input, with
/// what a response should have.
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
    for field in descriptor.fields().map(Field::of) {
        if field.input_only {
            message.clear_field(&field.descriptor);
        }
    }
    for field in choose_fields(&inside, message)
        .into_iter()
        .filter(|field| field.of_responses)
    {
        let number = u64::from(field.descriptor.number());
        if let Some(value) = values::field(&inside.part(number, 1), &field, None) {
            set(message, &field.descriptor, value);
        }
    }
    complete_copies(&inside, message);
}
