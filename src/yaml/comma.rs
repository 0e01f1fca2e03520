//! Text in braces that a comma cuts: `{text: Hello, world}` has two entries, `text` and `world`, which has no value.

use super::diagnosis::in_quotes;
use super::node::{Node, Yaml};

/// What to do about an unknown key that is the rest of a text with commas, in the entries of a mapping in braces.
pub(crate) fn cut_by_comma<'n>(
    text: &str,
    entries: impl Iterator<Item = &'n (Node, Node)>,
    key: &Node,
) -> Option<String> {
    let entries: Vec<&(Node, Node)> = entries.collect();
    let place = entries.iter().position(|(known, _)| known.span == key.span)?;
    let follows_comma = |at: usize| {
        let (before, (key, value)) = (entries[at - 1], entries[at]);
        let end = before.0.span.end.max(before.1.span.end);
        let between = text.get(end..key.span.start);
        value.value == Yaml::Null && between.is_some_and(|between| between.trim() == ",")
    };
    let first = (0..place).rev().find(|at| entries[*at].1.value != Yaml::Null)?;
    if !(first + 1..=place).all(follows_comma) {
        return None;
    }
    let last = (place + 1..entries.len())
        .take_while(|at| follows_comma(*at))
        .last()
        .unwrap_or(place);
    let (_, value) = entries[first];
    let begins = text.get(value.span.start..)?;
    if value.text().is_none() || begins.starts_with(['"', '\'']) {
        return None;
    }
    let whole = text.get(value.span.start..entries[last].0.span.end)?;
    let plain = whole.trim_start_matches('“').trim_end_matches('”');
    Some(format!("in braces a comma ends a value: {}", in_quotes(plain)))
}
