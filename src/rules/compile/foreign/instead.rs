//! What to write instead of a template of another tool that names no field: a helper such as `{{randomValue}}`, a header such
//! as `{{request.headers.x-user}}`, a loop such as `{{#each request.items}}`.

use prost_reflect::Kind;

use super::names::Names;

/// What to write instead of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// An expression in its place.
    Expression(String),
    /// Something else, which is said.
    Other(String),
}

/// What functions of other tools are here, by their beginnings in lower case.
const FUNCTIONS: [(&str, &str); 9] = [
    ("uuid", "uuid()"),
    ("guid", "uuid()"),
    ("randomuuid", "uuid()"),
    ("randomvalue", "uuid()"),
    ("random", "random()"),
    ("rand", "random()"),
    ("now", "now"),
    ("timestamp", "now"),
    ("isotimestamp", "now"),
];

/// Words of other tools for the time, which longer words may begin with.
const TIMES: [&str; 6] = ["date", "time", "datetime", "today", "currenttime", "currentdate"];

/// The words of conditions.
const CONDITIONS: [&str; 6] = ["if", "unless", "else", "elif", "elsif", "endif"];

/// The words that begin a loop.
const LOOPS: [&str; 4] = ["each", "for", "foreach", "range"];

/// What stands in a loop for its element, or ends a block.
const OF_BLOCKS: [&str; 7] = ["this", ".", "end", "endfor", "endeach", "with", "endwith"];

impl Instead {
    /// Instead of a template with this in its brackets, which no path explains.
    pub(super) fn of(inside: &str, names: Names<'_>) -> Self {
        let plain = inside.trim_matches(|edge: char| edge.is_whitespace() || "#/-~=$".contains(edge));
        let lower = plain.to_lowercase();
        let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
        let word = words.find(|word| !word.is_empty()).unwrap_or_default();
        if CONDITIONS.contains(&word) {
            return Self::Expression("condition ? this : that".to_owned());
        }
        if LOOPS.contains(&word) && !inside.trim_start().starts_with('/') {
            return Self::of_loop(plain, names);
        }
        if OF_BLOCKS.contains(&plain) || OF_BLOCKS.contains(&word) || inside.trim_start().starts_with('/') {
            let hint =
                "leave it out: what is between the begin and the end of a block is part of its expression";
            return Self::Other(hint.to_owned());
        }
        if let Some(header) = header(plain) {
            return Self::Expression(format!("metadata['{header}']"));
        }
        let last = lower.rsplit('.').next().unwrap_or_default();
        if lower.contains('.') && matches!(last, "path" | "url" | "uri" | "method" | "rpc" | "fullmethod") {
            return Self::Expression("call.method".to_owned());
        }
        let function = FUNCTIONS
            .iter()
            .find(|(beginning, _)| word.starts_with(beginning));
        if let Some((_, function)) = function {
            return Self::Expression((*function).to_owned());
        }
        if TIMES.contains(&word) {
            return Self::Expression("now".to_owned());
        }
        let first = names.request.fields().next();
        let example = first.map_or_else(|| "now".to_owned(), |field| format!("request.{}", field.name()));
        Self::Other(format!(
            "an expression stands in `${{…}}`, as `${{{example}}}` does; text in `${{'…'}}` is sent as it is"
        ))
    }

    pub(super) fn comment() -> Self {
        Self::Other("a comment begins with `#`, and stands outside of the text".to_owned())
    }

    /// Instead of the begin of a loop.
    fn of_loop(inside: &str, names: Names<'_>) -> Self {
        let mut lists = inside.split_whitespace().filter_map(|word| {
            let path = word.trim_matches(|edge: char| !edge.is_alphanumeric());
            let segments: Vec<&str> = path.split('.').collect();
            let segments = match segments.as_slice() {
                ["request" | "req" | "body", rest @ ..] if !rest.is_empty() => rest,
                all => all,
            };
            names.found(segments).filter(|(_, field)| field.is_list())
        });
        let hint = match lists.next_back() {
            Some((list, field)) if field.kind() == Kind::String => {
                format!("write `${{{list}.join(', ')}}` for the whole loop")
            }
            Some((list, field)) if matches!(field.kind(), Kind::Message(_)) => {
                format!("write `${{{list}.map(x, x.name).join(', ')}}` for the whole loop")
            }
            Some((list, _)) => {
                format!("write `${{{list}.map(x, string(x)).join(', ')}}` for the whole loop")
            }
            None => "write `${list.map(x, string(x)).join(', ')}` for the whole loop".to_owned(),
        };
        Self::Other(hint)
    }

    /// The hint that says so.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Expression(expression) => {
                format!("write `${{{expression}}}`; text in `${{'…'}}` is sent as it is")
            }
            Self::Other(hint) => hint.clone(),
        }
    }
}

/// The name of the header that a helper reads: `request.headers.x-user`, `index .Headers "x-user"`; `name` if it says none.
fn header(inside: &str) -> Option<String> {
    let lower = inside.to_lowercase();
    let word = ["headers", "header", "metadata"].into_iter().find(|word| {
        lower
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|part| part == *word)
    })?;
    let after = lower.split_once(word)?.1;
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let name = after
        .split(|letter: char| !is_of_name(letter))
        .find(|part| !part.is_empty());
    Some(name.unwrap_or("name").to_owned())
}
