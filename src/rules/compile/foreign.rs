//! Finds templates of other tools in texts: `{{ x }}`, `$x`, `$(x)`, `#{x}` and their like, and expressions without `${…}`.
//!
//! To protod they are plain text, so a rule that has one answers with it, and nobody is told. What is found is hardly
//! meant, and that is all: text may hold anything. So a form that other texts have too, such as `$x` or `{x}`, counts only
//! if an expression could read what it names. The same goes for the texts in an expression; one that is all of it, as in
//! `${'{{ x }}'}`, is never looked at.

use std::ops::Range;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::identifier::is_identifier;
use super::interpolation::{Piece, strings};
use crate::cel::{Type, is_expression};
use crate::yaml::{Node, Yaml};

/// A template of another tool: where it is in its text, why it is none of protod's, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The names that expressions can read where the text is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    /// The type of the request.
    pub(super) request: &'n MessageDescriptor,
    /// The counters and elements of loops of steps.
    pub(super) locals: &'n [(String, Type)],
    /// The variables of loops of a template.
    pub(super) rounds: &'n [Vec<(String, Type)>],
    /// The variables of the call.
    pub(super) state: &'n [(String, Type)],
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
const BRACKETS: [(&str, &str, Counts); 16] = [
    ("{{{", "}}}", Counts::Always),
    ("{{", "}}", Counts::Always),
    ("{%", "%}", Counts::Always),
    ("<%", "%>", Counts::Always),
    // In a string of an expression; in a text it begins one.
    ("${", "}", Counts::Known),
    ("#{", "}", Counts::Path),
    ("%{", "}", Counts::Path),
    ("@{", "}", Counts::Known),
    ("$(", ")", Counts::Path),
    ("$[", "]", Counts::Known),
    ("%(", ")", Counts::Known),
    ("%", "%", Counts::FromRoot),
    ("[[", "]]", Counts::Known),
    ("{", "}", Counts::Known),
    ("<", ">", Counts::FromRoot),
    ("$", "", Counts::Known),
];

/// The names of the language that begin a path.
const ROOTS: [&str; 6] = ["request", "metadata", "state", "store", "call", "requests"];

/// What other tools call the request, or what is in it.
const REQUEST: [&str; 12] = [
    "request", "req", "body", "input", "params", "query", "args", "data", "payload", "message", "msg", "json",
];

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

/// The templates of other tools in a text that was split into `pieces`.
pub(super) fn find(text: &str, pieces: &[Piece<'_>], names: Names<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    if !text.contains(['{', '$', '<', '%', '[']) {
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
            found.push(Foreign {
                span: at..at + length,
                message: format!("`{}` is plain text, not an expression", &rest[..length]),
                hint: format!("write `${{{instead}}}`; text in `${{'…'}}` is sent as it is"),
            });
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// A text that is an expression as a whole, such as `request.name`.
pub(super) fn bare_expression(text: &str, names: Names<'_>) -> Option<Foreign> {
    let expression = text.trim();
    if names.is_read_by(expression) {
        return Some(bare(text.len(), expression));
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
    (reads && is_expression(expression)).then(|| bare(text.len(), expression))
}

fn bare(length: usize, expression: &str) -> Foreign {
    Foreign {
        span: 0..length,
        message: format!("`{expression}` is plain text, not an expression"),
        hint: format!("write `${{{expression}}}`; text in `${{'…'}}` is sent as it is"),
    }
}

/// What to do about a value that does not fit where it stands, and is a name of the language, or a template without its
/// quotes: `{request.name}` is a mapping of one key without a value.
pub(super) fn unquoted(node: &Node, names: Names<'_>) -> Option<String> {
    match &node.value {
        Yaml::Text(name)
            if matches!(
                name.trim(),
                "request" | "requests" | "received" | "now" | "metadata"
            ) =>
        {
            Some(format!("write `${{{}}}`", name.trim()))
        }
        Yaml::Map(entries) => {
            let [(key, value)] = entries.as_slice() else {
                return None;
            };
            let read = names.read(key.text().filter(|_| value.value == Yaml::Null)?)?;
            Some(format!("write `\"${{{read}}}\"`, in quotes"))
        }
        _ => None,
    }
}

/// Templates in the strings of an expression that name what the expression could read. They are plain text, as all that
/// strings hold. An expression that is one string is how such a text is written.
pub(super) fn find_in_strings(source: &str, names: Names<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    let is_part = |string: &Range<usize>| string.len() < source.trim().len();
    for string in strings(source).filter(is_part) {
        let mut at = string.start;
        while let Some(next) = source[at..string.end].find(['{', '$', '<', '%', '[', '#', '@']) {
            at += next;
            let template = template(&source[string.start..at], &source[at..string.end], names);
            let Some(Template { length, instead, .. }) = template.filter(|template| template.is_known) else {
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
pub(super) fn find_in_data(text: &str, names: Names<'_>) -> Option<(Range<usize>, &'static str)> {
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

/// What to write instead of an expression with braces in it that are no map: `${{ x }}`, whose expression is `{ x }`;
/// `{{ x }} > 1`; `store.orders.${x}`. `in_text` says that it stands in `${…}` itself.
pub(super) fn without_braces(source: &str, in_text: bool) -> Option<String> {
    let single = source.trim().strip_prefix('{');
    let single = single.and_then(|inside| inside.strip_suffix('}')).map(str::trim);
    if let Some(inside) = single.filter(|inside| !inside.is_empty() && path_length(inside) == inside.len()) {
        return Some(if in_text {
            format!("write `${{{inside}}}`, with one pair of braces")
        } else {
            format!("write `{inside}`, without braces")
        });
    }
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
    /// The expression to write instead.
    instead: String,
    /// Whether it names what an expression could read.
    is_known: bool,
}

/// The template that `rest` begins with.
fn template(before: &str, rest: &str, names: Names<'_>) -> Option<Template> {
    let (open, close, counts) = BRACKETS.iter().find(|(open, ..)| rest.starts_with(open))?;
    let inside = &rest[open.len()..];
    if close.is_empty() {
        // `US$x` and `a$b` are names of their own.
        if before.ends_with(char::is_alphanumeric) {
            return None;
        }
        let length = path_length(inside);
        return Some(Template {
            length: open.len() + length,
            instead: names.read(&inside[..length])?,
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
    let read = names.read(inside);
    let is_known = read.is_some();
    let inside = inside.trim();
    let is_path = !inside.is_empty() && path_length(inside) == inside.len();
    let instead = match counts {
        Counts::Always if !inside.is_empty() => read.or_else(|| Some(names.instead_of(inside))),
        Counts::Path if is_path => read.or_else(|| Some(names.instead_of(inside))),
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

/// The length of the path, such as `a.b`, that a text begins with.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let name = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let name = name.count();
        if !is_identifier(&rest[..name]) {
            // A dot that no name follows ends a sentence.
            return length.saturating_sub(usize::from(length > 0));
        }
        length += name;
        if !text[length..].starts_with('.') {
            return length;
        }
        length += 1;
    }
}

impl Names<'_> {
    /// Whether a text is an expression with more than a path in it, one of which is of a field of the request.
    fn is_read_by(&self, text: &str) -> bool {
        let mut places = text.match_indices("request.").filter(|(at, _)| {
            let path = &text[*at..];
            let path = &path[..path_length(path)];
            !text[..*at].ends_with(|before: char| before.is_alphanumeric() || "_.'\"/".contains(before))
                && self.read(path).is_some_and(|read| read == path)
        });
        places.next().is_some() && is_expression(text)
    }

    /// Whether a loop has a variable of this name.
    fn is_local(&self, name: &str) -> bool {
        let mut variables = self.rounds.iter().flatten().chain(self.locals);
        variables.any(|(known, _)| known == name)
    }

    /// The expression for what another tool's template names, if an expression can read it.
    fn read(&self, inside: &str) -> Option<String> {
        let path = inside.trim_matches(|edge: char| " \t.$=-&!@".contains(edge));
        let segments: Vec<&str> = path.split('.').collect();
        if !segments.iter().all(|segment| is_identifier(segment)) {
            return None;
        }
        let (first, rest) = segments.split_first()?;
        let is = |(name, _): &(String, Type)| name == first;
        if self.is_local(first) {
            return Some(path.to_owned());
        }
        if let Some(field) = self.field(&segments) {
            return Some(field);
        }
        if REQUEST.contains(&first.to_lowercase().as_str()) {
            let is_request = |segment: &&&str| REQUEST.contains(&segment.to_lowercase().as_str());
            let named = rest.iter().take_while(is_request).count();
            let field = (0..=named).find_map(|skipped| self.field(&rest[skipped..]));
            return field.or_else(|| (rest.len() == named && named > 0).then(|| "json(request)".to_owned()));
        }
        if self.state.iter().any(is) {
            return Some(format!("state.{path}"));
        }
        (ROOTS.contains(first) && !rest.is_empty() || path == "now").then(|| path.to_owned())
    }

    /// The expression for a field of the request, by the names of a path; upper and lower case do not count.
    fn field(&self, segments: &[&str]) -> Option<String> {
        let mut message = Some(self.request.clone());
        let mut path = "request".to_owned();
        for segment in segments {
            let within = message?;
            let same = |field: &FieldDescriptor| {
                field.name().eq_ignore_ascii_case(segment) || field.json_name().eq_ignore_ascii_case(segment)
            };
            let field = within.fields().find(same)?;
            path = format!("{path}.{}", field.name());
            message = field.kind().as_message().filter(|_| !field.is_list()).cloned();
        }
        (!segments.is_empty()).then_some(path)
    }

    /// The expression for a template that no path explains.
    fn instead_of(&self, inside: &str) -> String {
        let words = inside
            .trim_matches(|edge: char| !edge.is_alphanumeric())
            .to_lowercase();
        let word = words
            .split(|letter: char| !letter.is_alphanumeric())
            .next()
            .unwrap_or_default();
        if matches!(word, "if" | "unless" | "else" | "elif" | "endif") {
            return "condition ? this : that".to_owned();
        }
        let function = FUNCTIONS
            .iter()
            .find(|(beginning, _)| word.starts_with(beginning));
        if let Some((_, function)) = function {
            return (*function).to_owned();
        }
        let first = self.request.fields().next();
        first.map_or_else(|| "now".to_owned(), |field| format!("request.{}", field.name()))
    }
}
