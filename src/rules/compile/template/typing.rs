//! Checks the types of expressions against the fields that they are for.

use prost_reflect::{Kind, MessageDescriptor};

use super::constant::no_enum_value;
use crate::cel::{Branch, FieldInfo, JsonForm, Type, accepts_contents, accepts_element, accepts_field};
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

/// What is wrong with one of the values that an expression chooses from, and what to do.
pub(super) fn branch_misfit(target: &Target, branch: &Branch) -> Option<(String, Option<String>)> {
    let found = &branch.value_type;
    if let Err(expected) = accepts(target, found) {
        let message = format!("expected {expected} for {}, found {found}", target.name());
        return Some((message, conversion(target, found)));
    }
    match (target.scalar()?, &branch.text) {
        (Kind::Enum(descriptor), Some(name)) if descriptor.get_value_by_name(name).is_none() => {
            let mismatch = no_enum_value(descriptor, name);
            Some((mismatch.message, mismatch.hint))
        }
        _ => None,
    }
}

/// A hint at the CEL conversion that would make the value fit.
pub(super) fn conversion(target: &Target, found: &Type) -> Option<String> {
    if matches!(found, Type::Message(_) | Type::List(_) | Type::Map(..)) {
        return (target.scalar() == Some(&Kind::String)).then(|| "`json(…)` makes it text".to_owned());
    }
    let function = match target.scalar()? {
        Kind::String => "string",
        Kind::Bytes if *found == Type::String => "bytes",
        Kind::Double | Kind::Float if *found == Type::String => "double",
        Kind::Bool | Kind::Message(_) | Kind::Enum(_) | Kind::Bytes | Kind::Double | Kind::Float => {
            return None;
        }
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => "uint",
        _ => "int",
    };
    let convertible = matches!(
        found,
        Type::Int
            | Type::Uint
            | Type::Double
            | Type::String
            | Type::Bool
            | Type::Bytes
            | Type::Timestamp
            | Type::Duration
    );
    convertible.then(|| format!("`{function}(…)` converts it"))
}
