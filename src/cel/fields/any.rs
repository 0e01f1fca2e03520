//! What a `google.protobuf.Any` holds.

use std::borrow::Cow;

use super::form::{ValueForm, message_value};
use super::wire::{WireFields, WireValue};
use crate::cel::budget::Budget;
use crate::cel::values::{EvalError, Evaluated, MessageValue, Value};
use crate::message::{Bounds, Malformed, check};
use crate::schema::Layouts;

impl MessageValue<'_> {
    /// What an `Any` holds; its bytes are checked here first. `None` for another message, and for a type that the
    /// schema does not have.
    pub(in crate::cel) fn unpacked(
        &self,
        layouts: &Layouts,
        budget: &Budget,
    ) -> Evaluated<Option<Value<'static>>> {
        if ValueForm::of(&self.descriptor) != Some(ValueForm::Any) {
            return Ok(None);
        }
        let (name, contents) = any_parts(&self.bytes)?;
        let pool = self.descriptor.parent_pool();
        let (Some(descriptor), Some(layout)) = (pool.get_message_by_name(name), layouts.find(name)) else {
            return Ok(None);
        };
        // It is checked value by value, and copied.
        budget.charge(contents.len() as u64 / 8)?;
        check(layouts, layout, contents, Bounds::default())
            .map_err(|malformed| EvalError::new(format!("the Any does not hold a {name}: {malformed}")))?;
        let form = ValueForm::of(&descriptor);
        let value = message_value(&descriptor, form.as_ref(), Cow::Borrowed(contents), budget)?;
        Ok(Some(value.into_owned()))
    }
}

/// The full name of an `Any`'s type, and the bytes that it holds.
fn any_parts(bytes: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let (mut name, mut contents) = ("", &[][..]);
    let mut fields = WireFields::new(bytes);
    while let Some((number, wire)) = fields.next()? {
        match (number, wire) {
            (1, WireValue::Delimited(url)) => {
                let url = str::from_utf8(url).map_err(|_| Malformed::Utf8(1))?;
                name = url.rsplit_once('/').map_or(url, |(_, name)| name);
            }
            (2, WireValue::Delimited(bytes)) => contents = bytes,
            _ => {}
        }
    }
    Ok((name, contents))
}
