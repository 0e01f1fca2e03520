//! Expressions that stand in a text without `${…}`, among other words: `Hello request.name!`, `'Hello ' + ${request.name}`.
//!
//! They are sent as they are written, so what is found is a warning. People are told of `request.name`, too, so texts for
//! people, as those of statuses and of the log, and sentences about a field are left alone.

use super::instead::Instead;
use super::names::{Names, path_length};
use super::templates::Foreign;
use crate::rules::compile::interpolation::Piece;

/// Words that go on with a sentence about a field.
const OF_SENTENCES: [&str; 26] = [
    "is", "was", "are", "must", "should", "has", "have", "can", "cannot", "may", "needs", "not", "does",
    "missing", "required", "invalid", "too", "exceeds", "contains", "and", "or", "in", "of", "to", "from",
    "for",
];

/// Words before a field that people are told of.
const BEFORE_FIELDS: [&str; 14] = [
    "of", "the", "field", "see", "than", "invalid", "missing", "unknown", "bad", "no", "and", "or", "set",
    "use",
];

/// The paths in a text that expressions could read, outside of the expressions and the templates that are told of already.
pub(in crate::rules::compile) fn paths(
    text: &str,
    pieces: &[Piece<'_>],
    told: &[Foreign],
    names: Names<'_>,
) -> Vec<Foreign> {
    let is_plain = |at: usize| {
        let in_piece = pieces.iter().any(|piece| match piece {
            Piece::Expression { source, at: start } => (*start..start + source.len()).contains(&at),
            Piece::Literal(_) => false,
        });
        !in_piece && !told.iter().any(|foreign| foreign.span.contains(&at))
    };
    let mut found = Vec::new();
    for (at, _) in text.match_indices("request.").filter(|(at, _)| is_plain(*at)) {
        let path = &text[at..];
        let path = &path[..path_length(path)];
        let stands_alone = text[..at].is_empty() || text[..at].ends_with(char::is_whitespace);
        let after = &text[at + path.len()..];
        let next = after
            .trim_start_matches([' ', ','])
            .split(|letter: char| !letter.is_alphanumeric());
        let next = next.into_iter().next().unwrap_or_default().to_lowercase();
        let before = text[..at].split_whitespace().next_back().unwrap_or_default();
        let is_in_sentence = BEFORE_FIELDS.contains(&before.to_lowercase().as_str())
            || after.starts_with([':', '(', '[', '=', '/', '`'])
            || OF_SENTENCES.contains(&next.as_str());
        if stands_alone && !is_in_sentence && names.read(path).is_some_and(|read| read == path) {
            let instead = Instead::Expression(path.to_owned());
            found.push(Foreign::new(at..at + path.len(), path, &instead));
        }
    }
    found
}

/// What is wrong with a text whose strings and expressions are joined by `+`, as in an expression: `'Hello ' + ${request.name}`.
pub(in crate::rules::compile) fn joined(text: &str, pieces: &[Piece<'_>]) -> Option<Foreign> {
    let mut written = String::new();
    let mut has_string = false;
    let mut expects_value = true;
    for piece in pieces {
        let literal = match piece {
            Piece::Expression { source, .. } if expects_value => {
                written.extend(["${", source, "}"]);
                expects_value = false;
                continue;
            }
            Piece::Expression { .. } => return None,
            Piece::Literal(literal) => literal,
        };
        let mut rest = literal.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('+').filter(|_| !expects_value) {
                expects_value = true;
                rest = after.trim_start();
                continue;
            }
            let quote = rest
                .chars()
                .next()
                .filter(|first| expects_value && matches!(first, '\'' | '"'))?;
            let (string, after) = rest[1..].split_once(quote)?;
            written.push_str(string);
            (has_string, expects_value) = (true, false);
            rest = after.trim_start();
        }
    }
    let has_expression = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Expression { .. }));
    (has_string && has_expression && !expects_value).then(|| Foreign {
        span: 0..text.len(),
        message: "the quotes and the `+` of this text are sent as they are written".to_owned(),
        hint: format!("write `{written}`"),
        expression: None,
    })
}
