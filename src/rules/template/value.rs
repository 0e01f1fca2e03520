//! Values onto the wire: constants at load, and what expressions give at run time.
//!
//! A value that a field does not take is never bent to fit: integers keep their exact value or are refused.

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, Syntax, Value as Constant};

use super::constant::{Unfit, whole};
use super::field::{Field, kind_name};
use super::well_known::{self, WellKnown};
use super::write::Target;
use crate::cel::{Type, Value};
use crate::message::{WireType, key, put_delimited, put_scalar, put_varint, with_length};

/// The field at a path of numbers, from a message type.
pub(super) fn field_at(message: &MessageDescriptor, path: &[u32]) -> Option<Field> {
    let (last, parents) = path.split_last()?;
    let mut message = message.clone();
    for number in parents {
        message = Field::numbered(&message, *number)?.message()?.clone();
    }
    Field::numbered(&message, *last)
}

/// A raw varint as its type writes it: a 32-bit field may have come with more bits.
#[inline]
pub(crate) fn canonical(kind: &Kind, raw: u64) -> u64 {
    match kind {
        Kind::Int32 | Kind::Enum(_) => i64::from(raw as u32 as i32) as u64,
        Kind::Uint32 | Kind::Sint32 => u64::from(raw as u32),
        Kind::Bool => u64::from(raw != 0),
        _ => raw,
    }
}

/// A scalar's zero.
pub(super) fn put_zero(buffer: &mut Vec<u8>, kind: &Kind) {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => buffer.extend_from_slice(&[0; 8]),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => buffer.extend_from_slice(&[0; 4]),
        _ => buffer.extend_from_slice(&[0]),
    }
}

/// A scalar that was made for its kind, without its key.
pub(super) fn put_constant(buffer: &mut Vec<u8>, kind: &Kind, value: &Constant) {
    let fits = put_scalar(buffer, kind, value);
    debug_assert!(fits, "made for another kind");
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

/// How the ints of an [integer kind](is_integer) are written, and which of them it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct IntForm {
    form: Form,
    least: i64,
    most: i64,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Varint,
    Zigzag,
    Fixed32,
    Fixed64,
}

impl IntForm {
    pub(super) fn of(kind: &Kind) -> Self {
        let (form, least, most) = match kind {
            Kind::Int32 => (Form::Varint, i32::MIN.into(), i32::MAX.into()),
            Kind::Sint32 => (Form::Zigzag, i32::MIN.into(), i32::MAX.into()),
            Kind::Sfixed32 => (Form::Fixed32, i32::MIN.into(), i32::MAX.into()),
            Kind::Uint32 => (Form::Varint, 0, u32::MAX.into()),
            Kind::Fixed32 => (Form::Fixed32, 0, u32::MAX.into()),
            Kind::Uint64 => (Form::Varint, 0, i64::MAX),
            Kind::Fixed64 => (Form::Fixed64, 0, i64::MAX),
            Kind::Sint64 => (Form::Zigzag, i64::MIN, i64::MAX),
            Kind::Sfixed64 => (Form::Fixed64, i64::MIN, i64::MAX),
            _ => (Form::Varint, i64::MIN, i64::MAX),
        };
        Self { form, least, most }
    }

    pub(super) fn takes(self, number: i64) -> bool {
        (self.least..=self.most).contains(&number)
    }

    /// Writes a number that it [takes](Self::takes), without its key.
    #[inline]
    pub(super) fn put(self, buffer: &mut Vec<u8>, number: i64) {
        if let Form::Varint = self.form {
            put_varint(buffer, number as u64);
        } else {
            self.put_any(buffer, number);
        }
    }

    #[inline(never)]
    fn put_any(self, buffer: &mut Vec<u8>, number: i64) {
        match self.form {
            Form::Varint => put_varint(buffer, number as u64),
            Form::Zigzag => put_varint(buffer, ((number << 1) ^ (number >> 63)) as u64),
            Form::Fixed32 => buffer.extend_from_slice(&(number as u32).to_le_bytes()),
            Form::Fixed64 => buffer.extend_from_slice(&number.to_le_bytes()),
        }
    }
}

/// A whole field: one value, a list or a map, with its keys.
pub(super) fn put_field(buffer: &mut Vec<u8>, field: &Field, value: &Value<'_>) -> Result<(), Unfit> {
    if !field.repeated {
        return put_keyed(buffer, field, value);
    }
    match (field.map_entry(), value) {
        (_, Value::Null) => Ok(()),
        (Some(entry), Value::Map(entries)) => {
            let key_field = Field::of_field(&entry.map_entry_key_field()).element();
            let value_field = Field::of_field(&entry.map_entry_value_field()).element();
            for (entry_key, entry_value) in entries {
                put_varint(buffer, key(field.number, WireType::LengthDelimited).into());
                with_length(buffer, |buffer| {
                    put_keyed(buffer, &key_field, entry_key)?;
                    put_keyed(buffer, &value_field, entry_value)
                })?;
            }
            Ok(())
        }
        (None, Value::List(items)) if items.is_empty() => Ok(()),
        (None, Value::List(items)) if field.packed => {
            let element = field.element();
            put_varint(buffer, key(field.number, WireType::LengthDelimited).into());
            let put_items = |buffer: &mut Vec<u8>| {
                items
                    .iter()
                    .try_for_each(|item| put_value(buffer, &element, item).map(drop))
            };
            with_length(buffer, put_items)
        }
        (None, Value::List(items)) => {
            let element = field.element();
            items
                .iter()
                .try_for_each(|item| put_keyed(buffer, &element, item))
        }
        (Some(_), other) => Err(unfit(other, "a map")),
        (None, other) => Err(unfit(other, "a list")),
    }
}

/// One value with its key; nothing where it is the default of a field without presence, or null.
fn put_keyed(buffer: &mut Vec<u8>, field: &Field, value: &Value<'_>) -> Result<(), Unfit> {
    if matches!(value, Value::Null) && !well_known::takes_null(&field.kind) {
        return Ok(());
    }
    let start = buffer.len();
    put_varint(buffer, field.key().into());
    let zero = put_value(buffer, field, value)?;
    if zero && !field.presence {
        buffer.truncate(start);
    }
    Ok(())
}

/// One value without its key; says whether it is the type's zero.
pub(super) fn put_value(buffer: &mut Vec<u8>, field: &Field, value: &Value<'_>) -> Result<bool, Unfit> {
    let start = buffer.len();
    match &field.kind {
        Kind::Bool => match value {
            Value::Bool(truth) => put_varint(buffer, u64::from(*truth)),
            _ => return Err(unfit(value, "bool")),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            put_constant(buffer, &field.kind, &Constant::I32(integer(&field.kind, value)?));
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            put_constant(buffer, &field.kind, &Constant::I64(integer(&field.kind, value)?));
        }
        Kind::Uint32 | Kind::Fixed32 => {
            put_constant(buffer, &field.kind, &Constant::U32(integer(&field.kind, value)?));
        }
        Kind::Uint64 | Kind::Fixed64 => {
            put_constant(buffer, &field.kind, &Constant::U64(integer(&field.kind, value)?));
        }
        Kind::Double => buffer.extend_from_slice(&float(&field.kind, value)?.to_le_bytes()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding is what a float field does"
        )]
        Kind::Float => {
            let number = float(&field.kind, value)?;
            let rounded = number as f32;
            if rounded.is_infinite() && number.is_finite() {
                return Err(Unfit::new(format!("{number:?} does not fit float")));
            }
            buffer.extend_from_slice(&rounded.to_le_bytes());
        }
        Kind::String => match value {
            Value::String(text) => put_delimited(buffer, text.as_bytes()),
            Value::Enum(..) | Value::Type(_) => put_delimited(buffer, text_of(value).as_bytes()),
            _ => return Err(unfit(value, "string")),
        },
        Kind::Bytes => match value {
            Value::Bytes(bytes) => put_delimited(buffer, bytes),
            _ => return Err(unfit(value, "bytes")),
        },
        Kind::Enum(descriptor) => put_varint(buffer, i64::from(enum_number(descriptor, value)?) as u64),
        Kind::Message(descriptor) => {
            let well_known = WellKnown::of(descriptor);
            if field.group {
                put_contents(buffer, descriptor, well_known, value)?;
                put_varint(buffer, key(field.number, WireType::EndGroup).into());
            } else {
                with_length(buffer, |buffer| {
                    put_contents(buffer, descriptor, well_known, value)
                })?;
            }
            return Ok(false);
        }
    }
    Ok(buffer[start..].iter().all(|byte| *byte == 0))
}

/// All of a message.
pub(super) fn put_contents(
    buffer: &mut Vec<u8>,
    descriptor: &MessageDescriptor,
    well_known: Option<WellKnown>,
    value: &Value<'_>,
) -> Result<(), Unfit> {
    match (value, well_known) {
        (Value::Message(message), _) if message.descriptor.full_name() == descriptor.full_name() => {
            buffer.extend_from_slice(&message.bytes);
            Ok(())
        }
        (_, Some(well_known)) => well_known.put(buffer, descriptor, value),
        _ => Err(unfit(value, descriptor.full_name())),
    }
}

fn integer<T: TryFrom<i128>>(kind: &Kind, value: &Value<'_>) -> Result<T, Unfit> {
    let number = match value {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        Value::Enum(_, number) => i128::from(*number),
        Value::Double(number) => whole(*number).ok_or_else(|| unfit(value, &kind_name(kind)))?,
        _ => return Err(unfit(value, &kind_name(kind))),
    };
    T::try_from(number).map_err(|_| Unfit::new(format!("{number} does not fit {}", kind_name(kind))))
}

fn float(kind: &Kind, value: &Value<'_>) -> Result<f64, Unfit> {
    match value {
        Value::Double(number) => Ok(*number),
        #[expect(clippy::cast_precision_loss, reason = "as JSON's numbers do")]
        Value::Int(number) => Ok(*number as f64),
        #[expect(clippy::cast_precision_loss, reason = "as JSON's numbers do")]
        Value::Uint(number) => Ok(*number as f64),
        _ => Err(unfit(value, &kind_name(kind))),
    }
}

fn enum_number(descriptor: &EnumDescriptor, value: &Value<'_>) -> Result<i32, Unfit> {
    let number = match value {
        Value::Enum(found, number) if found.full_name() == descriptor.full_name() => return Ok(*number),
        Value::String(name) => {
            let found = descriptor.get_value_by_name(name).map(|value| value.number());
            return found.ok_or_else(|| {
                Unfit::new(format!(
                    "the enum {} has no value `{name}`",
                    descriptor.full_name()
                ))
            });
        }
        Value::Enum(..) => return Err(unfit(value, descriptor.full_name())),
        _ => integer(&Kind::Int32, value).map_err(|_| unfit(value, descriptor.full_name()))?,
    };
    if descriptor.get_value(number).is_none() && descriptor.parent_file().syntax() == Syntax::Proto2 {
        return Err(Unfit::new(format!(
            "the enum {} has no value {number}",
            descriptor.full_name()
        )));
    }
    Ok(number)
}

/// "3000000000 does not fit int32".
pub(super) fn unfit(value: &Value<'_>, expected: &str) -> Unfit {
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        other => text_of(other),
    };
    Unfit::new(format!("{text} does not fit {expected}"))
}

pub(super) fn text_of(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write_text(&mut text);
    text
}

/// Whether values of that type may fit; an `Err` says what would.
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
    match (found, WellKnown::of(expected)) {
        (Type::Message(found), _) if found.full_name() == expected.full_name() => true,
        (_, Some(well_known)) => well_known.accepts(expected, found, accepts_kind),
        (Type::Null | Type::Dyn, None) => true,
        _ => false,
    }
}

/// The CEL conversion that would make it fit.
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
