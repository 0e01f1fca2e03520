//! What a schema's authors wrote about a field: `buf.validate` rules and `google.api.field_behavior`.
//!
//! Both are options. They are read as dynamic messages by the names of their fields, so that any version of the two protos
//! works. A field that a version does not have counts as unset. Rules in CEL, including predefined ones, cannot be
//! satisfied in general, and are ignored.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor, ReflectMessage, Value,
};

/// Values of `google.api.FieldBehavior`.
mod behavior {
    pub(super) const REQUIRED: i32 = 2;
    pub(super) const OUTPUT_ONLY: i32 = 3;
    pub(super) const INPUT_ONLY: i32 = 4;
    pub(super) const IDENTIFIER: i32 = 8;
}

/// A value of `buf.validate.Ignore`.
const IGNORE_ALWAYS: i32 = 3;

/// A field with its annotations.
#[derive(Debug, Clone)]
pub(super) struct AnnotatedField {
    pub(super) descriptor: FieldDescriptor,
    /// The `buf.validate.FieldRules`.
    pub(super) rules: ValidationRules,
    /// Whether the message is invalid without it: proto2's `required`, or the rule of that name.
    pub(super) required: bool,
    /// Whether a response should have it.
    pub(super) of_responses: bool,
    /// Whether it is never in a response.
    pub(super) input_only: bool,
}

/// One message of rules. Empty if there are none.
#[derive(Debug, Clone, Default)]
pub(super) struct ValidationRules(Option<DynamicMessage>);

impl AnnotatedField {
    pub(super) fn of(descriptor: FieldDescriptor) -> Self {
        let options = descriptor
            .field_descriptor_proto()
            .options
            .is_some()
            .then(|| descriptor.options());
        let rules = ValidationRules::of(options.as_ref(), "buf.validate.field").unless_ignored();
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
        let required = descriptor.is_required() || rules.flag("required");
        Self {
            descriptor,
            rules,
            required,
            of_responses: required
                || behaviors.iter().any(|behavior| {
                    matches!(
                        *behavior,
                        behavior::REQUIRED | behavior::OUTPUT_ONLY | behavior::IDENTIFIER
                    )
                }),
            input_only: behaviors.contains(&behavior::INPUT_ONLY),
        }
    }

    /// Whether the field is required, and the zero value would count as unset.
    pub(super) fn needs_more_than_zero(&self) -> bool {
        self.required && !self.descriptor.supports_presence()
    }
}

impl ValidationRules {
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

    /// The value of the rule `name`, if it is set.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        let rules = self.0.as_ref()?;
        let field = rules.descriptor().get_field_by_name(name)?;
        rules
            .has_field(&field)
            .then(|| rules.get_field(&field).into_owned())
    }

    /// The rules in the field `name`, such as those of a type, of the items of a list or of the keys of a map.
    pub(super) fn inner(&self, name: &str) -> Self {
        Self(self.value(name).and_then(|value| value.as_message().cloned())).unless_ignored()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name)
            .and_then(|value| value.as_bool())
            .unwrap_or(false)
    }

    /// A length or count, at most `usize::MAX`.
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

/// The value of a custom option, by its full name.
pub(super) fn extension(options: Option<&DynamicMessage>, name: &str) -> Option<Value> {
    let mut extensions = options?.extensions();
    extensions.find_map(|(extension, value)| (extension.full_name() == name).then(|| value.clone()))
}
