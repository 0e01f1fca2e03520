//! Numbers, in all the ways in which JSON may give them.

use super::raw::Raw;
use crate::message::wire::zigzag;
use crate::schema::JsonKind;

/// A number that is whole, whatever it looks like in JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whole {
    Signed(i64),
    Unsigned(u64),
}

/// How a whole number is written in a field of that kind; `None` if it is out of range.
#[inline]
pub(super) fn whole(kind: JsonKind, number: Whole) -> Option<Raw<'static>> {
    let signed = || match number {
        Whole::Signed(number) => Some(number),
        Whole::Unsigned(number) => i64::try_from(number).ok(),
    };
    let unsigned = || match number {
        Whole::Signed(number) => u64::try_from(number).ok(),
        Whole::Unsigned(number) => Some(number),
    };
    let signed32 = || i32::try_from(signed()?).ok();
    let unsigned32 = || u32::try_from(unsigned()?).ok();
    Some(match kind {
        JsonKind::Int32 | JsonKind::Enum(_) => Raw::Varint(i64::from(signed32()?).cast_unsigned()),
        JsonKind::Sint32 => Raw::Varint(zigzag(signed32()?.into())),
        JsonKind::Sfixed32 => Raw::Fixed32(signed32()?.cast_unsigned()),
        JsonKind::Uint32 => Raw::Varint(unsigned32()?.into()),
        JsonKind::Fixed32 => Raw::Fixed32(unsigned32()?),
        JsonKind::Int64 => Raw::Varint(signed()?.cast_unsigned()),
        JsonKind::Sint64 => Raw::Varint(zigzag(signed()?)),
        JsonKind::Sfixed64 => Raw::Fixed64(signed()?.cast_unsigned()),
        JsonKind::Uint64 => Raw::Varint(unsigned()?),
        JsonKind::Fixed64 => Raw::Fixed64(unsigned()?),
        _ => return None,
    })
}

/// A number with a fraction or an exponent, if it is whole and fits.
pub(super) fn whole_float(kind: JsonKind, number: f64) -> Option<Raw<'static>> {
    if number.fract() != 0.0 || matches!(kind, JsonKind::Enum(_)) {
        return None;
    }
    // The greatest integers are no doubles: the bounds are one more, and become the greatest again.
    if is_signed(kind) {
        let fits = (i64::MIN as f64..=i64::MAX as f64).contains(&number);
        fits.then(|| whole(kind, Whole::Signed(number as i64))).flatten()
    } else {
        let fits = (0.0..=u64::MAX as f64).contains(&number);
        fits.then(|| whole(kind, Whole::Unsigned(number as u64)))
            .flatten()
    }
}

/// A number in a text, for a field of whole numbers.
pub(super) fn whole_text(kind: JsonKind, text: &str) -> Option<Raw<'static>> {
    let number = digits(kind, text).or_else(|| with_exponent(text).map(Whole::Signed));
    whole(kind, number?)
}

fn digits(kind: JsonKind, text: &str) -> Option<Whole> {
    if is_signed(kind) {
        text.parse().ok().map(Whole::Signed)
    } else {
        text.parse().ok().map(Whole::Unsigned)
    }
}

fn is_signed(kind: JsonKind) -> bool {
    matches!(
        kind,
        JsonKind::Int32
            | JsonKind::Sint32
            | JsonKind::Sfixed32
            | JsonKind::Int64
            | JsonKind::Sint64
            | JsonKind::Sfixed64
    )
}

/// The integer that a text such as `1e5` or `1.0` stands for, where a double holds it exactly.
fn with_exponent(text: &str) -> Option<i64> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    // As JSON writes numbers, so that `inf`, `+1` and the like stay what they are.
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

/// The key of a map, which JSON gives as a text.
pub(super) fn key_of(kind: JsonKind, text: &str) -> Option<Raw<'_>> {
    match kind {
        JsonKind::String => Some(Raw::Bytes(text.as_bytes())),
        JsonKind::Bool => text.parse().ok().map(|truth: bool| Raw::Varint(truth.into())),
        _ => whole(kind, digits(kind, text)?),
    }
}

/// A double as a float, if it is in the range of floats. What the greatest float is rounded up to when it is written is
/// still in it.
pub(super) fn float(value: f64) -> Option<f32> {
    let float = value as f32;
    float.is_finite().then_some(float)
}

/// What a value of this kind is, for who has given another.
pub(super) fn expected(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::Bool => "true or false",
        JsonKind::Int32 | JsonKind::Sint32 | JsonKind::Sfixed32 => "a 32-bit signed integer",
        JsonKind::Uint32 | JsonKind::Fixed32 => "a 32-bit unsigned integer",
        JsonKind::Int64 | JsonKind::Sint64 | JsonKind::Sfixed64 => "a 64-bit signed integer",
        JsonKind::Uint64 | JsonKind::Fixed64 => "a 64-bit unsigned integer",
        JsonKind::Float => "a number in the range of 32-bit floats",
        JsonKind::Double => "a number",
        JsonKind::String => "a string",
        JsonKind::Bytes => "a string with bytes in base64",
        JsonKind::Null => "null",
        JsonKind::Enum(_) => "a value of an enum",
        JsonKind::Message(_) | JsonKind::Group(_) => "a message",
    }
}
