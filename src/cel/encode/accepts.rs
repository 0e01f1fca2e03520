//! Which types of expressions may fit which fields.

use prost_reflect::{Kind, MessageDescriptor};

use super::field::FieldInfo;
use super::json_form::{JsonForm, takes_null};
use crate::cel::values::Type;
use crate::schema::WellKnown;

/// Whether values of that type may fit a message; an `Err` names the expected type.
pub(crate) fn accepts_contents(descriptor: &MessageDescriptor, found: &Type) -> Result<(), String> {
    fits_message(descriptor, found)
        .then_some(())
        .ok_or_else(|| descriptor.full_name().to_owned())
}

/// Whether values of that type may fit a field: one value, a list or a map; an `Err` names the expected type.
pub(crate) fn accepts_field(field: &FieldInfo, found: &Type) -> Result<(), String> {
    if !field.repeated {
        return accepts_element(field, found);
    }
    if matches!(found, Type::Dyn | Type::Null) {
        return Ok(());
    }
    let (fits, expected) = match (field.map_entry(), found) {
        (Some(entry), Type::Map(keys, values)) => {
            let fits = fits_kind(&entry.map_entry_key_field().kind(), keys)
                && fits_kind(&entry.map_entry_value_field().kind(), values);
            (fits, "a map of other types".to_owned())
        }
        (Some(_), _) => (false, "a map".to_owned()),
        (None, Type::List(items)) => (
            fits_kind(&field.kind, items),
            format!("a list of {}", field.type_name()),
        ),
        (None, _) => (false, format!("a list of {}", field.type_name())),
    };
    if fits { Ok(()) } else { Err(expected) }
}

/// Whether values of that type may fit one value of a field; an `Err` names the expected type.
pub(crate) fn accepts_element(field: &FieldInfo, found: &Type) -> Result<(), String> {
    let is_lost = field.element && *found == Type::Null && !takes_null(&field.kind);
    if fits_kind(&field.kind, found) && !is_lost {
        Ok(())
    } else {
        Err(field.type_name())
    }
}

fn fits_kind(kind: &Kind, found: &Type) -> bool {
    match (kind, found) {
        (_, Type::Dyn | Type::Null)
        | (Kind::Bool, Type::Bool)
        | (Kind::String, Type::String | Type::Enum(_) | Type::Meta)
        | (Kind::Bytes, Type::Bytes)
        | (Kind::Double | Kind::Float, Type::Double | Type::Int | Type::Uint)
        | (Kind::Enum(_), Type::Int | Type::Uint | Type::String) => true,
        (Kind::Enum(expected), Type::Enum(found)) => expected.full_name() == found.full_name(),
        (Kind::Message(expected), found) => fits_message(expected, found),
        (Kind::Double | Kind::Float | Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_), _) => false,
        (_, found) => matches!(found, Type::Int | Type::Uint | Type::Enum(_)),
    }
}

fn fits_message(expected: &MessageDescriptor, found: &Type) -> bool {
    match (found, JsonForm::of(expected)) {
        (Type::Message(found), _) if found.full_name() == expected.full_name() => true,
        (_, Some(well_known)) => well_known.takes(expected, found),
        // By the names of its fields.
        (Type::Map(keys, _), None) => matches!(**keys, Type::String | Type::Dyn),
        (Type::Null | Type::Dyn, None) => true,
        _ => false,
    }
}

impl JsonForm {
    fn takes(self, descriptor: &MessageDescriptor, found: &Type) -> bool {
        match (self, found) {
            (Self::Value, Type::Message(message)) => matches!(
                WellKnown::of(message),
                Some(
                    WellKnown::Value
                        | WellKnown::Struct
                        | WellKnown::ListValue
                        | WellKnown::FieldMask
                        | WellKnown::Empty
                )
            ),
            // What is no message is packed into an Any as the message that stands for it.
            (_, Type::Null | Type::Dyn)
            | (Self::Value | Self::Any, _)
            | (Self::Timestamp, Type::Timestamp | Type::String)
            | (Self::Duration, Type::Duration | Type::String)
            | (Self::FieldMask, Type::String)
            | (Self::Struct, Type::Map(..))
            | (Self::ListValue, Type::List(_)) => true,
            (Self::Wrapper, _) => {
                FieldInfo::numbered(descriptor, 1).is_some_and(|field| fits_kind(&field.kind, found))
            }
            _ => false,
        }
    }
}
