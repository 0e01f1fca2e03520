//! Which types of Rust hold the values of a kind of field.

use prost_reflect::Kind;

/// The type that holds each value of a kind and no others.
pub(super) fn rust_type(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "i32",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "i64",
        Kind::Uint32 | Kind::Fixed32 => "u32",
        Kind::Uint64 | Kind::Fixed64 => "u64",
        Kind::Float => "f32",
        Kind::Double => "f64",
        Kind::Bool => "bool",
        Kind::String => "String",
        Kind::Bytes => "Vec<u8>",
        Kind::Message(_) | Kind::Enum(_) => return None,
    })
}

/// How many bits a kind's integers have, and whether they have a sign.
fn integers(kind: &Kind) -> Option<(u32, bool)> {
    Some(match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (32, true),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (64, true),
        Kind::Uint32 | Kind::Fixed32 => (32, false),
        Kind::Uint64 | Kind::Fixed64 => (64, false),
        _ => return None,
    })
}

/// Whether an integer type of Rust holds each value of a kind. An enum may be read as any of them.
pub(super) fn holds(bits: u32, signed: bool, kind: &Kind) -> bool {
    match integers(kind) {
        Some((64.., _)) if bits < 64 => false,
        Some((wanted, wanted_sign)) if wanted_sign == signed => bits >= wanted,
        Some((wanted, wanted_sign)) => !wanted_sign && bits > wanted,
        None => matches!(kind, Kind::Enum(_)),
    }
}
