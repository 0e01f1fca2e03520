//! What it costs to decode messages, and to write values as text.

use crate::cel::budget::weight;
use crate::cel::env::Env;
use crate::cel::values::{Evaluated, Value};
use crate::message::decoding_cost;
use crate::schema::Layouts;

impl Env<'_> {
    /// Takes what it costs to decode a message of this type.
    pub(crate) fn charge_decoding(&self, full_name: &str, bytes: &[u8]) -> Evaluated<()> {
        let cost = match self.layouts.find(full_name) {
            Some(layout) => decoding_cost(self.layouts, layout, bytes),
            None => bytes.len() as u64,
        };
        self.call.budget.charge(cost)
    }

    /// Takes what it costs to write a value as text or JSON.
    pub(crate) fn charge_text(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::Message(_) | Value::List(_) | Value::Map(_) => {
                self.call.budget.charge(text_cost(value, self.layouts))
            }
            _ => self.call.budget.charge_making(value),
        }
    }
}

fn text_cost(value: &Value<'_>, layouts: &Layouts) -> u64 {
    match value {
        Value::Message(message) => match layouts.find(message.descriptor.full_name()) {
            // It is decoded, and then written.
            Some(layout) => decoding_cost(layouts, layout, &message.bytes).saturating_mul(2),
            None => message.bytes.len() as u64 * 4,
        },
        Value::List(values) => 1 + values.iter().map(|value| text_cost(value, layouts)).sum::<u64>(),
        Value::Map(entries) => {
            let entries = entries.iter();
            1 + entries
                .map(|(key, value)| 2 + text_cost(key, layouts) + text_cost(value, layouts))
                .sum::<u64>()
        }
        other => 2 + weight(other),
    }
}
