//! What newcomers write in texts and hardly mean as text: templates of other tools, and expressions without `${…}`.

mod instead;
mod names;
mod plain_parts;
mod templates;

pub(super) use self::names::Names;
pub(super) use self::plain_parts::{joined, paths};
pub(super) use self::templates::{
    Foreign, bare_expression, find, find_in_data, find_in_strings, in_braces, meant, without_braces,
};
