//! One value of Rust as the scalar of a field.
//!
//! A number goes into a field of any kind that can hold it. Whether it can is known only now, since a type that is only
//! written cannot be looked at before.

use std::fmt;

use prost_reflect::Kind;

use crate::message::typed::error::TypedError;
use crate::message::wire::{WireType, key, put_delimited, put_varint, zigzag};
use crate::schema::{Detail, ValueType, kind_name};

/// What a type of Rust gave.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'v> {
    Bool(bool),
    Integer(i128),
    F32(f32),
    F64(f64),
    Text(&'v str),
    Bytes(&'v [u8]),
}

/// A value as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoded<'v> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Delimited(&'v [u8]),
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(_) => f.write_str("a bool"),
            Self::Integer(number) => number.fmt(f),
            Self::F32(number) => number.fmt(f),
            Self::F64(number) => number.fmt(f),
            Self::Text(_) => f.write_str("a string"),
            Self::Bytes(_) => f.write_str("bytes"),
        }
    }
}

/// Fails for a value that a field cannot hold.
#[cold]
pub(super) fn misfit<T>(of: &ValueType, given: impl fmt::Display) -> Result<T, TypedError> {
    Err(TypedError::new(format!(
        "it is {} and cannot hold {given}",
        kind_name(&of.kind)
    )))
}

/// Doubles hold all integers up to this one.
const EXACT: i128 = 1 << f64::MANTISSA_DIGITS;

impl<'v> Given<'v> {
    /// The key of a map: as text, as JSON has it, or as it is.
    pub(super) fn key_of(self, of: &ValueType) -> Self {
        match (self, &of.kind) {
            (Self::Text(text), Kind::Bool) => text.parse().map_or(self, Self::Bool),
            (Self::Text(text), kind) if *kind != Kind::String => text.parse().map_or(self, Self::Integer),
            _ => self,
        }
    }

    #[inline]
    pub(super) fn encode(self, of: &ValueType) -> Result<Encoded<'v>, TypedError> {
        let integer = match self {
            Self::Integer(number) => Some(number),
            _ => None,
        };
        let i32 = || integer.and_then(|number| i32::try_from(number).ok());
        let i64 = || integer.and_then(|number| i64::try_from(number).ok());
        let u32 = || integer.and_then(|number| u32::try_from(number).ok());
        let u64 = || integer.and_then(|number| u64::try_from(number).ok());
        let f64 = || match self {
            Self::F32(number) => Some(f64::from(number)),
            Self::F64(number) => Some(number),
            Self::Integer(number) if number.abs() <= EXACT => Some(number as f64),
            _ => None,
        };
        let encoded = match (&of.kind, self) {
            (Kind::Bool, Self::Bool(truth)) => Some(Encoded::Varint(truth.into())),
            (Kind::String, Self::Text(text)) => Some(Encoded::Delimited(text.as_bytes())),
            (Kind::Bytes, Self::Bytes(bytes)) => Some(Encoded::Delimited(bytes)),
            (Kind::Int32, _) => i32().map(|number| Encoded::Varint(i64::from(number) as u64)),
            (Kind::Sint32, _) => i32().map(|number| Encoded::Varint(zigzag(number.into()))),
            (Kind::Sfixed32, _) => i32().map(|number| Encoded::Fixed32(number as u32)),
            (Kind::Int64, _) => i64().map(|number| Encoded::Varint(number as u64)),
            (Kind::Sint64, _) => i64().map(|number| Encoded::Varint(zigzag(number))),
            (Kind::Sfixed64, _) => i64().map(|number| Encoded::Fixed64(number as u64)),
            (Kind::Uint32, _) => u32().map(|number| Encoded::Varint(number.into())),
            (Kind::Fixed32, _) => u32().map(Encoded::Fixed32),
            (Kind::Uint64, _) => u64().map(Encoded::Varint),
            (Kind::Fixed64, _) => u64().map(Encoded::Fixed64),
            (Kind::Float, _) => f64()
                .filter(|number| !number.is_finite() || (*number as f32).is_finite())
                .map(|number| Encoded::Fixed32((number as f32).to_bits())),
            (Kind::Double, _) => f64().map(|number| Encoded::Fixed64(number.to_bits())),
            (Kind::Enum(_), Self::Text(name)) => return enum_number(of, name).map(Encoded::of_enum),
            (Kind::Enum(_), _) => i32().filter(|number| is_value(of, *number)).map(Encoded::of_enum),
            _ => None,
        };
        encoded.map_or_else(|| misfit(of, self), Ok)
    }
}

fn is_value(of: &ValueType, number: i32) -> bool {
    match &of.detail {
        Detail::Enum(table) => table.is_value(number),
        _ => true,
    }
}

/// The number of an enum's value by the variant of a Rust enum.
pub(super) fn variant_number(of: &ValueType, variant: &'static str) -> Result<i32, TypedError> {
    let known = match &of.detail {
        Detail::Enum(table) => table.number_of_variant(variant),
        _ => None,
    };
    known.map_or_else(|| enum_number(of, variant), Ok)
}

/// The number of an enum's value by its name, or written in digits as a value without a name is read.
fn enum_number(of: &ValueType, name: &str) -> Result<i32, TypedError> {
    let Detail::Enum(table) = &of.detail else {
        return misfit(of, format_args!("the variant `{name}`"));
    };
    let in_digits = || name.parse().ok().filter(|number| table.is_value(*number));
    let number = table.number_of(name).or_else(in_digits);
    number.ok_or_else(|| {
        let known = table.values.iter().map(|(name, _)| &**name);
        let hint = crate::suggest::hint(name, known).map_or_else(String::new, |hint| format!("; {hint}"));
        TypedError::new(format!(
            "the enum {} has no value `{name}`{hint}",
            table.full_name
        ))
    })
}

impl Encoded<'_> {
    #[inline]
    pub(super) fn of_enum(number: i32) -> Self {
        Self::Varint(i64::from(number) as u64)
    }

    /// Whether it is what a field without presence has if nothing is sent.
    #[inline]
    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => number == 0,
            Self::Fixed32(number) => number == 0,
            Self::Delimited(bytes) => bytes.is_empty(),
        }
    }

    #[inline]
    fn wire_type(self) -> WireType {
        match self {
            Self::Varint(_) => WireType::Varint,
            Self::Fixed32(_) => WireType::Fixed32,
            Self::Fixed64(_) => WireType::Fixed64,
            Self::Delimited(_) => WireType::LengthDelimited,
        }
    }

    /// Appends the value with the key of a field.
    #[inline]
    pub(super) fn put_field(self, number: u32, buffer: &mut Vec<u8>) {
        put_varint(buffer, key(number, self.wire_type()).into());
        self.put(buffer);
    }

    #[inline]
    pub(super) fn put(self, buffer: &mut Vec<u8>) {
        match self {
            Self::Varint(number) => put_varint(buffer, number),
            Self::Fixed32(number) => buffer.extend_from_slice(&number.to_le_bytes()),
            Self::Fixed64(number) => buffer.extend_from_slice(&number.to_le_bytes()),
            Self::Delimited(bytes) => put_delimited(buffer, bytes),
        }
    }
}

/// Implements the methods of a serializer that take a scalar, by a method `scalar` that takes a [`Given`].
macro_rules! all_scalars {
    ($($method:ident($type:ty) => $given:expr;)+) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<Self::Ok> {
                self.scalar(($given)(value))
            }
        )*
    };
    () => {
        $crate::message::typed::write::scalar::all_scalars! {
            serialize_bool(bool) => Given::Bool;
            serialize_i8(i8) => |number: i8| Given::Integer(number.into());
            serialize_i16(i16) => |number: i16| Given::Integer(number.into());
            serialize_i32(i32) => |number: i32| Given::Integer(number.into());
            serialize_i64(i64) => |number: i64| Given::Integer(number.into());
            serialize_i128(i128) => Given::Integer;
            serialize_u8(u8) => |number: u8| Given::Integer(number.into());
            serialize_u16(u16) => |number: u16| Given::Integer(number.into());
            serialize_u32(u32) => |number: u32| Given::Integer(number.into());
            serialize_u64(u64) => |number: u64| Given::Integer(number.into());
            serialize_u128(u128) => |number: u128| Given::Integer(i128::try_from(number).unwrap_or(i128::MAX));
            serialize_f32(f32) => Given::F32;
            serialize_f64(f64) => Given::F64;
            serialize_str(&str) => Given::Text;
            serialize_bytes(&[u8]) => Given::Bytes;
        }

        fn serialize_char(self, value: char) -> Result<Self::Ok> {
            self.serialize_str(value.encode_utf8(&mut [0; 4]))
        }
    };
}

pub(super) use all_scalars;
