//! What a schema's authors wrote beside a field: `buf.validate` rules and `google.api.field_behavior`.
//!
//! Both are options, read as dynamic messages by the names of their fields, so that any version of the two protos
//! does and none needs to be known when protod is built. What is not there reads as nothing.
//! Rules that are written in CEL, predefined ones among them, cannot be met in general, and are not read.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor, ReflectMessage, Value,
};

/// Of `google.api.FieldBehavior`.
mod behavior {
    pub(super) const REQUIRED: i32 = 2;
    pub(super) const OUTPUT_ONLY: i32 = 3;
    pub(super) const INPUT_ONLY: i32 = 4;
    pub(super) const IDENTIFIER: i32 = 8;
}

/// Of `buf.validate.Ignore`.
const IGNORE_ALWAYS: i32 = 3;

/// A field, and what is written beside it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) descriptor: FieldDescriptor,
    /// The `buf.validate.FieldRules`.
    pub(super) rules: Rules,
    /// The message is invalid without it: proto2's `required`, or the rule of that name.
    pub(super) demanded: bool,
    /// A response should have it.
    pub(super) of_responses: bool,
    /// Never in a response.
    pub(super) input_only: bool,
}

/// One message of rules, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Option<DynamicMessage>);

impl Field {
    pub(super) fn of(descriptor: FieldDescriptor) -> Self {
        let options = descriptor
            .field_descriptor_proto()
            .options
            .is_some()
            .then(|| descriptor.options());
        let rules = Rules::of(options.as_ref(), "buf.validate.field").unless_ignored();
        let behaviors: Vec<i32> = extension(options.as_ref(), "google.api.field_behavior")
            .and_then(|value| {
                Some(
                    value
                        .as_list()?
                        .iter()
                        .filter_map(Value::as_enum_number)
                        .collect(),
                )
            })
            .unwrap_or_default();
        let demanded = descriptor.is_required() || rules.flag("required");
        Self {
            descriptor,
            rules,
            demanded,
            of_responses: demanded
                || behaviors.iter().any(|behavior| {
                    matches!(
                        *behavior,
                        behavior::REQUIRED | behavior::OUTPUT_ONLY | behavior::IDENTIFIER
                    )
                }),
            input_only: behaviors.contains(&behavior::INPUT_ONLY),
        }
    }

    /// Whether the zero value would count as unset, and unset is not enough.
    pub(super) fn needs_more_than_zero(&self) -> bool {
        self.demanded && !self.descriptor.supports_presence()
    }
}

impl Rules {
    /// The `buf.validate.MessageRules` of a message type.
    pub(super) fn of_message(message: &MessageDescriptor) -> Self {
        let options = message
            .descriptor_proto()
            .options
            .is_some()
            .then(|| message.options());
        Self::of(options.as_ref(), "buf.validate.message")
    }

    /// The `buf.validate.OneofRules` of a oneof.
    pub(super) fn of_oneof(oneof: &OneofDescriptor) -> Self {
        let options = oneof
            .oneof_descriptor_proto()
            .options
            .is_some()
            .then(|| oneof.options());
        Self::of(options.as_ref(), "buf.validate.oneof")
    }

    fn of(options: Option<&DynamicMessage>, name: &str) -> Self {
        Self(extension(options, name).and_then(|value| value.as_message().cloned()))
    }

    fn unless_ignored(self) -> Self {
        let ignore = self.value("ignore").and_then(|value| value.as_enum_number());
        if ignore == Some(IGNORE_ALWAYS) {
            Self::default()
        } else {
            self
        }
    }

    /// What the rule `name` says, where it is set.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        let rules = self.0.as_ref()?;
        let field = rules.descriptor().get_field_by_name(name)?;
        rules
            .has_field(&field)
            .then(|| rules.get_field(&field).into_owned())
    }

    /// The rules in the field `name`: those of a type, of a list's items, of a map's keys.
    pub(super) fn inner(&self, name: &str) -> Self {
        Self(self.value(name).and_then(|value| value.as_message().cloned())).unless_ignored()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name)
            .and_then(|value| value.as_bool())
            .unwrap_or(false)
    }

    /// A length or a count, brought to what memory can index.
    pub(super) fn count(&self, name: &str) -> Option<usize> {
        let count = self.value(name)?.as_u64()?;
        Some(usize::try_from(count).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn list(&self, name: &str) -> Vec<Value> {
        self.value(name)
            .and_then(|value| value.as_list().map(<[Value]>::to_vec))
            .unwrap_or_default()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name)
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    }

    pub(super) fn messages(&self, name: &str) -> Vec<Self> {
        self.list(name)
            .iter()
            .map(|value| Self(value.as_message().cloned()))
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The value of an option that another proto adds, by its full name.
pub(super) fn extension(options: Option<&DynamicMessage>, name: &str) -> Option<Value> {
    let mut extensions = options?.extensions();
    extensions.find_map(|(extension, value)| (extension.full_name() == name).then(|| value.clone()))
}
