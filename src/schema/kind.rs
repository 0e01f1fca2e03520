//! The names of field types.

use prost_reflect::Kind;
use prost_types::field_descriptor_proto::Type;

/// The scalar types, by the names that proto text has for them.
pub(super) const SCALARS: [(&str, Type); 15] = [
    ("double", Type::Double),
    ("float", Type::Float),
    ("int32", Type::Int32),
    ("int64", Type::Int64),
    ("uint32", Type::Uint32),
    ("uint64", Type::Uint64),
    ("sint32", Type::Sint32),
    ("sint64", Type::Sint64),
    ("fixed32", Type::Fixed32),
    ("fixed64", Type::Fixed64),
    ("sfixed32", Type::Sfixed32),
    ("sfixed64", Type::Sfixed64),
    ("bool", Type::Bool),
    ("string", Type::String),
    ("bytes", Type::Bytes),
];

/// The scalar type of a name.
pub(super) fn scalar_named(name: &str) -> Option<Type> {
    let found = SCALARS.iter().find(|(known, _)| *known == name);
    found.map(|(_, scalar)| *scalar)
}

/// What proto text calls a type that has no name of its own.
pub(super) fn scalar_name(kind: Type) -> Option<&'static str> {
    let found = SCALARS.iter().find(|(_, known)| *known == kind);
    found.map(|(name, _)| *name)
}

/// A type as `.proto` files write it. `buf.validate.FieldRules` has a field of the same name for each scalar.
pub(crate) fn kind_name(kind: &Kind) -> &str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(message) => message.full_name(),
        Kind::Enum(enumeration) => enumeration.full_name(),
    }
}
