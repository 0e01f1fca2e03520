//! The well-known types: messages of `google.protobuf` with a JSON form or a meaning of their own.
//!
//! This is the only list of them. Rooms that treat some of them specially match on [`WellKnown`].

use prost_reflect::{EnumDescriptor, MessageDescriptor};

/// One of the well-known types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Any,
    Duration,
    Empty,
    FieldMask,
    ListValue,
    Struct,
    Timestamp,
    Value,
    /// `StringValue` and the like: a message with one field, `value`, with number 1.
    Wrapper,
}

impl WellKnown {
    /// Which of them a message type is, if it is one.
    pub(crate) fn of(message: &MessageDescriptor) -> Option<Self> {
        Self::named(message.full_name())
    }

    /// Which of them has this full name.
    pub(crate) fn named(full_name: &str) -> Option<Self> {
        Some(match full_name.strip_prefix("google.protobuf.")? {
            "Any" => Self::Any,
            "Duration" => Self::Duration,
            "Empty" => Self::Empty,
            "FieldMask" => Self::FieldMask,
            "ListValue" => Self::ListValue,
            "Struct" => Self::Struct,
            "Timestamp" => Self::Timestamp,
            "Value" => Self::Value,
            "BoolValue" | "BytesValue" | "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value"
            | "StringValue" | "UInt32Value" | "UInt64Value" => Self::Wrapper,
            _ => return None,
        })
    }

    /// Whether a value of it is written as one text where there is no JSON: in paths, and as one parameter of a query.
    pub(crate) fn is_one_value(self) -> bool {
        matches!(
            self,
            Self::Timestamp | Self::Duration | Self::FieldMask | Self::Wrapper
        )
    }
}

/// Whether an enum is `google.protobuf.NullValue`, which is null in JSON and in expressions.
pub(crate) fn is_null_value(enumeration: &EnumDescriptor) -> bool {
    enumeration.full_name() == "google.protobuf.NullValue"
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::WellKnown;

    #[test]
    fn every_wrapper_has_its_value_in_field_1() {
        let pool = DescriptorPool::global();
        let wrappers = pool
            .get_file_by_name("google/protobuf/wrappers.proto")
            .expect("it is built in");
        for message in wrappers.messages() {
            assert_eq!(
                WellKnown::of(&message),
                Some(WellKnown::Wrapper),
                "{}",
                message.full_name()
            );
            assert_eq!(message.get_field(1).expect("it has one").name(), "value");
        }
        assert_eq!(WellKnown::named("my.google.protobuf.Any"), None);
        assert_eq!(WellKnown::named("google.protobuf.NullValue"), None);
    }
}
