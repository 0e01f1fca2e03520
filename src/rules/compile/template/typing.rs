//! Checks the types of expressions against the fields that they are for.

use prost_reflect::{Kind, MessageDescriptor};

use crate::cel::{FieldInfo, JsonForm, Type, accepts_contents, accepts_element, accepts_field};
use crate::rules::plan::template::Target;

/// The field at a path of numbers, from a message type.
pub(super) fn field_at(message: &MessageDescriptor, path: &[u32]) -> Option<FieldInfo> {
    let (last, parents) = path.split_last()?;
    let mut message = message.clone();
    for number in parents {
        message = FieldInfo::numbered(&message, *number)?.message()?.clone();
    }
    FieldInfo::numbered(&message, *last)
}

/// Whether values of that kind are whole numbers.
pub(super) fn is_integer(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Double
            | Kind::Float
            | Kind::Bool
            | Kind::String
            | Kind::Bytes
            | Kind::Enum(_)
            | Kind::Message(_)
    )
}

/// Whether values of that type may fit; an `Err` names the expected type.
pub(super) fn accepts(target: &Target, found: &Type) -> Result<(), String> {
    match target {
        Target::Contents(descriptor, _) => accepts_contents(descriptor, found),
        Target::Field(field) => accepts_field(field, found),
        Target::Element(field) => accepts_element(field, found),
    }
}

/// The type of the message that is due, if only its own values and mappings fit.
pub(super) fn message_due(target: &Target) -> Option<&MessageDescriptor> {
    let message = match target {
        Target::Contents(descriptor, _) => Some(descriptor),
        Target::Field(field) if field.map_entry().is_some() || field.repeated => None,
        Target::Field(field) | Target::Element(field) => field.message(),
    };
    message.filter(|message| JsonForm::of(message).is_none())
}

/// What is due, if no map fits.
pub(super) fn due(target: &Target) -> Option<&'static str> {
    let (message, is_list) = match target {
        Target::Contents(descriptor, _) => (Some(descriptor), false),
        Target::Field(field) if field.map_entry().is_some() => return None,
        Target::Field(field) => (field.message(), field.repeated),
        Target::Element(field) => (field.message(), false),
    };
    match message {
        _ if is_list => Some("a list"),
        Some(message) if JsonForm::of(message).is_some() => None,
        Some(_) => Some("a message"),
        None => Some("a single value"),
    }
}
