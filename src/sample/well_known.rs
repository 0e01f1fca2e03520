//! The well-known types of `google.protobuf`, other than wrappers and `Any`, which hold other values.
//!
//! They are made up as the Rust types of `prost-types`, encoded, and decoded as the schema's own types.

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use prost_types::{FieldMask, ListValue, Struct, Value, value};

use super::annotations::ValidationRules;
use super::by_name::NameHint;
use super::by_rules::times;
use super::place::Place;
use super::seed::Random;
use crate::schema::WellKnown;

/// A message of the type `message_type`, which is `known`. `None` for wrappers and `Any`.
pub(super) fn message(
    place: &Place<'_>,
    known: WellKnown,
    message_type: &MessageDescriptor,
    hint: &NameHint<'_>,
    rules: &ValidationRules,
) -> Option<DynamicMessage> {
    let mut random = place.seed.random();
    let encoded = match known {
        WellKnown::Any | WellKnown::Wrapper => return None,
        WellKnown::Duration => times::duration(rules, &mut random).encode_to_vec(),
        WellKnown::Empty => Vec::new(),
        WellKnown::FieldMask => field_mask(hint, rules, &mut random).encode_to_vec(),
        WellKnown::ListValue => ListValue {
            values: vec![text(&mut random), text(&mut random)],
        }
        .encode_to_vec(),
        WellKnown::Struct => json_object(place, &mut random).encode_to_vec(),
        WellKnown::Timestamp => times::timestamp(hint, rules, &mut random).encode_to_vec(),
        WellKnown::Value => text(&mut random).encode_to_vec(),
    };
    Some(decoded(message_type, &encoded))
}

/// Decodes a message. It stays empty if that fails, which it can only in a schema with its own `google.protobuf`.
pub(super) fn decoded(message_type: &MessageDescriptor, encoded: &[u8]) -> DynamicMessage {
    let decoded = DynamicMessage::decode(message_type.clone(), encoded);
    decoded.unwrap_or_else(|_| DynamicMessage::new(message_type.clone()))
}

/// The types that an `Any` may hold, as URLs: those that its rules list, or those of the file that declares it, or else
/// all types of the schema.
pub(super) fn packable(hint: &NameHint<'_>, rules: &ValidationRules) -> Vec<String> {
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

/// Paths of a message next to the mask, as in `UpdateBookRequest{book, update_mask}`, or else of the message that has the
/// mask.
fn field_mask(hint: &NameHint<'_>, rules: &ValidationRules, random: &mut Random) -> FieldMask {
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
    let count = random.count(1, 2);
    let mut paths: Vec<String> = (0..count)
        .filter_map(|_| random.pick(&choices).cloned())
        .collect();
    paths.sort();
    paths.dedup();
    FieldMask { paths }
}

/// Whether `path` is `mask` or below it.
fn covers(mask: &str, path: &str) -> bool {
    path.strip_prefix(mask)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a path can be written in JSON, where it is in camel case: `a_b`, but not `a_1` or `aB`.
fn has_json(path: &str) -> bool {
    let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let is_part =
        |part: &str| part.split('_').all(is_word) && !part.contains(|c: char| c.is_ascii_uppercase());
    path.split('.').all(is_part)
}

fn json_object(place: &Place<'_>, random: &mut Random) -> Struct {
    let number = f64::from(random.byte());
    let fields = [
        (random.word(), text(random)),
        (
            "count".to_owned(),
            Value {
                kind: Some(value::Kind::NumberValue(number)),
            },
        ),
        (
            "enabled".to_owned(),
            Value {
                kind: Some(value::Kind::BoolValue(random.flip())),
            },
        ),
    ];
    Struct {
        fields: fields.into_iter().take(place.entries(3)).collect(),
    }
}

fn text(random: &mut Random) -> Value {
    Value {
        kind: Some(value::Kind::StringValue(random.word())),
    }
}
