//! What a field's name suggests.

pub(super) mod amounts;
mod hint;
pub(super) mod moments;
pub(super) mod text;

pub(super) use self::hint::NameHint;
