//! How lines of proto text are arranged.
//!
//! Blocks are indented by two spaces, and elements of several lines are set apart by empty lines.

/// Joins parts, with an empty line around those that have several lines.
pub(super) fn spaced(parts: Vec<String>) -> String {
    let mut text = String::new();
    let mut after_long = false;
    for part in parts {
        let is_long = part.lines().count() > 1;
        if !text.is_empty() && (is_long || after_long) {
            text.push('\n');
        }
        text += &part;
        after_long = is_long;
    }
    text
}

/// Indents every line by two spaces.
pub(super) fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    lines.collect()
}
