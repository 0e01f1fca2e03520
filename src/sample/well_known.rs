//! The messages of `google.protobuf`, which have a meaning and a JSON form of their own.
//!
//! They are made up as the Rust types of `prost-types` and brought into the schema's own types by their bytes.

use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage};
use prost_types::{Any, FieldMask, ListValue, Struct, Value, value};

use super::annotations::Rules;
use super::message::{self, Place};
use super::names::{Hint, word};
use super::seed::Chance;
use super::values::{self, Wanted};
use super::{copy, times};
use crate::schema::WellKnown;

/// A well-known message as the response itself; nothing for other types.
pub(super) fn root(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    request: Option<&DynamicMessage>,
) -> Option<DynamicMessage> {
    let known = WellKnown::of(message_type)?;
    if let Some(request) = request.filter(|request| request.descriptor() == *message_type) {
        return Some(request.clone());
    }
    let hint = Hint {
        name: "value",
        owner: message_type,
        plural: false,
    };
    let wanted = Wanted {
        kind: &Kind::Message(message_type.clone()),
        hint,
        rules: &Rules::default(),
        more_than_zero: false,
        demanded: true,
    };
    let mut made_up = message(place, known, message_type, &wanted)?;
    if let Some(request) = request
        && known == WellKnown::Wrapper
    {
        copy::by_name(request, &mut made_up);
    }
    Some(made_up)
}

/// A message of the type `message_type`, which is `known`.
pub(super) fn message(
    place: &Place<'_>,
    known: WellKnown,
    message_type: &MessageDescriptor,
    wanted: &Wanted<'_>,
) -> Option<DynamicMessage> {
    let (hint, rules) = (&wanted.hint, wanted.rules);
    let mut chance = place.seed.chance();
    let encoded = match known {
        WellKnown::Any => any(place, hint, rules).encode_to_vec(),
        WellKnown::Duration => times::duration(rules, &mut chance).encode_to_vec(),
        WellKnown::Empty => Vec::new(),
        WellKnown::FieldMask => field_mask(hint, rules, &mut chance).encode_to_vec(),
        WellKnown::ListValue => ListValue {
            values: vec![text(&mut chance), text(&mut chance)],
        }
        .encode_to_vec(),
        WellKnown::Struct => json_object(place, &mut chance).encode_to_vec(),
        WellKnown::Timestamp => times::timestamp(hint, rules, &mut chance).encode_to_vec(),
        WellKnown::Value => text(&mut chance).encode_to_vec(),
        WellKnown::Wrapper => return wrapper(place, message_type, wanted),
    };
    // Only a schema with a google.protobuf of its own making can fail here; its message stays empty.
    let decoded = DynamicMessage::decode(message_type.clone(), encoded.as_slice());
    Some(decoded.unwrap_or_else(|_| DynamicMessage::new(message_type.clone())))
}

/// A wrapper takes the name and the rules of the field that it is the value of.
fn wrapper(
    place: &Place<'_>,
    message_type: &MessageDescriptor,
    wanted: &Wanted<'_>,
) -> Option<DynamicMessage> {
    let field = message_type.get_field_by_name("value")?;
    let inner = values::value(
        place,
        &Wanted {
            kind: &field.kind(),
            ..*wanted
        },
        None,
    )?;
    let mut message = DynamicMessage::new(message_type.clone());
    message::set(&mut message, &field, inner);
    Some(message)
}

/// A message of a type that the schema knows, since an `Any` of another has no JSON.
fn any(place: &Place<'_>, hint: &Hint<'_>, rules: &Rules) -> Any {
    let pool = hint.owner.parent_pool();
    let type_of = |url: &str| pool.get_message_by_name(url.rsplit_once('/').map_or(url, |(_, name)| name));
    let choices = packable(hint, &rules.inner("any"));
    // Rather one that is not around this Any already.
    let is_fresh = |url: &&String| type_of(url).is_some_and(|message| !place.is_inside(&message));
    let fresh: Vec<String> = choices.iter().filter(is_fresh).cloned().collect();
    let choices = if fresh.is_empty() { choices } else { fresh };
    let Some(type_url) = place.seed.chance().pick(&choices).cloned() else {
        return Any::default();
    };
    let made_up = type_of(&type_url).and_then(|message_type| {
        let place = place.in_any();
        let kind = Kind::Message(message_type);
        let rules = Rules::default();
        let wanted = Wanted {
            kind: &kind,
            hint: *hint,
            rules: &rules,
            more_than_zero: false,
            demanded: false,
        };
        values::value(&place, &wanted, None)
    });
    let value = made_up
        .as_ref()
        .and_then(|value| value.as_message())
        .map(Message::encode_to_vec);
    Any {
        type_url,
        value: value.unwrap_or_default(),
    }
}

/// The types that an `Any` may hold, as URLs: those that the rules name, or those of the file in which it stands,
/// or else any that the schema has.
fn packable(hint: &Hint<'_>, rules: &Rules) -> Vec<String> {
    let never = rules.texts("not_in");
    let url = |message: MessageDescriptor| format!("type.googleapis.com/{}", message.full_name());
    let can_be_packed = |message: &MessageDescriptor| {
        WellKnown::of(message) != Some(WellKnown::Any) && !message.is_map_entry()
    };
    let (file, pool) = (hint.owner.parent_file(), hint.owner.parent_pool());
    let choices = [
        rules.texts("in"),
        file.messages().filter(can_be_packed).map(url).collect(),
        pool.all_messages().filter(can_be_packed).map(url).collect(),
    ];
    let allowed = choices.into_iter().map(|mut urls| {
        urls.retain(|url| !never.contains(url));
        urls
    });
    allowed
        .into_iter()
        .find(|urls| !urls.is_empty())
        .unwrap_or_default()
}

/// Paths of a message beside the mask, as in `UpdateBookRequest{book, update_mask}`, or else of the message itself.
fn field_mask(hint: &Hint<'_>, rules: &Rules, chance: &mut Chance) -> FieldMask {
    let rules = rules.inner("field_mask");
    if let Some(constant) = rules.value("const") {
        let constant = constant.as_message().and_then(|mask| mask.transcode_to().ok());
        return constant.unwrap_or_default();
    }
    let never = rules.texts("not_in");
    let mut choices = rules.texts("in");
    if choices.is_empty() {
        let fields = hint.owner.fields().filter(|field| !field.is_map());
        let beside = fields.filter_map(|field| field.kind().as_message().cloned());
        let subject = beside
            .into_iter()
            .find(|message| WellKnown::of(message).is_none())
            .unwrap_or(hint.owner.clone());
        choices = subject.fields().map(|field| field.name().to_owned()).collect();
    }
    choices.retain(|path| {
        !never
            .iter()
            .any(|never| covers(never, path) || covers(path, never))
            && has_json(path)
    });
    let count = chance.count(1, 2);
    let mut paths: Vec<String> = (0..count)
        .filter_map(|_| chance.pick(&choices).cloned())
        .collect();
    paths.sort();
    paths.dedup();
    FieldMask { paths }
}

/// Whether `path` is `mask` or lies below it.
fn covers(mask: &str, path: &str) -> bool {
    path.strip_prefix(mask)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a path survives the JSON form, which is in camel case: `a_b`, but not `a_1` or `aB`.
fn has_json(path: &str) -> bool {
    let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let is_part =
        |part: &str| part.split('_').all(is_word) && !part.contains(|c: char| c.is_ascii_uppercase());
    path.split('.').all(is_part)
}

fn json_object(place: &Place<'_>, chance: &mut Chance) -> Struct {
    let number = f64::from(chance.byte());
    let fields = [
        (word(chance), text(chance)),
        (
            "count".to_owned(),
            Value {
                kind: Some(value::Kind::NumberValue(number)),
            },
        ),
        (
            "enabled".to_owned(),
            Value {
                kind: Some(value::Kind::BoolValue(chance.flip())),
            },
        ),
    ];
    Struct {
        fields: fields.into_iter().take(place.entries(3)).collect(),
    }
}

fn text(chance: &mut Chance) -> Value {
    Value {
        kind: Some(value::Kind::StringValue(word(chance))),
    }
}
