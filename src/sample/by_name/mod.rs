//! What a field's name suggests.
//!
//! Validation rules play no part here: `by_rules` asks for suggestions, and uses those that the rules allow.

pub(super) mod amounts;
mod hint;
pub(super) mod moments;
mod people;
pub(super) mod text;

pub(super) use self::hint::NameHint;
