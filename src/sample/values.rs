//! One value of any kind; lists and maps.
//!
//! Each rule of the field is handed to what makes up its kind. Lists hold one to three elements and maps one or
//! two entries where the rules do not say otherwise; beyond [`MOST`] they are cut.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, EnumDescriptor, EnumValueDescriptor, Kind, Value};
use prost_types::EnumValueOptions;

use super::amounts;
use super::annotations::{Field, Rules};
use super::message::{self, Place};
use super::names::Hint;
use super::seed::Chance;
use super::{numbers, text, well_known};
use crate::schema::WellKnown;

/// The longest list and the largest map that are made up, whatever the rules ask for.
const MOST: usize = 1024;

/// How often an element is made up again that must differ from the others.
const RETRIES: u64 = 64;

/// What one value must be.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) kind: &'a Kind,
    pub(super) hint: Hint<'a>,
    pub(super) rules: &'a Rules,
    /// The zero value would count as unset, and unset is not enough.
    pub(super) more_than_zero: bool,
    /// The message around it is invalid without it.
    pub(super) demanded: bool,
}

/// The value of a field; nothing where it should stay unset.
pub(super) fn field(place: &Place<'_>, field: &Field, request: Option<&DynamicMessage>) -> Option<Value> {
    let descriptor = &field.descriptor;
    let (kind, owner) = (descriptor.kind(), descriptor.parent_message());
    let hint = Hint {
        name: descriptor.name(),
        owner,
        plural: descriptor.is_list() || descriptor.is_map(),
    };
    let more_than_zero = field.needs_more_than_zero();
    if descriptor.is_map() {
        return map(place, field, hint);
    }
    let wanted = Wanted {
        kind: &kind,
        hint,
        rules: &field.rules,
        more_than_zero,
        demanded: field.demanded,
    };
    if descriptor.is_list() {
        list(place, field, &wanted)
    } else {
        value(place, &wanted, request)
    }
}

/// One value. Nothing for a message that there is no room for.
pub(super) fn value(
    place: &Place<'_>,
    wanted: &Wanted<'_>,
    request: Option<&DynamicMessage>,
) -> Option<Value> {
    let Wanted {
        kind,
        hint,
        rules,
        more_than_zero,
        demanded,
    } = wanted;
    let mut chance = place.seed.chance();
    Some(match kind {
        Kind::Message(message_type) => Value::Message(match WellKnown::of(message_type) {
            Some(known) => well_known::message(place, known, message_type, wanted)?,
            None if place.has_room_for(message_type, *demanded) => {
                message::made_up(place, message_type, request)
            }
            None => return None,
        }),
        Kind::String => Value::String(text::string(hint, rules, *more_than_zero, &mut chance)),
        Kind::Bytes => Value::Bytes(text::bytes(hint, rules, *more_than_zero, &mut chance).into()),
        Kind::Enum(enum_type) => Value::EnumNumber(enum_number(
            enum_type,
            &rules.inner("enum"),
            *more_than_zero,
            &mut chance,
        )),
        Kind::Bool => {
            let constant = rules
                .inner("bool")
                .value("const")
                .and_then(|value| value.as_bool());
            let truth = || *more_than_zero || amounts::truth(hint, &mut chance);
            Value::Bool(constant.unwrap_or_else(truth))
        }
        number => numbers::value(number, hint, rules, *more_than_zero, &mut chance)
            .expect("every kind but those above is a number"),
    })
}

/// One of the enum's values: not zero, not deprecated, where there is another.
fn enum_number(enum_type: &EnumDescriptor, rules: &Rules, more_than_zero: bool, chance: &mut Chance) -> i32 {
    let numbers = |name| -> Vec<i32> { rules.list(name).iter().filter_map(Value::as_i32).collect() };
    if let Some(constant) = rules.value("const").and_then(|value| value.as_i32()) {
        return constant;
    }
    let (never, among) = (numbers("not_in"), numbers("in"));
    let among = if among.is_empty() {
        numbers("example")
    } else {
        among
    };
    let of_rules = among
        .iter()
        .copied()
        .filter(|number| *number != 0 || !more_than_zero)
        .collect();
    let is_current = |value: &EnumValueDescriptor| {
        let options = value.enum_value_descriptor_proto().options.as_ref();
        value.number() != 0 && !options.is_some_and(EnumValueOptions::deprecated)
    };
    let current = enum_type
        .values()
        .filter(is_current)
        .map(|value| value.number())
        .collect();
    let other = enum_type
        .values()
        .map(|value| value.number())
        .filter(|number| *number != 0)
        .collect();
    let choices = if among.is_empty() {
        [current, other]
    } else {
        [of_rules, among]
    };
    let choice = choices.into_iter().find_map(|mut choices: Vec<i32>| {
        choices.retain(|number| !never.contains(number));
        chance.pick(&choices).copied()
    });
    choice.unwrap_or_else(|| enum_type.default_value().number())
}

fn list(place: &Place<'_>, field: &Field, wanted: &Wanted<'_>) -> Option<Value> {
    let rules = field.rules.inner("repeated");
    let (least, most) = limits(&rules, field.demanded, "min_items", "max_items");
    let items = rules.inner("items");
    let count = place.seed.chance().count(1, 3).clamp(least, most);
    let unique = rules.flag("unique");
    let mut values = Vec::with_capacity(count);
    for index in (0..).take(count) {
        let demanded = values.len() < least;
        let wanted = Wanted {
            rules: &items,
            more_than_zero: false,
            demanded,
            ..*wanted
        };
        let mut tries =
            (0..RETRIES).map_while(|retry| value(&place.part(index + (retry << 32), count), &wanted, None));
        values.extend(tries.find(|value| !unique || !values.contains(value)));
    }
    (!values.is_empty()).then_some(Value::List(values))
}

fn map(place: &Place<'_>, field: &Field, hint: Hint<'_>) -> Option<Value> {
    let kind = field.descriptor.kind();
    let entry = kind.as_message().expect("a map field holds entries");
    let (key_kind, value_kind) = (
        entry.map_entry_key_field().kind(),
        entry.map_entry_value_field().kind(),
    );
    let rules = field.rules.inner("map");
    let (least, most) = limits(&rules, field.demanded, "min_pairs", "max_pairs");
    let (key_rules, value_rules) = (rules.inner("keys"), rules.inner("values"));
    let count = place.entries(place.seed.chance().count(1, 2)).clamp(least, most);
    let key_hint = Hint {
        name: "key",
        plural: false,
        ..hint
    };
    let mut entries = HashMap::with_capacity(count);
    for index in (0..).take(count) {
        let wanted = |kind, hint, rules, demanded| Wanted {
            kind,
            hint,
            rules,
            more_than_zero: false,
            demanded,
        };
        let demanded = entries.len() < least;
        let key = wanted(&key_kind, key_hint, &key_rules, true);
        let mut keys = (0..RETRIES).filter_map(|retry| {
            let place = place.part((index << 1) + (retry << 32), count);
            value(&place, &key, None)?.into_map_key()
        });
        let Some(key) = keys.find(|key| !entries.contains_key(key)) else {
            break;
        };
        let held = wanted(&value_kind, hint, &value_rules, demanded);
        if let Some(held) = value(&place.part((index << 1) + 1, count), &held, None) {
            entries.insert(key, held);
        }
    }
    (!entries.is_empty()).then_some(Value::Map(entries))
}

/// How many elements the rules allow.
fn limits(rules: &Rules, demanded: bool, least: &str, most: &str) -> (usize, usize) {
    let least = rules
        .count(least)
        .unwrap_or(0)
        .max(usize::from(demanded))
        .min(MOST);
    (least, rules.count(most).unwrap_or(usize::MAX).max(least))
}
