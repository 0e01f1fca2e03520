//! The options that hold rules, read by the names of their fields: any version of `validate.proto` will do.

use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage as _, Value};

/// The value of a custom option, by its full name.
pub(super) fn option(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let mut extensions = options.extensions();
    let (_, value) = extensions.find(|(extension, _)| extension.full_name() == name)?;
    value.as_message().cloned()
}

/// The value of a field that is set.
pub(super) fn value(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    message
        .has_field(&field)
        .then(|| message.get_field(&field).into_owned())
}

pub(super) fn flag(message: &DynamicMessage, name: &str) -> bool {
    value(message, name).is_some_and(|value| value.as_bool() == Some(true))
}

pub(super) fn text(message: &DynamicMessage, name: &str) -> String {
    value(message, name)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

pub(super) fn texts(message: &DynamicMessage, name: &str) -> Vec<String> {
    let list = value(message, name);
    let values = list.as_ref().and_then(Value::as_list).unwrap_or_default();
    values
        .iter()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

pub(super) fn message(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    value(message, name)?.as_message().cloned()
}

pub(super) fn messages(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let list = value(message, name);
    let values = list.as_ref().and_then(Value::as_list).unwrap_or_default();
    values
        .iter()
        .filter_map(|value| value.as_message().cloned())
        .collect()
}

/// The field of a message of rules, which has one of this name if a value of it was read.
pub(super) fn field(message: &DynamicMessage, name: &str) -> FieldDescriptor {
    let field = message.descriptor().get_field_by_name(name);
    field.expect("a value of it was read")
}

/// A `buf.validate.Rule`.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) message: String,
    pub(super) expression: String,
}

/// The rules in CEL of any message that has some.
pub(super) fn rules(message: &DynamicMessage) -> Vec<Rule> {
    let rules = messages(message, "cel").into_iter().map(|rule| Rule {
        id: text(&rule, "id"),
        message: text(&rule, "message"),
        expression: text(&rule, "expression"),
    });
    rules.collect()
}
