//! Templates in two braces without quotes, as in `text: {{ request.name }}`: to YAML they are mappings, and most often no good
//! ones. Those who write them mean an expression, which stands in `${…}` and, where YAML needs it, in quotes.

use super::diagnosis::{Trouble, in_quotes};
use super::layout::Layout;

/// The keys whose values are expressions as they are, without `${…}`.
const EXPRESSIONS: [&str; 2] = ["when", "scope"];

/// Whether the value at `start` has a key before it whose values are expressions.
pub(super) fn is_expression_before(text: &str, start: usize) -> bool {
    let key = text[..start].trim_end().strip_suffix(':').unwrap_or_default();
    let key = key.rsplit(|letter: char| !letter.is_alphanumeric()).next();
    key.is_some_and(|key| EXPRESSIONS.contains(&key))
}

/// What is wrong with the value that has `{{` at `braces`; `None` if it is in a string.
pub(super) fn trouble(text: &str, braces: usize) -> Option<Trouble> {
    let layout = Layout::at(text, braces);
    if layout.string.is_some() {
        return None;
    }
    let value = layout.value(text);
    // A key ends before its colon.
    let end = value.rfind("}}").map_or(value.len(), |end| end + 2);
    let is_key = value[end..].trim_start().starts_with(':');
    let value = if is_key { &value[..end] } else { value };
    let start = layout.start;
    let message = "`{{` begins a mapping in YAML, and no template";
    let hint = if is_expression_before(text, start) {
        match replaced(value, "", "") {
            Some(expression) => format!("leave out the braces: `{expression}`"),
            None => "write the expression alone, without braces".to_owned(),
        }
    } else {
        let generic = || "put the value in quotes, and write an expression as `${…}`".to_owned();
        rewritten(value).unwrap_or_else(generic)
    };
    Some(Trouble::new(start..start + value.len(), message, hint))
}

/// What to write for a value with `{{ x }}` or `${{ x }}` in it, if `x` may be an expression.
pub(super) fn rewritten(value: &str) -> Option<String> {
    Some(in_quotes(&replaced(value, "${", "}")?))
}

/// The value, with other brackets for those of its templates.
fn replaced(value: &str, open: &str, close: &str) -> Option<String> {
    let mut rest = value;
    let mut written = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}")?;
        let inside = inside.trim();
        let may_be_expression = inside.starts_with(char::is_alphanumeric)
            && inside
                .chars()
                .all(|letter| letter.is_alphanumeric() || " _.<>=!&+*%()-".contains(letter));
        if !may_be_expression {
            return None;
        }
        written.extend([before.strip_suffix('$').unwrap_or(before), open, inside, close]);
        rest = after;
    }
    written.push_str(rest);
    (rest.len() < value.len()).then_some(written)
}
