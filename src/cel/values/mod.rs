//! The values that expressions work with, and their types.
//!
//! [`Value`] borrows text and bytes from the message that it was read from, where it can. [`Type`] is what the
//! compiler knows about a value before there is one.

mod calendar;
mod equal;
mod error;
mod number;
mod text;
mod time;
mod told;
mod types;
mod value;

pub(super) use self::calendar::{CalendarTime, parse_rfc3339};
pub(crate) use self::equal::Key;
pub(super) use self::equal::{are_numbers, compare, enum_number, equals, find, key_order};
pub(crate) use self::error::EvalError;
pub(super) use self::error::{Evaluated, no_overload};
pub(crate) use self::number::whole;
pub(super) use self::text::{write_double, write_duration, write_enum, write_float, write_timestamp};
pub(super) use self::time::{duration_of, in_duration_range, in_timestamp_range, total_nanos};
pub(crate) use self::told::Told;
pub(crate) use self::types::Type;
pub(crate) use self::value::{MessageValue, Value};
