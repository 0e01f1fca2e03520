//! Values of every kind, and the messages, lists and maps of them.
//!
//! A message has every field that it may have, one member of each oneof, and nothing that is only for input. The rules of
//! a field are passed on to what makes up its kind. Lists have one to three elements and maps one or two entries unless
//! their rules require others, but never more than [`MAX_ELEMENTS`].

use std::collections::HashMap;

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use prost_types::Any;

use super::annotations::{AnnotatedField, ValidationRules};
use super::by_name::{NameHint, amounts};
use super::by_rules::{enums, numbers, text};
use super::fields::choose_fields;
use super::place::Place;
use super::{copy, well_known};
use crate::message::Message;
use crate::schema::{WellKnown, field_name};

/// The longest list and the largest map that are made up, whatever the rules require.
const MAX_ELEMENTS: usize = 1024;

/// How often an element that must differ from the others is made up again.
const RETRIES: u64 = 64;

/// What is required of one value.
#[derive(Debug)]
pub(super) struct ValueSpec<'a> {
    pub(super) kind: &'a Kind,
    pub(super) hint: NameHint<'a>,
    pub(super) rules: &'a ValidationRules,
    /// Whether zero is refused, because it would count as unset.
    pub(super) more_than_zero: bool,
    /// Whether the message is invalid without it.
    pub(super) required: bool,
}

/// The value of a field. `None` if it should stay unset.
pub(super) fn field_value(
    place: &Place<'_>,
    field: &AnnotatedField,
    request: Option<&DynamicMessage>,
) -> Option<Value> {
    let descriptor = &field.descriptor;
    let (kind, owner) = (descriptor.kind(), descriptor.parent_message());
    let hint = NameHint {
        name: field_name(descriptor),
        owner,
        plural: descriptor.is_list() || descriptor.is_map(),
    };
    let more_than_zero = field.needs_more_than_zero();
    if descriptor.is_map() {
        return map(place, field, hint);
    }
    let spec = ValueSpec {
        kind: &kind,
        hint,
        rules: &field.rules,
        more_than_zero,
        required: field.required,
    };
    if descriptor.is_list() {
        list(place, field, &spec)
    } else {
        value(place, &spec, request)
    }
}

/// One value. `None` for a message for which there is no room.
pub(super) fn value(
    place: &Place<'_>,
    spec: &ValueSpec<'_>,
    request: Option<&DynamicMessage>,
) -> Option<Value> {
    let ValueSpec {
        kind,
        hint,
        rules,
        more_than_zero,
        required,
    } = spec;
    let mut random = place.seed.random();
    Some(match kind {
        Kind::Message(message_type) => Value::Message(match WellKnown::of(message_type) {
            Some(WellKnown::Wrapper) => wrapper(place, message_type, spec)?,
            Some(WellKnown::Any) => {
                well_known::decoded(message_type, &any(place, hint, rules).encode_to_vec())
            }
            Some(known) => well_known::message(place, known, message_type, hint, rules)?,
            None if place.has_room_for(message_type, *required) => made_up(place, message_type, request),
            None => return None,
        }),
        Kind::String => Value::String(text::string(hint, rules, *more_than_zero, &mut random)),
        Kind::Bytes => Value::Bytes(text::bytes(hint, rules, *more_than_zero, &mut random).into()),
        Kind::Enum(enum_type) => Value::EnumNumber(enums::number(
            enum_type,
            &rules.inner("enum"),
            *more_than_zero,
            &mut random,
        )),
        Kind::Bool => {
            let constant = rules
                .inner("bool")
                .value("const")
                .and_then(|value| value.as_bool());
            let truth = || *more_than_zero || amounts::boolean(hint, &mut random);
            Value::Bool(constant.unwrap_or_else(truth))
        }
        number => numbers::value(number, hint, rules, *more_than_zero, &mut random)
            .expect("every kind but those above is a number"),
    })
}

/// A message of a type that is not well-known.
fn made_up(
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

/// Makes up the fields that are not set yet. Messages in these fields copy from `request` what they have by name.
pub(super) fn fill(place: &Place<'_>, message: &mut DynamicMessage, request: Option<&DynamicMessage>) {
    let descriptor = message.descriptor();
    let place = place.inside(&descriptor);
    let fields = choose_fields(&place, message);
    let shares = fields
        .iter()
        .filter(|field| field.descriptor.kind().as_message().is_some())
        .count();
    for field in fields {
        let number = u64::from(field.descriptor.number());
        if let Some(value) = field_value(&place.part(number, shares), &field, request) {
            set(message, &field.descriptor, value);
        }
    }
}

/// Sets a field. A field without presence stays unset if the value is zero, as if it had been decoded.
pub(super) fn set(message: &mut DynamicMessage, field: &FieldDescriptor, value: Value) {
    if field.supports_presence() || !value.is_default_for_field(field) {
        message.set_field(field, value);
    }
}

/// A wrapper, whose value has the name and the rules of the field.
fn wrapper(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    spec: &ValueSpec<'_>,
) -> Option<DynamicMessage> {
    let field = message_type.get_field_by_name("value")?;
    let inner = value(
        place,
        &ValueSpec {
            kind: &field.kind(),
            ..*spec
        },
        None,
    )?;
    let mut message = DynamicMessage::new(message_type.clone());
    set(&mut message, &field, inner);
    Some(message)
}

/// An `Any` with a message of a type that the schema has: other types have no JSON.
fn any(place: &Place<'_>, hint: &NameHint<'_>, rules: &ValidationRules) -> Any {
    let pool = hint.owner.parent_pool();
    let type_of = |url: &str| pool.get_message_by_name(url.rsplit_once('/').map_or(url, |(_, name)| name));
    let choices = well_known::packable(hint, &rules.inner("any"));
    // Preferably a type that does not contain this `Any`.
    let is_fresh = |url: &&String| type_of(url).is_some_and(|message| !place.is_inside(&message));
    let fresh: Vec<String> = choices.iter().filter(is_fresh).cloned().collect();
    let choices = if fresh.is_empty() { choices } else { fresh };
    let Some(type_url) = place.seed.random().pick(&choices).cloned() else {
        return Any::default();
    };
    let made_up = type_of(&type_url).and_then(|message_type| {
        let place = place.in_any();
        let kind = Kind::Message(message_type);
        let rules = ValidationRules::default();
        let spec = ValueSpec {
            kind: &kind,
            hint: *hint,
            rules: &rules,
            more_than_zero: false,
            required: false,
        };
        value(&place, &spec, None)
    });
    let value = made_up
        .as_ref()
        .and_then(|value| value.as_message())
        .map(|message| Message::from(message.clone()).to_bytes().to_vec());
    Any {
        type_url,
        value: value.unwrap_or_default(),
    }
}

fn list(place: &Place<'_>, field: &AnnotatedField, spec: &ValueSpec<'_>) -> Option<Value> {
    let rules = field.rules.inner("repeated");
    let (least, most) = limits(&rules, field.required, "min_items", "max_items");
    let items = rules.inner("items");
    let count = place.seed.random().count(1, 3).clamp(least, most);
    let unique = rules.flag("unique");
    let mut values = Vec::with_capacity(count);
    for index in (0..).take(count) {
        let required = values.len() < least;
        let spec = ValueSpec {
            rules: &items,
            more_than_zero: false,
            required,
            ..*spec
        };
        let mut tries =
            (0..RETRIES).map_while(|retry| value(&place.part(index + (retry << 32), count), &spec, None));
        values.extend(tries.find(|value| !unique || !values.contains(value)));
    }
    (!values.is_empty()).then_some(Value::List(values))
}

fn map(place: &Place<'_>, field: &AnnotatedField, hint: NameHint<'_>) -> Option<Value> {
    let kind = field.descriptor.kind();
    let entry = kind.as_message().expect("a map field holds entries");
    let (key_kind, value_kind) = (
        entry.map_entry_key_field().kind(),
        entry.map_entry_value_field().kind(),
    );
    let rules = field.rules.inner("map");
    let (least, most) = limits(&rules, field.required, "min_pairs", "max_pairs");
    let (key_rules, value_rules) = (rules.inner("keys"), rules.inner("values"));
    let count = place.entries(place.seed.random().count(1, 2)).clamp(least, most);
    let key_hint = NameHint {
        name: "key",
        plural: false,
        ..hint
    };
    let mut entries = HashMap::with_capacity(count);
    for index in (0..).take(count) {
        let spec = |kind, hint, rules, required| ValueSpec {
            kind,
            hint,
            rules,
            more_than_zero: false,
            required,
        };
        let required = entries.len() < least;
        let key = spec(&key_kind, key_hint, &key_rules, true);
        let mut keys = (0..RETRIES).filter_map(|retry| {
            let place = place.part((index << 1) + (retry << 32), count);
            value(&place, &key, None)?.into_map_key()
        });
        let Some(key) = keys.find(|key| !entries.contains_key(key)) else {
            break;
        };
        let held = spec(&value_kind, hint, &value_rules, required);
        if let Some(held) = value(&place.part((index << 1) + 1, count), &held, None) {
            entries.insert(key, held);
        }
    }
    (!entries.is_empty()).then_some(Value::Map(entries))
}

/// How many elements the rules allow.
fn limits(rules: &ValidationRules, required: bool, least: &str, most: &str) -> (usize, usize) {
    let least = rules
        .count(least)
        .unwrap_or(0)
        .max(usize::from(required))
        .min(MAX_ELEMENTS);
    (least, rules.count(most).unwrap_or(usize::MAX).max(least))
}
