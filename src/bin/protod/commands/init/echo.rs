//! What a made-up answer takes from the request, as the expressions of a rule.
//!
//! A sample copies the fields that request and response have in common, and messages whose type is the response's or that of
//! one of its fields. Here the same is found from the descriptors alone. What `google.api.field_behavior` leaves to the
//! server stays made up, also within a message that is copied.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};
use saphyr::{Scalar, Yaml};

/// Values of `google.api.FieldBehavior`.
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;
const IDENTIFIER: i32 = 8;

/// A made-up `reply` of type `output`, with what it takes from a request of type `input`.
pub(super) fn with_echoes<'y>(
    reply: Yaml<'y>,
    input: &MessageDescriptor,
    output: &MessageDescriptor,
) -> Yaml<'y> {
    if is_well_known(output) {
        return if input == output {
            expression("request")
        } else {
            reply
        };
    }
    match reply {
        Yaml::Mapping(entries) => {
            let mut answer = Answer {
                made_up: entries.into_iter().collect(),
                echoes: Vec::new(),
            };
            answer.echo_fields(input, output);
            answer.echo_messages(input, output);
            answer.into_yaml(output)
        }
        other => other,
    }
}

/// A reply in the making.
struct Answer<'y> {
    made_up: Vec<(Yaml<'y>, Yaml<'y>)>,
    /// The fields that are taken from the request, and how.
    echoes: Vec<(FieldDescriptor, Yaml<'y>)>,
}

impl<'y> Answer<'y> {
    /// Takes the fields that have the same name and type in both.
    fn echo_fields(&mut self, input: &MessageDescriptor, output: &MessageDescriptor) {
        for field in output.fields() {
            let asked = input.get_field_by_name(field.name());
            if let Some(asked) = asked.filter(|asked| same_type(asked, &field)) {
                self.echo(&field, &asked, "request");
            }
        }
    }

    /// Takes the request, and the messages in it, where their types are due: that of the response, or of a field of it.
    fn echo_messages(&mut self, input: &MessageDescriptor, output: &MessageDescriptor) {
        let is_message = |field: &FieldDescriptor| !field.is_list() && !field.is_map();
        let inner = input.fields().filter(is_message).filter_map(|field| {
            let message = field.kind().as_message()?.clone();
            Some((member("request", &field), message))
        });
        let messages = std::iter::once(("request".to_owned(), input.clone())).chain(inner);
        for (source, message) in messages.filter(|(_, message)| !is_well_known(message)) {
            if message == *output {
                let free: Vec<_> = output.fields().filter(|field| !self.is_taken(field)).collect();
                for field in free {
                    self.echo(&field, &field, &source);
                }
                continue;
            }
            let is_place = |field: &FieldDescriptor| {
                is_message(field)
                    && field.kind().as_message() == Some(&message)
                    && !self.is_taken(field)
                    && !has_behavior(field, INPUT_ONLY)
            };
            if let Some(place) = output.fields().find(is_place) {
                let made_up = self.made_up_of(&place);
                self.echoes.push((place, copy(&source, &message, made_up)));
            }
        }
    }

    /// Takes the value of `field` from the field `asked` of `source`.
    fn echo(&mut self, field: &FieldDescriptor, asked: &FieldDescriptor, source: &str) {
        if has_behavior(field, INPUT_ONLY) {
            return;
        }
        if let Some(value) = echo_of(asked, source, self.made_up_of(field)) {
            self.echoes.push((field.clone(), value));
        }
    }

    fn made_up_of(&self, field: &FieldDescriptor) -> Option<&Yaml<'y>> {
        find(&self.made_up, field)
    }

    fn has(&self, field: &FieldDescriptor) -> bool {
        self.echoes.iter().any(|(echoed, _)| echoed == field)
    }

    /// Whether the field, or another of its oneof, is echoed.
    fn is_taken(&self, field: &FieldDescriptor) -> bool {
        let oneof = field.containing_oneof();
        self.has(field) || oneof.is_some_and(|oneof| oneof.fields().any(|member| self.has(&member)))
    }

    /// The reply, in the order of its fields. Of a oneof, the request decides which member is set, if it has any of them.
    fn into_yaml(mut self, output: &MessageDescriptor) -> Yaml<'y> {
        let taken: Vec<FieldDescriptor> = output.fields().filter(|field| self.is_taken(field)).collect();
        let mut entries = Vec::new();
        for field in output.fields() {
            let echo = self.echoes.iter().position(|(echoed, _)| *echoed == field);
            let made_up = self.made_up.iter().position(|(key, _)| is_key(key, &field));
            let made_up = made_up.map(|place| self.made_up.remove(place));
            if let Some(echo) = echo {
                entries.push((string(field.name()), self.echoes.remove(echo).1));
            } else if let Some(entry) = made_up.filter(|_| !taken.contains(&field)) {
                entries.push(entry);
            }
        }
        // Extensions.
        entries.append(&mut self.made_up);
        Yaml::Mapping(entries.into_iter().collect())
    }
}

/// The value of the field `asked` of `source`; `None` if the server sets it. `made_up` is its value in the sample.
fn echo_of<'y>(asked: &FieldDescriptor, source: &str, made_up: Option<&Yaml<'y>>) -> Option<Yaml<'y>> {
    if has_behavior(asked, OUTPUT_ONLY) {
        return None;
    }
    let value = member(source, asked);
    if has_behavior(asked, IDENTIFIER)
        && let Some(Yaml::Value(Scalar::String(name))) = made_up
        && is_plain(name)
    {
        // A request that creates something has no name for it.
        return Some(expression(&format!("has({value}) ? {value} : '{name}'")));
    }
    match asked.kind() {
        Kind::Message(message) if !asked.is_list() && !asked.is_map() => {
            Some(copy(&value, &message, made_up))
        }
        _ => Some(expression(&value)),
    }
}

/// A copy of the message `source`: as a whole, or by its fields if the server sets some of them.
fn copy<'y>(source: &str, message: &MessageDescriptor, made_up: Option<&Yaml<'y>>) -> Yaml<'y> {
    let behaviors = [OUTPUT_ONLY, INPUT_ONLY, IDENTIFIER];
    let is_special =
        |field: FieldDescriptor| behaviors.iter().any(|behavior| has_behavior(&field, *behavior));
    let Some(Yaml::Mapping(entries)) = made_up.filter(|_| message.fields().any(is_special)) else {
        return expression(source);
    };
    let entries: Vec<_> = entries.clone().into_iter().collect();
    let fields = message.fields().filter(|field| !has_behavior(field, INPUT_ONLY));
    let fields = fields.filter_map(|field| {
        let made_up = find(&entries, &field);
        let value = echo_of(&field, source, made_up).or_else(|| made_up.cloned())?;
        Some((Yaml::Value(Scalar::String(field.name().to_owned().into())), value))
    });
    Yaml::Mapping(fields.collect())
}

fn find<'e, 'y>(entries: &'e [(Yaml<'y>, Yaml<'y>)], field: &FieldDescriptor) -> Option<&'e Yaml<'y>> {
    let entry = entries.iter().find(|(key, _)| is_key(key, field));
    entry.map(|(_, value)| value)
}

fn is_key(key: &Yaml<'_>, field: &FieldDescriptor) -> bool {
    matches!(key, Yaml::Value(Scalar::String(name)) if name == field.name())
}

fn same_type(one: &FieldDescriptor, other: &FieldDescriptor) -> bool {
    let entries = |field: &FieldDescriptor| {
        let kind = field.kind();
        let entry = kind.as_message().filter(|_| field.is_map())?;
        Some((
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        ))
    };
    match (entries(one), entries(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.kind() == other.kind() && one.is_list() == other.is_list(),
        _ => false,
    }
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.parent_file().package_name() == "google.protobuf"
}

/// Whether `google.api.field_behavior` says so of the field.
fn has_behavior(field: &FieldDescriptor, behavior: i32) -> bool {
    if field.field_descriptor_proto().options.is_none() {
        return false;
    }
    let options = field.options();
    let mut extensions = options.extensions();
    let behaviors = extensions.find(|(extension, _)| extension.full_name() == "google.api.field_behavior");
    let behaviors = behaviors.and_then(|(_, value)| value.as_list());
    let mut numbers = behaviors.into_iter().flatten().filter_map(Value::as_enum_number);
    numbers.any(|number| number == behavior)
}

/// `source.field`, in an expression.
fn member(source: &str, field: &FieldDescriptor) -> String {
    match field.name() {
        name @ ("true" | "false" | "null" | "in") => format!("{source}.`{name}`"),
        name => format!("{source}.{name}"),
    }
}

/// Whether a text is the same in a string of an expression.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_alphanumeric() || "/-_. ".contains(letter))
}

fn expression<'y>(text: &str) -> Yaml<'y> {
    string(format!("${{{text}}}"))
}

fn string<'y>(text: impl Into<String>) -> Yaml<'y> {
    Yaml::Value(Scalar::String(text.into().into()))
}
