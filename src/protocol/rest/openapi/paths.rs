//! Templates as paths of OpenAPI: every wildcard is a parameter of its own, as in the flat paths of Google's discovery documents.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::protocol::rest::binding::Binding;
use crate::protocol::rest::template::Segment;

/// What is escaped in a literal of a path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

/// A parameter of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathParameter {
    pub(super) name: String,
    /// The field that it is, or is a part of. `None` for a wildcard that is no variable.
    pub(super) field: Option<String>,
    /// The segments of that field, if it is only a part.
    pub(super) part_of: Option<String>,
    /// Whether it may hold slashes.
    pub(super) is_rest: bool,
}

/// Paths that differ in the names of parameters alone are the same to OpenAPI: the first one names them.
#[derive(Default)]
pub(super) struct Paths {
    by_shape: HashMap<String, Vec<String>>,
}

impl Paths {
    /// The path of a binding, and its parameters.
    pub(super) fn of(&mut self, binding: &Binding) -> (String, Vec<PathParameter>) {
        if binding.way.template.segments.is_empty() && binding.way.path != "/" {
            // A method by its name.
            return (binding.way.path.clone(), Vec::new());
        }
        let mut parameters: Vec<PathParameter> = Vec::new();
        let mut shape = String::new();
        for (segment, at) in binding.way.template.segments.iter().zip(0..) {
            shape.push('/');
            match segment {
                Segment::Literal(text) => shape.extend(utf8_percent_encode(text, ESCAPED)),
                Segment::One | Segment::Rest => {
                    shape.push_str("{}");
                    let parameter = parameter(binding, at, &parameters);
                    parameters.push(parameter);
                }
            }
        }
        if shape.is_empty() {
            shape.push('/');
        }
        if let Some(verb) = &binding.way.template.verb {
            shape.push(':');
            shape.extend(utf8_percent_encode(verb, ESCAPED));
        }
        let names = parameters
            .iter()
            .map(|parameter| parameter.name.clone())
            .collect();
        let names = self.by_shape.entry(shape.clone()).or_insert(names);
        let mut path = String::new();
        for (part, at) in shape.split("{}").zip(0..) {
            if at > 0 {
                parameters[at - 1].name.clone_from(&names[at - 1]);
                path = path + "{" + &names[at - 1] + "}";
            }
            path.push_str(part);
        }
        (path, parameters)
    }
}

/// The parameter of a segment.
fn parameter(binding: &Binding, at: usize, known: &[PathParameter]) -> PathParameter {
    let template = &binding.way.template;
    let is_rest = template.segments[at] == Segment::Rest;
    let variable = template
        .variables
        .iter()
        .find(|variable| variable.segments.contains(&at));
    let (name, field, part_of) = match variable {
        None => (format!("segment{}", at + 1), None, None),
        Some(variable) if variable.segments.len() == 1 => {
            (variable.field.clone(), Some(&variable.field), None)
        }
        Some(variable) => {
            let before = at
                .checked_sub(1)
                .filter(|before| variable.segments.contains(before));
            let name = match before.map(|before| &template.segments[before]) {
                Some(Segment::Literal(text)) if text.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
                    format!("{text}Id")
                }
                _ => format!("{}{}", variable.field, at - variable.segments.start + 1),
            };
            let segments: Vec<&str> = template.segments[variable.segments.clone()]
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(text) => text,
                    Segment::One => "*",
                    Segment::Rest => "**",
                })
                .collect();
            (name, Some(&variable.field), Some(segments.join("/")))
        }
    };
    let is_taken = |name: &str| known.iter().any(|parameter| parameter.name == name);
    let mut unique = name.clone();
    for number in 2.. {
        if !is_taken(&unique) {
            break;
        }
        unique = format!("{name}{number}");
    }
    PathParameter {
        name: unique,
        field: field.cloned(),
        part_of,
        is_rest,
    }
}
