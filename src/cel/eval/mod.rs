//! Runs compiled expressions.
//!
//! `TypedExpr::eval` gives a [`Value`](super::Value); `eval_int`, `eval_double`, `eval_bool` and `eval_text` give the
//! bare value and make no [`Value`](super::Value) where the types are known. Text and bytes are borrowed from the request, the
//! state or the program wherever they can be.

mod access;
mod construct;
mod elements;
mod evaluation;
mod loops;
mod quick;
mod row_reading;
mod rows;
mod scalars;
mod stored;
mod value;
mod volatile;

pub(crate) use self::access::metadata_value;
pub(crate) use self::elements::Elements;
pub(crate) use self::evaluation::Evaluation;
pub(super) use self::quick::QuickInt;
pub(crate) use self::row_reading::RowReading;
pub(crate) use self::rows::key_of;
pub(super) use self::stored::keys;
pub(crate) use self::volatile::{random, random_at};
