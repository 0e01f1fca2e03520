//! Finds patterns that no text matches: `cost: $5` asks for a 5 after the end of the text.
//!
//! Only what is plain to see is found: an anchor on the wrong side of characters, and classes without a character.

use regex_syntax::hir::{Hir, HirKind, Look};

/// Whether no text matches the pattern. One that does not parse is told of elsewhere.
pub(super) fn matches_nothing(source: &str) -> bool {
    regex_syntax::parse(source).is_ok_and(|pattern| never(&pattern))
}

fn never(pattern: &Hir) -> bool {
    let takes = |part: &Hir| part.properties().minimum_len().is_some_and(|least| least > 0);
    match pattern.kind() {
        HirKind::Concat(parts) => parts.iter().enumerate().any(|(place, part)| match part.kind() {
            HirKind::Look(Look::Start) => parts[..place].iter().any(takes),
            HirKind::Look(Look::End) => parts[place..].iter().any(takes),
            _ => never(part),
        }),
        HirKind::Alternation(parts) => parts.iter().all(never),
        HirKind::Repetition(repetition) => repetition.min > 0 && never(&repetition.sub),
        HirKind::Capture(capture) => never(&capture.sub),
        _ => pattern.properties().minimum_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_no_text_matches_are_found() {
        for (pattern, found) in [
            ("cost: $5", true),
            ("a^b", true),
            ("(a$)b", false),
            ("(a$b)+", true),
            ("(a$b)*", false),
            ("a$b|c", false),
            ("a$b|c^d", true),
            (r"[^\s\S]", true),
            ("^a$", false),
            ("^^a$$", false),
            ("^(a|b$)", false),
            ("x*^a", false),
            (r"\$5", false),
            ("(?m)a$\n^b", false),
            ("(", false),
        ] {
            assert_eq!(matches_nothing(pattern), found, "{pattern}");
        }
    }
}
