//! From values to the bytes of a message: the inverse of [`fields`](super::fields).
//!
//! [`FieldInfo`] is a field as rules write it; [`JsonForm`] is a message that ProtoJSON writes in a form of its own. A value
//! that does not fit is a [`Misfit`], which knows where it stands.

mod accepts;
mod change;
mod field;
mod json;
mod json_form;
mod misfit;
mod update;
mod update_scalars;
mod value;
mod well_known;

pub(crate) use self::accepts::{accepts_contents, accepts_element, accepts_field};
pub(super) use self::change::{changed, no_parts};
pub(crate) use self::field::FieldInfo;
pub(crate) use self::json_form::{JsonForm, from_json_text, takes_null, type_url};
pub(crate) use self::misfit::Misfit;
pub(super) use self::update::{update, update_by_mask};
pub(crate) use self::value::{put_contents, put_elements, put_field, put_value, put_zero};
