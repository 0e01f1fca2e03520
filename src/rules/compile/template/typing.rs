//! Checks the types of expressions against the fields that they are for.

use prost_reflect::{Kind, MessageDescriptor};

use crate::cel::Type;
use crate::rules::plan::template::Target;
use crate::rules::plan::{FieldInfo, JsonForm};

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
    if *found == Type::Dyn {
        return Ok(());
    }
    let (fits, expected) = match target {
        Target::Contents(descriptor, _) => (
            accepts_message(descriptor, found),
            descriptor.full_name().to_owned(),
        ),
        Target::Field(field) if field.repeated => match (field.map_entry(), found) {
            (Some(entry), Type::Map(keys, values)) => {
                let fits = accepts_kind(&entry.map_entry_key_field().kind(), keys)
                    && accepts_kind(&entry.map_entry_value_field().kind(), values);
                (fits, "a map of other types".to_owned())
            }
            (Some(_), _) => (*found == Type::Null, "a map".to_owned()),
            (None, Type::List(items)) => (
                accepts_kind(&field.kind, items),
                format!("a list of {}", field.type_name()),
            ),
            (None, _) => (*found == Type::Null, format!("a list of {}", field.type_name())),
        },
        Target::Field(field) | Target::Element(field) => {
            (accepts_kind(&field.kind, found), field.type_name())
        }
    };
    if fits { Ok(()) } else { Err(expected) }
}

fn accepts_kind(kind: &Kind, found: &Type) -> bool {
    match (kind, found) {
        (_, Type::Dyn | Type::Null)
        | (Kind::Bool, Type::Bool)
        | (Kind::String, Type::String | Type::Enum(_) | Type::Meta)
        | (Kind::Bytes, Type::Bytes)
        | (Kind::Double | Kind::Float, Type::Double | Type::Int | Type::Uint)
        | (Kind::Enum(_), Type::Int | Type::Uint | Type::String) => true,
        (Kind::Enum(expected), Type::Enum(found)) => expected.full_name() == found.full_name(),
        (Kind::Message(expected), found) => accepts_message(expected, found),
        (Kind::Double | Kind::Float | Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_), _) => false,
        (_, found) => matches!(found, Type::Int | Type::Uint | Type::Enum(_)),
    }
}

fn accepts_message(expected: &MessageDescriptor, found: &Type) -> bool {
    match (found, JsonForm::of(expected)) {
        (Type::Message(found), _) if found.full_name() == expected.full_name() => true,
        (_, Some(well_known)) => well_known.accepts(expected, found, accepts_kind),
        (Type::Null | Type::Dyn, None) => true,
        _ => false,
    }
}

impl JsonForm {
    /// Whether values of that type may fit. `scalar` says so for the fields of wrappers.
    pub(super) fn accepts(
        self,
        descriptor: &MessageDescriptor,
        found: &Type,
        scalar: fn(&Kind, &Type) -> bool,
    ) -> bool {
        match (self, found) {
            (Self::Value, Type::Message(message)) => Self::of(message).is_some_and(Self::is_json),
            (_, Type::Null | Type::Dyn)
            | (Self::Value, _)
            | (Self::Timestamp, Type::Timestamp | Type::String)
            | (Self::Duration, Type::Duration | Type::String)
            | (Self::FieldMask, Type::String)
            | (Self::Struct, Type::Map(..))
            | (Self::ListValue, Type::List(_))
            | (Self::Any, Type::Message(_)) => true,
            (Self::Wrapper, _) => {
                FieldInfo::numbered(descriptor, 1).is_some_and(|field| scalar(&field.kind, found))
            }
            _ => false,
        }
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
