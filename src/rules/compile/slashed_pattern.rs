//! Regular expressions between slashes in `matches`, as JavaScript writes them: `x.matches('/tea/i')`.
//!
//! The slashes are characters of the pattern. A pattern of a path, such as `/orders/`, has them rightly; one with a flag after
//! the last slash hardly has.

use std::ops::Range;

use super::interpolation::strings;

/// Where such a pattern is in an expression, and what to write for it.
pub(super) fn slashed_pattern(source: &str) -> Option<(Range<usize>, String)> {
    strings(source).find_map(|span| {
        let is_argument = source[..span.start].trim_end().ends_with("matches(");
        let written = &source[span.clone()];
        let start = written.find(['\'', '"'])?;
        let (before, quoted) = written.split_at(start);
        let quote = &quoted[..1];
        let inside = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
        let (pattern, flags) = inside.strip_prefix('/')?.rsplit_once('/')?;
        let are_flags = !flags.is_empty() && flags.bytes().all(|flag| b"gimsu".contains(&flag));
        let kept: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
        let flags = if kept.is_empty() {
            String::new()
        } else {
            format!("(?{kept})")
        };
        let instead = format!("matches({before}{quote}{flags}{pattern}{quote})");
        (is_argument && are_flags && !pattern.is_empty()).then_some((span, instead))
    })
}

#[cfg(test)]
mod tests {
    use super::slashed_pattern;

    #[test]
    fn only_a_flag_after_the_last_slash_tells() {
        for (source, expected) in [
            ("x.matches('/tea/i')", Some("matches('(?i)tea')")),
            ("x.matches(r'/^t\\d/g')", Some("matches(r'^t\\d')")),
            ("x.matches('/orders/')", None),
            ("x.matches('/orders/new')", None),
            ("x == '/tea/i'", None),
        ] {
            let found = slashed_pattern(source).map(|(_, instead)| instead);
            assert_eq!(found.as_deref(), expected, "{source}");
        }
    }
}
