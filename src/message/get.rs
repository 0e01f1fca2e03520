//! [`Message::get`]: one value of a message, by a path of names.
//!
//! A path is first resolved against the message's type, so that a wrong one fails whatever the message holds: `pt.name`,
//! `items[0].pence`, `labels["env"]`. Both the resolving and the walk are loops, so that no path is too long.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use super::error::MessageError;
use super::message::Message;
use crate::schema::{field_called, field_name, kind_name};
use crate::suggest;

impl Message {
    /// The value at a path: field names with dots, `[0]` for an element of a list, `["key"]` for one of a map.
    ///
    /// Fields are named as in the proto or as in JSON. A field that is not set has its default value, as everywhere in
    /// protobuf.
    ///
    /// ```
    /// # let schema = protod::Schema::from_source("shop.proto", r#"
    /// #     syntax = "proto3";
    /// #     message Item { string name = 1; int32 pence = 2; }
    /// #     message Order { repeated Item items = 1; map<string, string> labels = 2; Item gift = 3; }
    /// # "#)?;
    /// # let order = schema.pool().get_message_by_name("Order").expect("it is there");
    /// use protod::Message;
    ///
    /// let order = Message::from_json(order, r#"{
    ///     "items": [{"name": "tea", "pence": 250}],
    ///     "labels": {"env": "test"}
    /// }"#)?;
    /// assert_eq!(order.get("items[0].name")?.as_str(), Some("tea"));
    /// assert_eq!(order.get("items[0].pence")?.as_i32(), Some(250));
    /// assert_eq!(order.get(r#"labels["env"]"#)?.as_str(), Some("test"));
    /// assert_eq!(order.get("gift.pence")?.as_i32(), Some(0));
    ///
    /// let wrong = order.get("items[0].nmae").unwrap_err();
    /// assert_eq!(wrong.to_string(), "items[0].nmae: the message Item has no field `nmae`; did you mean `name`?");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Fails on a path that does not fit the message's type, which as a status is `INTERNAL`, and on an index or a key that
    /// the message does not have, which is `INVALID_ARGUMENT`.
    ///
    /// Each call decodes the message, unless it was made from a dynamic one. To read many fields, decode it once with
    /// [`to_dynamic`](Self::to_dynamic).
    pub fn get(&self, path: &str) -> Result<Value, MessageError> {
        let steps = resolve(&self.descriptor(), path).map_err(|why| MessageError::path(path, &why))?;
        let message = self.as_dynamic()?;
        let missing = || MessageError::missing_element(path);
        let mut at: Cow<'_, DynamicMessage> = Cow::Borrowed(&message);
        let (last, before) = steps.split_last().expect("a path has a name");
        for step in before {
            at = match at {
                Cow::Borrowed(at) => match step.value_in(at).ok_or_else(missing)? {
                    Cow::Borrowed(value) => Cow::Borrowed(value.as_message().expect("it was resolved")),
                    Cow::Owned(value) => Cow::Owned(into_message(value)),
                },
                Cow::Owned(at) => {
                    Cow::Owned(into_message(step.value_in(&at).ok_or_else(missing)?.into_owned()))
                }
            };
        }
        Ok(last.value_in(&at).ok_or_else(missing)?.into_owned())
    }
}

fn into_message(value: Value) -> DynamicMessage {
    match value {
        Value::Message(message) => message,
        _ => unreachable!("all steps but the last were resolved to messages"),
    }
}

/// A field, and for a list or a map perhaps one element of it.
struct Step {
    field: FieldDescriptor,
    element: Option<Element>,
}

enum Element {
    Index(usize),
    Key(MapKey),
}

impl Step {
    /// `None` if the list or the map does not have the element.
    fn value_in<'m>(&self, message: &'m DynamicMessage) -> Option<Cow<'m, Value>> {
        let whole = message.get_field(&self.field);
        match (&self.element, whole) {
            (None, whole) => Some(whole),
            (Some(Element::Index(index)), Cow::Borrowed(Value::List(list))) => {
                list.get(*index).map(Cow::Borrowed)
            }
            (Some(Element::Key(key)), Cow::Borrowed(Value::Map(map))) => map.get(key).map(Cow::Borrowed),
            // A list or a map that is not set is empty.
            (Some(_), _) => None,
        }
    }
}

/// Looks up the names of a path, or says why they do not fit the message's type.
fn resolve(descriptor: &MessageDescriptor, path: &str) -> Result<Vec<Step>, String> {
    let mut descriptor = descriptor.clone();
    let mut steps = Vec::new();
    let mut rest = path;
    loop {
        let (name, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        let field = field_of(&descriptor, name)?;
        let (element, after) = match after.strip_prefix('[') {
            Some(after) => {
                let (text, after) = bracketed(after)?;
                (Some(element_of(&field, text)?), after)
            }
            None => (None, after),
        };
        let is_one = element.is_some() || !(field.is_list() || field.is_map());
        let kind = kind_of_elements(&field);
        steps.push(Step { field, element });
        if after.is_empty() {
            return Ok(steps);
        }
        let Some(next) = after.strip_prefix('.') else {
            return Err(format!("a dot is expected before `{after}`"));
        };
        descriptor = match kind {
            Kind::Message(inner) if is_one => inner,
            Kind::Message(_) => return Err(format!("`{name}` has elements; take one, as in `{name}[…]`")),
            other => {
                return Err(format!(
                    "`{name}` is of type {}, which has no fields",
                    kind_name(&other)
                ));
            }
        };
        rest = next;
    }
}

fn field_of(descriptor: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, String> {
    if name.is_empty() {
        return Err("the name of a field is missing".to_owned());
    }
    field_called(descriptor, name).ok_or_else(|| {
        let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
        let hint = suggest::hint(name, fields.iter().map(field_name));
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        format!(
            "the message {} has no field `{name}`{hint}",
            descriptor.full_name()
        )
    })
}

/// The text to the closing bracket, and what comes after it.
fn bracketed(text: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Ok((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    Err("a `]` is missing".to_owned())
}

/// The type of a field's value, or of those in a list or a map.
fn kind_of_elements(field: &FieldDescriptor) -> Kind {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    }
}

fn element_of(field: &FieldDescriptor, text: &str) -> Result<Element, String> {
    let name = field_name(field);
    if field.is_list() {
        let index = text.parse();
        return index.map(Element::Index).map_err(|_| {
            format!("`{name}` is a list, and `{text}` is no index: the first element is `{name}[0]`")
        });
    }
    let entry = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry,
        kind => {
            return Err(format!(
                "`{name}` is of type {}, which has no elements",
                kind_name(&kind)
            ));
        }
    };
    let kind = entry.map_entry_key_field().kind();
    let key = match kind {
        Kind::String => serde_json::from_str(text).ok().map(MapKey::String),
        Kind::Bool => text.parse().ok().map(MapKey::Bool),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => text.parse().ok().map(MapKey::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => text.parse().ok().map(MapKey::I64),
        Kind::Uint32 | Kind::Fixed32 => text.parse().ok().map(MapKey::U32),
        _ => text.parse().ok().map(MapKey::U64),
    };
    key.map(Element::Key).ok_or_else(|| {
        let example = match kind {
            Kind::String => format!("{name}[\"key\"]"),
            Kind::Bool => format!("{name}[true]"),
            _ => format!("{name}[1]"),
        };
        format!(
            "`{text}` is no key of `{name}`, whose keys are {}, as in `{example}`",
            kind_name(&kind)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn message() -> Message {
        let schema = Schema::from_source(
            "every.proto",
            r#"
            syntax = "proto3";
            message Every {
              string name = 1; repeated int32 numbers = 2; Every inner = 3; repeated Every list = 4;
              map<string, Every> by_text = 5; map<int32, string> by_number = 6; map<bool, int64> by_truth = 7;
              map<uint64, bytes> by_large = 8; oneof one { int32 left = 9; Every right = 10; } optional int32 maybe = 11;
            }
            "#,
        )
        .unwrap();
        let descriptor = schema.pool().get_message_by_name("Every").unwrap();
        let json = r#"{
            "name": "top", "numbers": [7, 8], "inner": {"inner": {"name": "deep", "maybe": 3}},
            "list": [{"name": "first"}, {"byText": {"a]\"b": {"name": "odd key"}}}],
            "byNumber": {"-5": "minus"}, "byTruth": {"true": "9"}, "byLarge": {"18446744073709551615": "AQ=="},
            "right": {"left": 4}
        }"#;
        Message::from_json(descriptor, json).unwrap()
    }

    #[test]
    fn a_path_leads_to_its_value_in_both_forms_of_a_message() {
        let table = [
            ("name", Value::String("top".into())),
            ("numbers[1]", Value::I32(8)),
            ("numbers", Value::List(vec![Value::I32(7), Value::I32(8)])),
            ("inner.inner.name", Value::String("deep".into())),
            ("inner.inner.maybe", Value::I32(3)),
            ("inner.maybe", Value::I32(0)),
            ("list[0].name", Value::String("first".into())),
            (
                "list[1].by_text[\"a]\\\"b\"].name",
                Value::String("odd key".into()),
            ),
            ("byNumber[-5]", Value::String("minus".into())),
            ("by_truth[true]", Value::I64(9)),
            ("by_large[18446744073709551615]", Value::Bytes(vec![1].into())),
            ("right.left", Value::I32(4)),
            ("left", Value::I32(0)),
            ("right.right.right.name", Value::String(String::new())),
            ("inner.list", Value::List(Vec::new())),
        ];
        for message in [message(), message().into_encoded()] {
            for (path, expected) in &table {
                assert_eq!(message.get(path).unwrap(), *expected, "{path}");
            }
        }
    }

    #[test]
    fn a_path_that_does_not_fit_says_why_and_is_no_fault_of_the_client() {
        let table = [
            (
                "nmae",
                "the message Every has no field `nmae`; did you mean `name`?",
            ),
            (
                "inner.by_txt",
                "the message Every has no field `by_txt`; did you mean `by_text`?",
            ),
            ("", "the name of a field is missing"),
            ("inner.", "the name of a field is missing"),
            ("inner..name", "the name of a field is missing"),
            ("name.x", "`name` is of type string, which has no fields"),
            ("numbers[0].x", "`numbers` is of type int32, which has no fields"),
            ("name[0]", "`name` is of type string, which has no elements"),
            ("inner[0]", "`inner` is of type Every, which has no elements"),
            ("list.name", "`list` has elements; take one, as in `list[…]`"),
            (
                "by_text.name",
                "`by_text` has elements; take one, as in `by_text[…]`",
            ),
            (
                "list[-1]",
                "`list` is a list, and `-1` is no index: the first element is `list[0]`",
            ),
            ("list[0", "a `]` is missing"),
            ("list[0]name", "a dot is expected before `name`"),
            ("numbers[0][1]", "a dot is expected before `[1]`"),
            (
                "by_text[a]",
                "`a` is no key of `by_text`, whose keys are string, as in `by_text[\"key\"]`",
            ),
            (
                "by_truth[1]",
                "`1` is no key of `by_truth`, whose keys are bool, as in `by_truth[true]`",
            ),
            (
                "by_number[x]",
                "`x` is no key of `by_number`, whose keys are int32, as in `by_number[1]`",
            ),
        ];
        for (path, expected) in table {
            let error = message().get(path).unwrap_err();
            assert_eq!(error.to_string(), format!("{path}: {expected}"));
            assert_eq!(error.code(), tonic::Code::Internal, "{path}");
        }
    }

    #[test]
    fn an_element_that_a_message_does_not_have_is_the_clients_fault() {
        for path in [
            "numbers[2]",
            "list[9].name",
            "by_number[0]",
            "inner.list[0]",
            "inner.inner.inner.by_text[\"x\"].name",
        ] {
            let error = message().get(path).unwrap_err();
            assert_eq!(error.to_string(), format!("the message has no {path}"));
            assert_eq!(error.code(), tonic::Code::InvalidArgument);
        }
    }

    #[test]
    fn no_path_is_too_long() {
        let path = "inner.".repeat(100_000) + "name";
        assert_eq!(message().get(&path).unwrap(), Value::String(String::new()));
    }
}
