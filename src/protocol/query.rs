//! The query of an address: its parameters as they are written, and their texts.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The names and values of a query, with their escapes. A parameter without a value has an empty one.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

/// A name or a value without its escapes. A plus sign is a space.
pub(super) fn unescaped(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('+') {
        return percent_decode_str(text).into();
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).collect())
}
