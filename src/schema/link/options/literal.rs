//! Literals to values: what a text says, in the type of the field that it is for.

use prost_reflect::Kind;

use super::contents::Value;

/// A literal, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// An integer. Its magnitude is at most 64 bits. Below zero is also what has a minus and is zero.
    Integer {
        is_negative: bool,
        magnitude: u64,
    },
    Float(f64),
    Text(Vec<u8>),
    /// A word: the name of a value, `true`, `inf`.
    Word(String),
}

impl Literal {
    /// The value in a field of this kind, or what is due there instead.
    pub(super) fn value(&self, kind: &Kind) -> Result<Value, String> {
        let integer = |least: i128, greatest: i128| match self.integer() {
            Some(integer) if (least..=greatest).contains(&integer) => Ok(integer),
            Some(_) => Err(format!("an integer from {least} to {greatest}")),
            None => Err("an integer".to_owned()),
        };
        let signed_32 = || integer(i32::MIN.into(), i32::MAX.into()).map(|value| value as i32);
        let signed_64 = || integer(i64::MIN.into(), i64::MAX.into()).map(|value| value as i64);
        let unsigned = |greatest: u64| match self {
            Self::Integer {
                is_negative: true, ..
            } => Err(format!("an integer from 0 to {greatest}")),
            _ => integer(0, greatest.into()),
        };
        let unsigned_32 = || unsigned(u32::MAX.into()).map(|value| value as u32);
        let unsigned_64 = || unsigned(u64::MAX).map(|value| value as u64);
        Ok(match kind {
            Kind::Int32 => Value::Varint(i64::from(signed_32()?) as u64),
            Kind::Int64 => Value::Varint(signed_64()? as u64),
            Kind::Uint32 => Value::Varint(unsigned_32()?.into()),
            Kind::Uint64 => Value::Varint(unsigned_64()?),
            Kind::Sint32 => Value::Varint(zigzag(signed_32()?.into())),
            Kind::Sint64 => Value::Varint(zigzag(signed_64()?)),
            Kind::Fixed32 => Value::Fixed32(unsigned_32()?),
            Kind::Fixed64 => Value::Fixed64(unsigned_64()?),
            Kind::Sfixed32 => Value::Fixed32(signed_32()? as u32),
            Kind::Sfixed64 => Value::Fixed64(signed_64()? as u64),
            Kind::Float => Value::Fixed32((self.float().ok_or("a number")? as f32).to_bits()),
            Kind::Double => Value::Fixed64(self.float().ok_or("a number")?.to_bits()),
            Kind::Bool => Value::Varint(self.boolean().ok_or("true or false")?.into()),
            // No UTF-8 is checked, as protoc checks none.
            Kind::String => match self {
                Self::Text(text) => Value::Text(text.clone()),
                _ => return Err("a text in quotes".to_owned()),
            },
            Kind::Bytes => match self {
                Self::Text(text) => Value::Bytes(text.clone()),
                _ => return Err("a text in quotes".to_owned()),
            },
            Kind::Enum(found) => match self {
                Self::Word(name) => match found.get_value_by_name(name) {
                    Some(value) => Value::Varint(i64::from(value.number()) as u64),
                    None => return Err(format!("a value of {}", found.full_name())),
                },
                _ => return Err(format!("the name of a value of {}", found.full_name())),
            },
            Kind::Message(message) => return Err(format!("a {} in braces", message.full_name())),
        })
    }

    fn integer(&self) -> Option<i128> {
        match self {
            Self::Integer {
                is_negative: true,
                magnitude,
            } => Some(-i128::from(*magnitude)),
            Self::Integer { magnitude, .. } => Some((*magnitude).into()),
            _ => None,
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer {
                is_negative,
                magnitude,
            } => {
                let value = *magnitude as f64;
                Some(if *is_negative { -value } else { value })
            }
            Self::Word(word) => match word.as_str() {
                "inf" => Some(f64::INFINITY),
                "nan" => Some(f64::NAN),
                _ => None,
            },
            Self::Text(_) => None,
        }
    }

    fn boolean(&self) -> Option<bool> {
        match self {
            Self::Word(word) if word == "true" => Some(true),
            Self::Word(word) if word == "false" => Some(false),
            _ => None,
        }
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
