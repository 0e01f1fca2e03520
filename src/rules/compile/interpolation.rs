//! Finds the expressions in a template string: `a ${x} b`. `$${` stands for `${`.

use std::ops::Range;

/// A piece of a template string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(String),
    /// The CEL source and where it begins in the string.
    Expression {
        source: &'t str,
        at: usize,
    },
}

/// Splits a string into its literals and expressions; an `Err` is the range of a `${` without its `}`.
pub(super) fn split(text: &str) -> Result<Vec<Piece<'_>>, Range<usize>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        literal.push_str(&text[at..dollar]);
        let rest = &text[dollar..];
        if rest.starts_with("$${") {
            literal.push_str("${");
            at = dollar + 3;
        } else if let Some(inside) = rest.strip_prefix("${") {
            let end = expression_end(inside).ok_or(dollar..text.len())?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Expression {
                source: &inside[..end],
                at: dollar + 2,
            });
            at = dollar + 2 + end + 1;
        } else {
            literal.push('$');
            at = dollar + 1;
        }
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// Where the strings of an expression are, with their quotes and what stands before them.
pub(super) fn strings(source: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = source.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let quote = at + source.get(at..)?.find(['"', '\''])?;
        let marks = bytes[at..quote]
            .iter()
            .rev()
            .take_while(|byte| b"rRbB".contains(byte));
        let start = quote - marks.count();
        at = string_end(bytes, quote)?;
        Some(start..at)
    })
}

/// The index of the `}` that ends an expression. Braces come in pairs, and those in CEL's strings do not count.
fn expression_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'"' | b'\'' => {
                at = string_end(bytes, at)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The index after the CEL string that begins with the quote at `start`: triple-quoted, raw or plain.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let raw = bytes[..start]
        .iter()
        .rev()
        .take_while(|b| b"rRbB".contains(b))
        .any(|b| b"rR".contains(b));
    let mut at = start + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' && !raw {
            at += 2;
        } else if triple && bytes[at..].starts_with(&[quote; 3]) {
            return Some(at + 3);
        } else if !triple && *byte == quote {
            return Some(at + 1);
        } else {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Piece<'_> {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn expressions_are_found_between_literals() {
        let pieces = split("a ${x} b ${ y }").unwrap();
        let expected = [
            literal("a "),
            Piece::Expression { source: "x", at: 4 },
            literal(" b "),
            Piece::Expression {
                source: " y ",
                at: 11,
            },
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn braces_and_quotes_of_cel_do_not_end_an_expression() {
        for source in [
            r#"{"a": {"b": 1}}.a"#,
            r#"x == "}""#,
            r"'\'}'",
            r"r'\' + '}'",
            r#""""}"}""" "#,
        ] {
            let text = format!("${{{source}}}");
            assert_eq!(
                split(&text).unwrap(),
                [Piece::Expression { source, at: 2 }],
                "{text}"
            );
        }
    }

    #[test]
    fn two_dollars_escape_and_one_stands_for_itself() {
        assert_eq!(split("$${x} costs $5").unwrap(), [literal("${x} costs $5")]);
        assert_eq!(split("").unwrap(), [literal("")]);
    }

    #[test]
    fn an_expression_without_end_is_named() {
        assert_eq!(split("ab ${x").unwrap_err(), 3..6);
    }
}
