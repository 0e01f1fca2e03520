//! Finds templates of other tools in texts: `{{ x }}`, `$x`, `$(x)`, `#{x}` and their like, and expressions without `${…}`.
//!
//! To protod they are plain text, so a rule that has one answers with it, and nobody is told. What is found is hardly
//! meant, and that is all: text may hold anything. So a form that other texts have too, such as `$x` or `{x}`, counts only
//! if an expression could read what it names. The same goes for the texts in an expression; one that is all of it, as in
//! `${'{{ x }}'}`, is never looked at.

use std::ops::Range;

use super::instead::Instead;
use super::names::{Names, ROOTS, path_length};
use crate::cel::is_expression;
use crate::rules::compile::interpolation::{self, Piece, strings};
use crate::yaml::{Node, Yaml};

/// A template of another tool: where it is in its text, why it is none of protod's, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rules::compile) struct Foreign {
    pub(in crate::rules::compile) span: Range<usize>,
    pub(in crate::rules::compile) message: String,
    pub(in crate::rules::compile) hint: String,
    /// The expression that the hint tells to write.
    pub(in crate::rules::compile) expression: Option<String>,
}

/// Which contents of a pair of brackets are those of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Hardly any text has such brackets.
    Always,
    /// A name or a path, whatever it names.
    Path,
    /// The path of something that an expression can read.
    Known,
    /// The same, if it begins with a name of the language, such as `request`.
    FromRoot,
}

/// Opening and closing brackets, the longer ones first.
const BRACKETS: [(&str, &str, Counts); 19] = [
    ("{{{", "}}}", Counts::Always),
    ("{{", "}}", Counts::Always),
    ("{%", "%}", Counts::Always),
    ("{#", "#}", Counts::Always),
    ("<%", "%>", Counts::Always),
    // In a string of an expression; in a text it begins one.
    ("${", "}", Counts::Known),
    ("#{", "}", Counts::Path),
    ("%{", "}", Counts::Path),
    ("@{", "}", Counts::Known),
    ("$(", ")", Counts::Path),
    ("$[", "]", Counts::Known),
    ("%(", ")", Counts::Known),
    ("%", "%", Counts::Known),
    ("\\(", ")", Counts::Known),
    ("[[", "]]", Counts::Known),
    ("{", "}", Counts::Known),
    ("<", ">", Counts::FromRoot),
    ("$", "", Counts::Known),
    (":", "", Counts::Known),
];

/// The templates of other tools in a text that was split into `pieces`.
pub(in crate::rules::compile) fn find(text: &str, pieces: &[Piece<'_>], names: Names<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    if !text.contains(['{', '$', '<', '%', '[', '\\', ':']) {
        return found;
    }
    let mut expressions = pieces.iter().filter_map(|piece| match piece {
        Piece::Expression { source, at } => Some(at - 2..at + source.len() + 1),
        Piece::Literal(_) => None,
    });
    let mut next = expressions.next();
    let mut at = 0;
    while at < text.len() {
        if let Some(expression) = next.take_if(|expression| expression.start <= at) {
            if text[..at].ends_with('\\') {
                found.push(Foreign {
                    span: at - 1..at + 2,
                    message: "`\\` before `${` is sent, and so is the expression's value".to_owned(),
                    hint: "`$${` writes `${`".to_owned(),
                    expression: None,
                });
            }
            at = expression.end;
            next = expressions.next();
            continue;
        }
        let end = next.as_ref().map_or(text.len(), |expression| expression.start);
        let rest = &text[at..end];
        if rest.starts_with("$${") {
            at += 3;
        } else if let Some(Template { length, instead, .. }) = template(&text[..at], rest, names) {
            found.push(Foreign::new(at..at + length, &rest[..length], &instead));
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// A text that is an expression as a whole, such as `request.name`.
pub(in crate::rules::compile) fn bare_expression<'t>(text: &'t str, names: Names<'_>) -> Option<&'t str> {
    let expression = text.trim();
    // A list in a list is hardly meant: it is a template of another tool.
    if names.is_read_by(expression) && !expression.starts_with("[[") {
        return Some(expression);
    }
    let root = expression.split(['.', '[']).next().unwrap_or_default();
    let rest = &expression[root.len()..];
    let path = &expression[..path_length(expression)];
    let reads = match (root, rest.chars().next()) {
        ("request" | "state", Some('.')) => names.read(path).is_some_and(|read| read == path),
        ("call", Some('.')) => matches!(path, "call.method" | "call.peer" | "call.id" | "call.count"),
        // `store.example.com` is a host.
        ("store", Some('.')) => path.len() < expression.len() || path.matches('.').count() == 1,
        ("metadata" | "store" | "requests", Some('[')) => true,
        (variable, None | Some('.' | '[')) if names.is_local(variable) => true,
        _ => matches!(expression, "uuid()" | "random()"),
    };
    (reads && is_expression(expression)).then_some(expression)
}

/// What to do about a value that does not fit where it stands, and is a template of another tool, an expression without its
/// braces, or a template without its quotes: `{request.name}` is a mapping of one key without a value.
pub(in crate::rules::compile) fn meant(node: &Node, names: Names<'_>) -> Option<String> {
    let Some(text) = node.text() else {
        return unquoted(node, names);
    };
    let template = || {
        let pieces = interpolation::split(text).ok()?;
        find(text, &pieces, names).into_iter().next()
    };
    if let Some(template) = template() {
        return Some(template.hint);
    }
    let name = text.trim();
    let is_root = matches!(
        name,
        "request" | "requests" | "received" | "now" | "metadata" | "uuid()" | "random()"
    );
    let expression = match name {
        "now()" => Some("now"),
        _ if is_root || names.is_local(name) => Some(name),
        _ => bare_expression(text, names),
    };
    expression.map(|expression| format!("write `${{{expression}}}`"))
}

/// A template in braces without quotes.
fn unquoted(node: &Node, names: Names<'_>) -> Option<String> {
    let Yaml::Map(entries) = &node.value else {
        return None;
    };
    let [(key, value)] = entries.as_slice() else {
        return None;
    };
    let read = names.read(key.text().filter(|_| value.value == Yaml::Null)?)?;
    Some(format!("write `\"${{{read}}}\"`, in quotes"))
}

/// Templates in the strings of an expression that name what the expression could read. They are plain text, as all that
/// strings hold. An expression that is one string is how such a text is written.
pub(in crate::rules::compile) fn find_in_strings(source: &str, names: Names<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    let is_part = |string: &Range<usize>| string.len() < source.trim().len();
    for string in strings(source).filter(is_part) {
        let mut at = string.start;
        while let Some(next) = source[at..string.end].find(['{', '$', '<', '%', '[', '#', '@']) {
            at += next;
            let template = template(&source[string.start..at], &source[at..string.end], names);
            let Some(Template {
                length,
                instead: Instead::Expression(instead),
                ..
            }) = template.filter(|template| template.is_known)
            else {
                at += 1;
                continue;
            };
            let written = &source[at..at + length];
            found.push(Foreign {
                span: at..at + length,
                message: format!("`{written}` is plain text in this string, not an expression"),
                hint: if string.len() == length + 2 {
                    format!("write `{instead}`, without quotes")
                } else {
                    format!("end the string before it, and go on with `+ {instead}`")
                },
                expression: None,
            });
            at += length;
        }
    }
    found
}

/// What an expression begins with that no path alone shows.
const BEGINNINGS: [&str; 9] = [
    "request", "requests", "metadata", "state.", "store.", "call.", "now", "uuid()", "random()",
];

/// The first template in data that names what an expression could read, and its form.
pub(in crate::rules::compile) fn find_in_data(
    text: &str,
    names: Names<'_>,
) -> Option<(Range<usize>, &'static str)> {
    let forms = [("${", "${…}"), ("{{", "{{…}}")];
    let found = forms.iter().filter_map(|(open, form)| {
        let mut places = text.match_indices(open).map(|(at, _)| at);
        let at = places.find(|at| {
            let inside = text[at + open.len()..].trim_start_matches([' ', '{']);
            BEGINNINGS.iter().any(|root| inside.starts_with(root))
                || template("", beginning(&text[*at..]), names).is_some_and(|template| template.is_known)
        })?;
        Some((at..at + open.len(), *form))
    });
    found.min_by_key(|(place, _)| place.start)
}

/// As much of a text as a template may take: data may be one line of megabytes.
fn beginning(text: &str) -> &str {
    const LONGEST: usize = 200;
    let end = text
        .char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// The expression in `{ x }`, which is no map: the source of `${{ x }}`.
pub(in crate::rules::compile) fn in_braces(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    (!inside.is_empty() && is_expression(inside)).then_some(inside)
}

/// What to write instead of an expression with braces in it that are no map: `{{ x }} > 1`; `store.orders.${x}`.
pub(in crate::rules::compile) fn without_braces(source: &str) -> Option<String> {
    let mut rest = source;
    let mut written = String::new();
    loop {
        let forms = [("{{", "}}"), (".${", "}")];
        let found = forms
            .iter()
            .filter_map(|(open, close)| Some((rest.find(open)?, open, close)));
        let Some((at, open, close)) = found.min() else {
            break;
        };
        let place = source.len() - rest.len() + at;
        if strings(source).any(|string| string.contains(&place)) {
            return None;
        }
        let (inside, after) = rest[at + open.len()..].split_once(close)?;
        let before = &rest[..at];
        let (before, inside) = (before.strip_suffix('$').unwrap_or(before), inside.trim());
        match before
            .strip_suffix('.')
            .or_else(|| open.starts_with('.').then_some(before))
        {
            // What a field's name is made of is a key.
            Some(before) => written.extend([before, "[", inside, "]"]),
            None => written.extend([before, inside]),
        }
        rest = after;
    }
    written.push_str(rest);
    let is_changed = written.len() < source.len();
    is_changed.then(|| {
        format!(
            "an expression has no braces around its names: `{}`",
            written.trim()
        )
    })
}

/// A template of another tool at the begin of a text.
struct Template {
    length: usize,
    instead: Instead,
    /// Whether it names what an expression could read.
    is_known: bool,
}

/// The template that `rest` begins with.
fn template(before: &str, rest: &str, names: Names<'_>) -> Option<Template> {
    let (open, close, counts) = BRACKETS.iter().find(|(open, ..)| rest.starts_with(open))?;
    let inside = &rest[open.len()..];
    if close.is_empty() {
        // `US$x` and `a$b` are names of their own, and `:tea:` is a picture.
        let length = path_length(inside);
        let is_own = match *open {
            ":" => {
                !before.is_empty() && !before.ends_with(char::is_whitespace)
                    || inside[length..]
                        .starts_with(|after: char| after.is_alphanumeric() || "_:/".contains(after))
            }
            _ => before.ends_with(char::is_alphanumeric),
        };
        if is_own {
            return None;
        }
        return Some(Template {
            length: open.len() + length,
            instead: Instead::Expression(names.read(&inside[..length])?),
            is_known: true,
        });
    }
    // `/v1/{name}` is a pattern of paths, and `x_{n}` a formula.
    if *open == "{" && before.ends_with(['/', '_', '^', '\\']) {
        return None;
    }
    let line = inside.lines().next().unwrap_or_default();
    let (inside, _) = line.split_once(close)?;
    let length = open.len() + inside.len() + close.len();
    // `50% of it, 20% of that` has no name between its signs.
    if *open == "%" && path_length(inside) < inside.len() {
        return None;
    }
    let read = names.read(inside);
    let is_known = read.is_some();
    let read = read.map(Instead::Expression);
    let inside = inside.trim();
    let is_path = !inside.is_empty() && path_length(inside) == inside.len();
    let instead = match counts {
        Counts::Always if *open == "{#" => Some(Instead::comment()),
        Counts::Always if !inside.is_empty() => read.or_else(|| Some(Instead::of(inside, names))),
        Counts::Path if is_path => read.or_else(|| Some(Instead::of(inside, names))),
        Counts::FromRoot => read.filter(|_| {
            let root = inside.split_once('.').map(|(root, _)| root);
            root.is_some_and(|root| ROOTS.contains(&root))
        }),
        _ => read,
    };
    Some(Template {
        length,
        instead: instead?,
        is_known,
    })
}

impl Foreign {
    /// A text that is an expression as a whole.
    pub(in crate::rules::compile) fn of_all(text: &str, expression: &str) -> Self {
        let instead = Instead::Expression(expression.to_owned());
        Self::new(0..text.len(), expression, &instead)
    }

    pub(super) fn new(span: Range<usize>, written: &str, instead: &Instead) -> Self {
        Self {
            span,
            message: format!("`{written}` is plain text, not an expression"),
            hint: instead.hint(),
            expression: match instead {
                Instead::Expression(expression) => Some(expression.clone()),
                Instead::Other(_) => None,
            },
        }
    }
}
