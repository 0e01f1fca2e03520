//! Which fields of a message are made up.
//!
//! A response has every field, other than those that are only for input. Of the members of a oneof, and of fields that
//! `buf.validate` declares exclusive, one is chosen at random.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};

use super::annotations::{AnnotatedField, ValidationRules};
use super::place::Place;

/// The fields to make up: all that are unset and may be in a response, but only one of each group in which at most one
/// may be set.
pub(super) fn choose_fields(place: &Place<'_>, message: &DynamicMessage) -> Vec<AnnotatedField> {
    let descriptor = message.descriptor();
    let unset = descriptor.fields().filter(|field| !message.has_field(field));
    let mut fields: Vec<AnnotatedField> = unset
        .map(AnnotatedField::of)
        .filter(|field| !field.input_only)
        .collect();
    for ExclusiveGroup { names, required } in exclusive_groups(&descriptor) {
        let is_member = |field: &AnnotatedField| names.iter().any(|name| name == field.descriptor.name());
        let taken = names.iter().any(|name| message.has_field_by_name(name));
        let members: Vec<&AnnotatedField> =
            fields.iter().filter(|field| !taken && is_member(field)).collect();
        let only = |is_wanted: &dyn Fn(&AnnotatedField) -> bool| -> Vec<&AnnotatedField> {
            members.iter().copied().filter(|field| is_wanted(field)).collect()
        };
        // Preferred are required fields; then, if the type is nested in itself, fields that are not messages; then fields
        // for which there is room.
        let required_members = only(&|field| field.required);
        let ends =
            only(&|field| place.repeats(&descriptor) && field.descriptor.kind().as_message().is_none());
        let possible = only(&|field| has_room(place, field));
        let choices = [required_members, ends, possible, members];
        let choices = choices.into_iter().find(|choices| !choices.is_empty());
        let mut random = place.seed.with_text(&names.join("|")).random();
        let chosen = choices.and_then(|choices| Some(random.pick(&choices)?.descriptor.number()));
        fields.retain(|field| !is_member(field) || Some(field.descriptor.number()) == chosen);
        for field in fields.iter_mut().filter(|field| is_member(field)) {
            // It must count as set, and so not be zero. But no message may nest deeper only for that.
            field.required |= required || field.descriptor.kind().as_message().is_none();
            field.of_responses |= required;
        }
    }
    fields
}

fn has_room(place: &Place<'_>, field: &AnnotatedField) -> bool {
    field
        .descriptor
        .kind()
        .as_message()
        .is_none_or(|message| place.has_room_for(message, false))
}

/// Fields of which at most one may be set.
#[derive(Debug)]
struct ExclusiveGroup {
    names: Vec<String>,
    required: bool,
}

/// The oneofs of a message, and the groups that `(buf.validate.message).oneof` names.
fn exclusive_groups(descriptor: &MessageDescriptor) -> Vec<ExclusiveGroup> {
    let oneofs = descriptor
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .map(|oneof| ExclusiveGroup {
            names: oneof.fields().map(|field| field.name().to_owned()).collect(),
            required: ValidationRules::of_oneof(&oneof).flag("required"),
        });
    let rules = ValidationRules::of_message(descriptor).messages("oneof");
    let named = rules.iter().map(|rule| ExclusiveGroup {
        names: rule.texts("fields"),
        required: rule.flag("required"),
    });
    oneofs.chain(named).collect()
}
