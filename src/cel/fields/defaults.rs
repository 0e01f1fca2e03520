//! What a scalar field reads as when it is unset.

use std::borrow::Cow;

use prost_reflect::Kind;

use crate::cel::values::Value;

/// The value of an unset scalar, where the proto declares no default.
pub(super) fn zero(kind: &Kind) -> Value<'static> {
    scalar_default(kind, prost_reflect::Value::default_value(kind))
}

pub(super) fn scalar_default(kind: &Kind, default: prost_reflect::Value) -> Value<'static> {
    use prost_reflect::Value as Default;
    match default {
        Default::Bool(value) => Value::Bool(value),
        Default::I32(value) => Value::Int(i64::from(value)),
        Default::I64(value) => Value::Int(value),
        Default::U32(value) => Value::Uint(u64::from(value)),
        Default::U64(value) => Value::Uint(value),
        Default::F32(value) => Value::Float(value),
        Default::F64(value) => Value::Double(value),
        Default::String(value) => Value::String(Cow::Owned(value)),
        Default::Bytes(value) => Value::Bytes(Cow::Owned(value.into())),
        Default::EnumNumber(number) => match kind {
            Kind::Enum(descriptor) => Value::Enum(descriptor.clone(), number),
            _ => Value::Int(i64::from(number)),
        },
        Default::Message(_) | Default::List(_) | Default::Map(_) => Value::Null,
    }
}
