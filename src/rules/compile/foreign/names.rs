//! The names that expressions can read where a text stands, and what a path of another tool's template reads of them.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::cel::{Type, is_expression};
use crate::rules::compile::identifier::is_identifier;

/// The names that expressions can read where the text is.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules::compile) struct Names<'n> {
    /// The type of the request.
    pub(in crate::rules::compile) request: &'n MessageDescriptor,
    /// The counters and elements of loops of steps.
    pub(in crate::rules::compile) locals: &'n [(String, Type)],
    /// The variables of loops of a template.
    pub(in crate::rules::compile) rounds: &'n [Vec<(String, Type)>],
    /// The variables of the call.
    pub(in crate::rules::compile) state: &'n [(String, Type)],
}

/// The names of the language that begin a path.
pub(super) const ROOTS: [&str; 6] = ["request", "metadata", "state", "store", "call", "requests"];

/// What other tools call the request, or what is in it.
const REQUEST: [&str; 12] = [
    "request", "req", "body", "input", "params", "query", "args", "data", "payload", "message", "msg", "json",
];

/// The length of the path, such as `a.b`, that a text begins with.
pub(super) fn path_length(text: &str) -> usize {
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
    pub(super) fn is_read_by(&self, text: &str) -> bool {
        let mut places = text.match_indices("request.").filter(|(at, _)| {
            let path = &text[*at..];
            let path = &path[..path_length(path)];
            !text[..*at].ends_with(|before: char| before.is_alphanumeric() || "_.'\"/".contains(before))
                && self.read(path).is_some_and(|read| read == path)
        });
        places.next().is_some() && is_expression(text)
    }

    /// Whether a loop has a variable of this name.
    pub(super) fn is_local(&self, name: &str) -> bool {
        let mut variables = self.rounds.iter().flatten().chain(self.locals);
        variables.any(|(known, _)| known == name)
    }

    /// The expression for what another tool's template names, if an expression can read it.
    pub(super) fn read(&self, inside: &str) -> Option<String> {
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
        self.found(segments).map(|(path, _)| path)
    }

    /// The same, with the field.
    pub(super) fn found(&self, segments: &[&str]) -> Option<(String, FieldDescriptor)> {
        let mut message = Some(self.request.clone());
        let mut last = None;
        let mut path = "request".to_owned();
        for segment in segments {
            let within = message?;
            let same = |field: &FieldDescriptor| {
                field.name().eq_ignore_ascii_case(segment) || field.json_name().eq_ignore_ascii_case(segment)
            };
            let field = within.fields().find(same)?;
            path = format!("{path}.{}", field.name());
            message = field.kind().as_message().filter(|_| !field.is_list()).cloned();
            last = Some(field);
        }
        Some((path, last?))
    }
}
