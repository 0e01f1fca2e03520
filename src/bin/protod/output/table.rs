//! Columns of text for people.
//!
//! What clients have sent may be in them, so that a line stays a line whatever is in it.

use std::fmt::Write as _;

/// Lines of cells, aligned, below a line of headings. Nothing at all without a row.
pub(crate) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let rows: Vec<[String; COLUMNS]> = rows.map(|row| row.map(|cell| one_line(&cell))).collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = headings.map(str::to_owned);
    let lines = || std::iter::once(&headings).chain(&rows);
    let mut widths = [0; COLUMNS];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines() {
        let mut written = String::new();
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(written, "{cell:width$}  ");
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// A text without what begins a line, or does something else to a terminal than to be seen.
pub(crate) fn one_line(text: &str) -> String {
    let breaks = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if breaks(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_lines_stay_lines() {
        let rows = [["1", "a"], ["22", "b\nc\u{1b}[2J"]].map(|row| row.map(str::to_owned));
        let text = table(["N", "TEXT"], rows.into_iter());
        assert_eq!(text, "N   TEXT\n1   a\n22  b\\nc\\u{1b}[2J\n");
        assert_eq!(table(["N"], std::iter::empty()), "");
    }
}
