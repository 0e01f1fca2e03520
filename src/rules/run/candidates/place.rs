//! The places of a call whose values rules compare with literals.

use std::hash::Hasher;

use http::{HeaderMap, HeaderName};
use prost_reflect::{Kind, Value as Constant};

use crate::cel::{Env, Equality, Value, metadata_value};
use crate::message::{Picked, Raw, Slot};
use crate::rules::plan::{Condition, ExpectedMetadata, WireScalar, canonical};

/// How many bytes at the begin and at the end of a text are hashed.
const HASHED_ENDS: usize = 128;

/// A place in a call whose value rules compare with literals.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Field {
        slot: Slot,
        kind: Kind,
        /// The value of the field when it is unset.
        unset: WireScalar,
    },
    Metadata(HeaderName),
}

/// The literals that one rule requires, each with the index of its place.
pub(super) type Required = Vec<(usize, WireScalar)>;

impl Place {
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field { slot, .. }, Self::Field { slot: other, .. }) => slot == other,
            (Self::Metadata(name), Self::Metadata(other)) => name == other,
            _ => false,
        }
    }

    /// Hashes the value that a call has there; `false` if it has none that could equal a literal.
    pub(super) fn hash(&self, env: &Env<'_>, hasher: &mut impl Hasher) -> bool {
        match self {
            Self::Field { slot, kind, unset } => env
                .request
                .is_some_and(|(bytes, picked)| hash_field(*slot, kind, unset, bytes, picked, hasher)),
            Self::Metadata(name) => hash_metadata(name, env.metadata, hasher),
        }
    }
}

/// Hashes a literal as the value of a call that equals it is hashed.
pub(super) fn hash_literal(literal: &WireScalar, hasher: &mut impl Hasher) {
    match literal {
        WireScalar::Bits(bits) => hasher.write_u64(*bits),
        WireScalar::Bytes(bytes) => hash_bytes(bytes, hasher),
    }
}

/// Hashes the value of a field of the request; `false` if it cannot equal a literal of its kind.
fn hash_field(
    slot: Slot,
    kind: &Kind,
    unset: &WireScalar,
    bytes: &[u8],
    picked: &Picked,
    hasher: &mut impl Hasher,
) -> bool {
    match picked.get(slot) {
        Raw::Span(start, length) => hash_bytes(&bytes[start as usize..][..length as usize], hasher),
        Raw::Varint(raw) => hasher.write_u64(canonical(kind, raw)),
        Raw::Fixed32(bits) => hasher.write_u64(u64::from(bits)),
        Raw::Fixed64(bits) => hasher.write_u64(bits),
        Raw::Absent | Raw::Present => hash_literal(unset, hasher),
    }
    true
}

/// Hashes the metadata of that name; `false` if there is none.
fn hash_metadata(name: &HeaderName, metadata: &HeaderMap, hasher: &mut impl Hasher) -> bool {
    let value = metadata_value(metadata, name);
    if let Some(value) = &value {
        hash_bytes(value.as_bytes(), hasher);
    }
    value.is_some()
}

fn hash_bytes(bytes: &[u8], hasher: &mut impl Hasher) {
    hasher.write_usize(bytes.len());
    // Enough to tell literals apart: a candidate need not match.
    let begin = bytes.len().min(HASHED_ENDS);
    hasher.write(&bytes[..begin]);
    hasher.write(&bytes[begin.max(bytes.len().saturating_sub(HASHED_ENDS))..]);
}

/// The equalities with a literal without which a condition cannot hold. Floats are left out: equal floats may have
/// different bits.
pub(super) fn equalities(condition: &Condition) -> impl Iterator<Item = (Place, WireScalar)> {
    let named = condition
        .metadata
        .iter()
        .filter_map(|condition| match &condition.expected {
            ExpectedMetadata::AnyOf(values) => match &**values {
                [only] => {
                    let expected = WireScalar::Bytes(only.as_bytes().into());
                    Some((Place::Metadata(condition.name.clone()), expected))
                }
                _ => None,
            },
            _ => None,
        });
    let listed = condition.equalities.iter().filter_map(|equality| {
        let expected = equality.expected.value()?.clone();
        let place = Place::Field {
            slot: equality.slot,
            kind: equality.kind.clone(),
            unset: equality.unset.clone(),
        };
        Some((place, expected))
    });
    let written = condition.when.iter().flat_map(|when| when.program.equalities());
    let written = written.filter_map(|equality| {
        Some(match equality {
            Equality::Field {
                slot,
                kind,
                unset,
                expected,
            } => {
                let place = Place::Field {
                    slot,
                    kind: kind.clone(),
                    unset: literal(kind, unset)?,
                };
                (place, literal(kind, expected)?)
            }
            Equality::Metadata { name, expected } => {
                let expected = WireScalar::Bytes(expected.as_bytes().into());
                (Place::Metadata(name.clone()), expected)
            }
        })
    });
    let is_float = |place: &Place| {
        matches!(
            place,
            Place::Field {
                kind: Kind::Double | Kind::Float,
                ..
            }
        )
    };
    // A string of proto2 that is not UTF-8 reads with U+FFFD in it, and has other bytes.
    let may_read_otherwise = |literal: &WireScalar| match literal {
        WireScalar::Bytes(bytes) => bytes.windows(3).any(|bytes| bytes == "\u{fffd}".as_bytes()),
        WireScalar::Bits(_) => false,
    };
    named
        .chain(listed)
        .chain(written)
        .filter(move |(place, literal)| !is_float(place) && !may_read_otherwise(literal))
}

/// The wire form of an expression's value in a field of that kind; `None` if no such field can have it.
pub(super) fn literal(kind: &Kind, value: &Value<'_>) -> Option<WireScalar> {
    let value = match (kind, value) {
        (Kind::String, Value::String(text)) => return Some(WireScalar::Bytes(text.as_bytes().into())),
        (Kind::Bytes, Value::Bytes(bytes)) => return Some(WireScalar::Bytes(bytes.as_ref().into())),
        (Kind::Bool, Value::Bool(truth)) => Constant::Bool(*truth),
        (Kind::Uint32 | Kind::Fixed32, Value::Uint(number)) => Constant::U32((*number).try_into().ok()?),
        (Kind::Uint64 | Kind::Fixed64, Value::Uint(number)) => Constant::U64(*number),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, Value::Int(number)) => {
            Constant::I32((*number).try_into().ok()?)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Value::Int(number)) => Constant::I64(*number),
        (Kind::Enum(_), Value::Int(number)) => Constant::EnumNumber((*number).try_into().ok()?),
        (Kind::Enum(_), Value::Enum(_, number)) => Constant::EnumNumber(*number),
        _ => return None,
    };
    WireScalar::of(&value, kind)
}
