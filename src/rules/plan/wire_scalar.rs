//! Constants that fields of the request are compared with, in their wire form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{Kind, Value};

use crate::cel::FieldInfo;
use crate::message::{unzigzag, zigzag};

/// A scalar as the bits or bytes of its wire form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum WireScalar {
    /// A varint in its type's own encoding, or the bits of a fixed-width value.
    Bits(u64),
    Bytes(Box<[u8]>),
}

impl WireScalar {
    /// How many bytes of a text are shown at most, where less of it is quoted.
    pub(crate) const MOST_SHOWN: usize = 4096;

    /// A scalar constant.
    pub(crate) fn of(value: &Value, kind: &Kind) -> Option<Self> {
        Some(Self::Bits(match value {
            Value::Bool(truth) => u64::from(*truth),
            Value::I32(number) => match kind {
                Kind::Sint32 => zigzag((*number).into()),
                Kind::Sfixed32 => u64::from(*number as u32),
                _ => i64::from(*number) as u64,
            },
            Value::I64(number) => match kind {
                Kind::Sint64 => zigzag(*number),
                _ => *number as u64,
            },
            Value::U32(number) => u64::from(*number),
            Value::U64(number) => *number,
            Value::F32(number) => u64::from(number.to_bits()),
            Value::F64(number) => number.to_bits(),
            Value::EnumNumber(number) => i64::from(*number) as u64,
            Value::String(text) => return Some(Self::Bytes(text.as_bytes().into())),
            Value::Bytes(bytes) => return Some(Self::Bytes(bytes.as_ref().into())),
            Value::Message(_) | Value::List(_) | Value::Map(_) => return None,
        }))
    }

    /// The value of the field when it is unset.
    pub(crate) fn unset(field: &FieldInfo) -> Self {
        Self::of(&field.default, &field.kind).unwrap_or(Self::Bits(0))
    }

    /// Equality by value: 0.0 equals -0.0, and NaN equals NaN.
    #[inline]
    pub(crate) fn equals(&self, other: &Self, kind: &Kind) -> bool {
        if self == other {
            return true;
        }
        let (Self::Bits(one), Self::Bits(other)) = (self, other) else {
            return false;
        };
        match kind {
            Kind::Double => same_float(f64::from_bits(*one), f64::from_bits(*other)),
            Kind::Float => {
                let [one, other] = [*one, *other].map(|bits| f32::from_bits(bits as u32));
                same_float(one.into(), other.into())
            }
            _ => false,
        }
    }

    /// The value as a rule would write it, or the begin of a long text.
    pub(crate) fn show(&self, kind: &Kind) -> String {
        let bits = match self {
            Self::Bytes(bytes) => {
                let bytes = &bytes[..bytes.len().min(Self::MOST_SHOWN)];
                return if *kind == Kind::String {
                    format!("{:?}", String::from_utf8_lossy(bytes))
                } else {
                    format!("{:?}", STANDARD.encode(bytes))
                };
            }
            Self::Bits(bits) => *bits,
        };
        match kind {
            Kind::Bool => (bits != 0).to_string(),
            // As JSON writes it: `1e308` rather than 309 digits.
            Kind::Double => format!("{:?}", f64::from_bits(bits)),
            Kind::Float => format!("{:?}", f32::from_bits(bits as u32)),
            Kind::Sint32 | Kind::Sint64 => unzigzag(bits).to_string(),
            Kind::Int32 | Kind::Sfixed32 => (bits as i32).to_string(),
            Kind::Int64 | Kind::Sfixed64 => (bits as i64).to_string(),
            Kind::Enum(descriptor) => {
                let named = descriptor.get_value(bits as i32);
                named.map_or_else(|| (bits as i32).to_string(), |value| value.name().to_owned())
            }
            _ => bits.to_string(),
        }
    }
}

#[expect(clippy::float_cmp, reason = "a pattern means just that value")]
fn same_float(one: f64, other: f64) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}
