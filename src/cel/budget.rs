//! What evaluations may cost until the call lets others have their turn.
//!
//! A unit is about what one small part of an expression costs in one round of a loop: some 20 ns. Expressions without
//! loops on values of bounded size cost nothing, and are not counted. Everything is charged before it is done, so that no
//! list or text is made for which the budget has no room.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};

use super::values::{EvalError, Evaluated, Value};

/// So many bytes of a text cost one unit where they are read or compared.
const READ_PER_UNIT: usize = 64;

/// So many bytes of a text cost one unit where a part is looked for in it that begins in many places and is in none.
const SEARCHED_PER_UNIT: usize = 16;

/// So many bytes cost one unit where they are made or copied. They take memory as well.
const MADE_PER_UNIT: usize = 16;

/// What is left of a budget. Shared by all evaluations of a call, which run one after another.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Below zero once something had no room.
    left: AtomicI64,
}

impl Budget {
    /// The most that evaluations cost, unless the server says otherwise.
    pub(crate) const DEFAULT: u64 = 1_000_000;

    pub(crate) const fn new(units: u64) -> Self {
        Self {
            left: AtomicI64::new(clamped(units)),
        }
    }

    /// Starts again with so many units.
    pub(crate) fn refill(&self, units: u64) {
        self.left.store(clamped(units), Ordering::Relaxed);
    }

    /// How many units are left.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed).max(0).cast_unsigned()
    }

    /// Leaves no room for anything, as if something had had none.
    pub(crate) fn exhaust(&self) {
        self.left.store(-1, Ordering::Relaxed);
    }

    /// Whether something had no room. Nothing has any more then.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    /// Takes units, or fails if there are not so many.
    #[inline]
    pub(crate) fn charge(&self, units: u64) -> Evaluated<()> {
        // Never from two threads at once, so that neither needs to be one step.
        let left = self.left.load(Ordering::Relaxed).saturating_sub(clamped(units));
        self.left.store(left, Ordering::Relaxed);
        if left < 0 { Err(exhausted()) } else { Ok(()) }
    }

    /// Takes what it costs to read so many bytes. Short texts cost nothing.
    #[inline]
    pub(crate) fn charge_read(&self, bytes: usize) -> Evaluated<()> {
        if bytes < READ_PER_UNIT {
            return Ok(());
        }
        self.charge((bytes / READ_PER_UNIT) as u64)
    }

    /// Takes what it costs to look for the second of these in the first.
    #[inline]
    pub(crate) fn charge_searching(&self, arguments: &[Value<'_>]) -> Evaluated<()> {
        for argument in arguments {
            match argument {
                Value::String(text) => self.charge_searching_text(text.len())?,
                other => self.charge_reading(other)?,
            }
        }
        Ok(())
    }

    /// The same for a text of so many bytes.
    #[inline]
    pub(crate) fn charge_searching_text(&self, bytes: usize) -> Evaluated<()> {
        if bytes < READ_PER_UNIT {
            return Ok(());
        }
        self.charge((bytes / SEARCHED_PER_UNIT) as u64)
    }

    /// Takes what it costs to make so many bytes. Short texts cost nothing.
    #[inline]
    pub(crate) fn charge_made(&self, bytes: usize) -> Evaluated<()> {
        if bytes < READ_PER_UNIT {
            return Ok(());
        }
        self.charge((bytes / MADE_PER_UNIT) as u64)
    }

    /// Takes what it costs to make so many bytes, beyond what was `charged` while they were made.
    #[inline]
    pub(crate) fn charge_made_beyond(&self, charged: u64, bytes: usize) -> Evaluated<()> {
        self.charge(((bytes / MADE_PER_UNIT) as u64).saturating_sub(charged))
    }

    /// Takes what it costs to look through a value. Scalars and short texts cost nothing.
    #[inline]
    pub(crate) fn charge_reading(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::String(text) => self.charge_read(text.len()),
            Value::Bytes(bytes) => self.charge_read(bytes.len()),
            Value::Message(message) => self.charge_read(message.bytes.len()),
            Value::List(_) | Value::Map(_) => self.charge(reading_weight(value)),
            _ => Ok(()),
        }
    }

    /// Takes what it costs to make a value of this size. Scalars and short texts cost nothing.
    #[inline]
    pub(crate) fn charge_making(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::String(text) => self.charge_made(text.len()),
            Value::Bytes(bytes) => self.charge_made(bytes.len()),
            Value::Message(message) => self.charge_made(message.bytes.len()),
            Value::List(_) | Value::Map(_) => self.charge(weight(value)),
            _ => Ok(()),
        }
    }

    /// Takes what it costs to borrow a value: lists and maps are copied for that, text and bytes are not.
    #[inline]
    pub(in crate::cel) fn charge_borrowing(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::List(_) | Value::Map(_) => self.charge(weight_of(value, &|_| 0)),
            _ => Ok(()),
        }
    }

    /// Takes what it costs to keep a value or to write it into a message: what it has borrowed is copied.
    #[inline]
    pub(crate) fn charge_owning(&self, value: &Value<'_>) -> Evaluated<()> {
        self.charge_made(borrowed_bytes(value))
    }

    /// The same for a part of what is made piece by piece. Short pieces cost nothing alone, but they do together: `owed` is what has
    /// not been paid for.
    #[inline]
    pub(crate) fn charge_owning_part(&self, value: &Value<'_>, owed: &mut usize) -> Evaluated<()> {
        *owed += borrowed_bytes(value);
        if *owed >= READ_PER_UNIT {
            self.charge_made(std::mem::take(owed))?;
        }
        Ok(())
    }

    /// Takes what it costs to copy a value, of which borrowed text and bytes are no part.
    #[inline]
    pub(in crate::cel) fn charge_copying(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::String(Cow::Owned(text)) => self.charge_made(text.len()),
            Value::Bytes(Cow::Owned(bytes)) => self.charge_made(bytes.len()),
            Value::Message(message) if matches!(message.bytes, Cow::Owned(_)) => {
                self.charge_made(message.bytes.len())
            }
            Value::List(_) | Value::Map(_) => self.charge(copying_weight(value)),
            _ => Ok(()),
        }
    }
}

/// The default, for what runs outside of calls.
impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

const fn clamped(units: u64) -> i64 {
    if units > i64::MAX as u64 {
        i64::MAX
    } else {
        units.cast_signed()
    }
}

/// What it costs to make a value of this size: a unit for each element, and for so many bytes of text.
pub(in crate::cel) fn weight(value: &Value<'_>) -> u64 {
    weight_of(value, &|value| bytes_of(value) / MADE_PER_UNIT)
}

/// What it costs to look through a value.
pub(in crate::cel) fn reading_weight(value: &Value<'_>) -> u64 {
    weight_of(value, &|value| bytes_of(value) / READ_PER_UNIT)
}

/// What it costs to copy a value.
fn copying_weight(value: &Value<'_>) -> u64 {
    weight_of(value, &|value| match value {
        Value::String(Cow::Borrowed(_)) | Value::Bytes(Cow::Borrowed(_)) => 0,
        other => bytes_of(other) / MADE_PER_UNIT,
    })
}

fn weight_of(value: &Value<'_>, of_bytes: &impl Fn(&Value<'_>) -> usize) -> u64 {
    1 + match value {
        Value::List(values) => values.iter().map(|value| weight_of(value, of_bytes)).sum(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| weight_of(key, of_bytes) + weight_of(value, of_bytes))
                .sum()
        }
        other => of_bytes(other) as u64,
    }
}

fn borrowed_bytes(value: &Value<'_>) -> usize {
    match value {
        Value::String(Cow::Borrowed(text)) => text.len(),
        Value::Bytes(Cow::Borrowed(bytes)) => bytes.len(),
        Value::Message(message) if matches!(message.bytes, Cow::Borrowed(_)) => message.bytes.len(),
        Value::List(values) => values.iter().map(borrowed_bytes).sum(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| borrowed_bytes(key) + borrowed_bytes(value))
                .sum()
        }
        _ => 0,
    }
}

fn bytes_of(value: &Value<'_>) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Message(message) => message.bytes.len(),
        _ => 0,
    }
}

#[cold]
fn exhausted() -> EvalError {
    EvalError::new("it costs more than evaluations may cost together")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_leaves_none_for_anything_else() {
        let budget = Budget::new(10);
        assert!(budget.charge(10).is_ok());
        assert!(budget.charge(0).is_ok());
        assert!(!budget.is_exhausted());
        assert!(budget.charge(1).is_err());
        assert!(budget.charge(0).is_err());
        assert!(budget.is_exhausted());
        budget.refill(u64::MAX);
        assert!(!budget.is_exhausted());
        assert!(budget.charge(u64::MAX).is_ok());
        assert!(budget.charge(u64::MAX).is_err());
        assert!(budget.charge(u64::MAX).is_err());
    }
}
