//! How fields, entries and metadata are read when an expression runs.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

use crate::cel::budget::Budget;
use crate::cel::fields::{self, FieldReader, NamedField};
use crate::cel::typed::Path;
use crate::cel::values::{EvalError, Evaluated, MessageValue, Value, equals};
use crate::message::{Malformed, Raw};

/// The value of a field, from what the check of the message left in its slot.
#[inline]
pub(in crate::cel) fn picked_value<'e>(
    field: &'e FieldReader,
    raw: Raw,
    request: &'e [u8],
) -> Evaluated<Value<'e>> {
    match raw {
        Raw::Absent | Raw::Present => Ok(field.default.borrowed()),
        Raw::Varint(_) if field.is_null_value() => Ok(Value::Null),
        Raw::Varint(raw) => Ok(fields::varint(&field.kind, raw)),
        Raw::Fixed32(raw) => Ok(fields::fixed32(&field.kind, raw)),
        Raw::Fixed64(raw) => Ok(fields::fixed64(&field.kind, raw)),
        Raw::Span(offset, length) => {
            let bytes = request.get(offset as usize..(offset + length) as usize);
            Ok(fields::delimited(&field.kind, bytes.ok_or(Malformed::Truncated)?))
        }
    }
}

impl Path {
    pub(in crate::cel) fn read<'e>(&'e self, request: &'e [u8], budget: &Budget) -> Evaluated<Value<'e>> {
        let value = match self.message(request, budget)? {
            Cow::Borrowed(bytes) => self.field.read(bytes, budget)?,
            Cow::Owned(bytes) => self.field.read(&bytes, budget)?.map(Value::into_owned),
        };
        Ok(value.unwrap_or_else(|| self.field.default.borrowed()))
    }

    /// The message that has the field. No bytes are the message that is unset.
    pub(in crate::cel) fn message<'e>(
        &'e self,
        request: &'e [u8],
        budget: &Budget,
    ) -> Evaluated<Cow<'e, [u8]>> {
        // Each step passes over all fields of its message.
        budget.charge_read(request.len())?;
        let mut bytes = Cow::Borrowed(request);
        for step in &self.way {
            let contents = match bytes {
                Cow::Borrowed(bytes) => step.contents(bytes)?,
                Cow::Owned(bytes) => step
                    .contents(&bytes)?
                    .map(|contents| Cow::Owned(contents.into_owned())),
            };
            match contents {
                Some(contents) => bytes = contents,
                None => return Ok(Cow::Borrowed(&[])),
            }
        }
        Ok(bytes)
    }
}

fn read_field<'e>(field: &FieldReader, message: MessageValue<'e>, budget: &Budget) -> Evaluated<Value<'e>> {
    let value = read_set_field(field, message.bytes, budget)?;
    Ok(value.unwrap_or_else(|| field.default.clone()))
}

/// The same by name, of a message that is not copied for it.
pub(in crate::cel) fn read_named_field<'e>(
    field: &NamedField,
    message: &'e MessageValue<'_>,
    budget: &Budget,
) -> Evaluated<Value<'e>> {
    let field = field.of(&message.descriptor)?;
    let value = read_set_field(&field, Cow::Borrowed(&message.bytes), budget)?;
    Ok(value.unwrap_or_else(|| field.default.clone()))
}

/// The value of a field in the bytes of its message; `None` if it is unset.
pub(in crate::cel) fn read_set_field<'e>(
    field: &FieldReader,
    message: Cow<'e, [u8]>,
    budget: &Budget,
) -> Evaluated<Option<Value<'e>>> {
    budget.charge_read(message.len())?;
    match message {
        Cow::Borrowed(bytes) => field.read(bytes, budget),
        Cow::Owned(bytes) => Ok(field.read(&bytes, budget)?.map(Value::into_owned)),
    }
}

/// Whether a field is set, as proto means it: on the wire if it has presence, else different from its default.
pub(in crate::cel) fn has_field(field: &FieldReader, message: &[u8], budget: &Budget) -> Evaluated<bool> {
    budget.charge_read(message.len())?;
    if field.has_presence {
        return Ok(field.is_present(message)?);
    }
    Ok(match field.read(message, budget)? {
        Some(Value::List(values)) => !values.is_empty(),
        Some(Value::Map(entries)) => !entries.is_empty(),
        Some(value) => !equals(&value, &field.default),
        None => false,
    })
}

pub(in crate::cel) fn member<'m, 'e>(
    entries: &'m [(Value<'e>, Value<'e>)],
    name: &str,
) -> Evaluated<&'m Value<'e>> {
    let is_key = |key: &Value<'_>| matches!(key, Value::String(key) if key == name);
    match entries.iter().find(|(key, _)| is_key(key)) {
        Some((_, value)) => Ok(value),
        None => Err(EvalError::no_such_name(name)),
    }
}

pub(in crate::cel) fn member_of<'e>(
    container: Value<'e>,
    field: &NamedField,
    budget: &Budget,
) -> Evaluated<Value<'e>> {
    match container {
        Value::Map(entries) => member(&entries, field.name()).cloned(),
        Value::Message(message) => {
            let field = field.of(&message.descriptor)?;
            read_field(&field, message, budget)
        }
        other => Err(no_fields(&other, field)),
    }
}

pub(in crate::cel) fn has_member(
    container: &Value<'_>,
    field: &NamedField,
    budget: &Budget,
) -> Evaluated<bool> {
    match container {
        Value::Map(entries) => Ok(member(entries, field.name()).is_ok()),
        Value::Message(message) => {
            let field = field.of(&message.descriptor)?;
            has_field(&field, &message.bytes, budget)
        }
        other => Err(no_fields(other, field)),
    }
}

#[cold]
fn no_fields(value: &Value<'_>, field: &NamedField) -> EvalError {
    EvalError::without_values(format!("{} has no field {}", value.type_name(), field.name()))
}

pub(in crate::cel) fn metadata(headers: &HeaderMap) -> Value<'_> {
    let entries = headers.keys().filter_map(|name| {
        let value = metadata_value(headers, name)?;
        Some((Value::text(name.as_str()), Value::String(value)))
    });
    Value::Map(entries.collect())
}

/// The values of one name, joined by a comma where it is repeated.
pub(crate) fn metadata_value<'e>(headers: &'e HeaderMap, name: &HeaderName) -> Option<Cow<'e, str>> {
    let mut values = headers
        .get_all(name)
        .iter()
        .map(|value| fields::text(value.as_bytes()));
    let first = values.next()?;
    Some(values.fold(first, |joined, value| joined + ", " + value))
}
