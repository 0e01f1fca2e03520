//! What every part of a rule is compiled with: the schema, the names in scope, and the list of problems.
//!
//! A part that does not compile adds its problems and yields nothing; the others are compiled all the same, so
//! that one load shows every problem of a file.

use std::ops::Range;

use prost_reflect::MessageDescriptor;

use super::node::{Node, Yaml};
use super::status::google_rpc;
use super::text::{self, Piece};
use crate::Problem;
use crate::cel::{Program, Scope, Type, Uses};
use crate::error::SourceText;
use crate::message::Picker;
use crate::schema::{LayoutId, Schema};
use crate::suggest;

/// The compiler of one rule for one method.
pub(crate) struct Compiler<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) source: &'a SourceText,
    /// The type of requests.
    pub(crate) input: (MessageDescriptor, LayoutId),
    /// Gives slots to the request's fields; one for all rules of a method.
    pub(crate) picker: &'a mut Picker,
    pub(crate) problems: &'a mut Vec<Problem>,
    /// Whether `request` is in scope.
    pub(crate) request: bool,
    pub(crate) state: Vec<(String, Type)>,
    /// The counters and elements in scope, innermost last.
    pub(crate) locals: Vec<(String, Type)>,
    /// What the programs compiled so far look at.
    pub(crate) uses: Uses,
    /// How many [memos](super::template::Memos) the rule's loops take.
    pub(crate) memos: usize,
    /// Whether what is compiled is only to be logged.
    pub(crate) to_log: bool,
    /// Whether anything else so far reads `request`.
    pub(crate) reads_request: bool,
}

impl Compiler<'_> {
    /// Compiles the CEL text `source` that begins `at` bytes into the string of `node`.
    pub(crate) fn expression(&mut self, node: &Node, source: &str, at: usize) -> Option<Program> {
        let request = self.request.then(|| self.input.clone());
        let mut scope = Scope {
            schema: self.schema,
            request,
            picker: self.picker,
            state: &self.state,
            locals: &self.locals,
        };
        match Program::compile(source, &mut scope) {
            Ok(program) => {
                self.uses = union(self.uses, program.uses());
                self.reads_request |= program.uses().request && !self.to_log;
                Some(program)
            }
            Err(found) => {
                for problem in found {
                    let span = at + problem.span.start..at + problem.span.end;
                    let place = self.place_within(node, span);
                    self.add(place, problem.message, problem.hint);
                }
                None
            }
        }
    }

    /// Compiles a node that holds bare CEL, such as `when`.
    pub(crate) fn condition(&mut self, node: &Node) -> Option<Program> {
        let program = match &node.value {
            Yaml::Text(source) => self.expression(node, source, 0)?,
            Yaml::Bool(truth) => self.expression(node, if *truth { "true" } else { "false" }, 0)?,
            _ => {
                self.problem(node, format!("expected a CEL condition, found {}", node.kind()));
                return None;
            }
        };
        if matches!(program.result_type(), Type::Bool | Type::Dyn) {
            return Some(program);
        }
        let found = program.result_type();
        self.problem(node, format!("a condition is a bool, this is {found}"));
        None
    }

    /// The pieces of a template string.
    pub(crate) fn split<'t>(&mut self, node: &Node, text: &'t str) -> Option<Vec<Piece<'t>>> {
        text::split(text)
            .map_err(|span| {
                let place = self.place_within(node, span);
                self.add(
                    place,
                    "`${` without its `}`",
                    Some("`$${` writes `${`".to_owned()),
                );
            })
            .ok()
    }

    /// Adds a problem at a node.
    pub(crate) fn problem(&mut self, node: &Node, message: impl Into<String>) {
        self.add(node.span.clone(), message, None);
    }

    /// Adds a problem at a node, with what to do about it.
    pub(crate) fn problem_hint(&mut self, node: &Node, message: impl Into<String>, hint: Option<String>) {
        self.add(node.span.clone(), message, hint);
    }

    /// Adds a problem at a place in the file.
    pub(crate) fn problem_at(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.add(span, message, None);
    }

    fn add(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let problem = Problem::at(self.source, span, message);
        self.problems.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    /// The place in the file of a range of a node's string. Where the string stands in the file as it is, the
    /// place is exact; where escapes or folding changed it, the place is the node.
    fn place_within(&self, node: &Node, within: Range<usize>) -> Range<usize> {
        let Some(text) = node.text() else {
            return node.span.clone();
        };
        let file = self.source.text();
        let quotes = [0, 1].into_iter().map(|quote| node.span.start + quote);
        let start = quotes
            .into_iter()
            .find(|start| file.get(*start..).is_some_and(|rest| rest.starts_with(text)));
        match start {
            Some(start) => start + within.start..start + within.end,
            None => node.span.clone(),
        }
    }

    /// A message type by its full name: the schema's own, or one of google.rpc's, which every schema has.
    pub(crate) fn message_type(&self, full_name: &str) -> Option<MessageDescriptor> {
        let own = self.schema.pool().get_message_by_name(full_name);
        own.or_else(|| google_rpc().get_message_by_name(full_name))
    }

    /// The entries of a mapping that may have only the keys `known`; others are problems.
    pub(crate) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Vec<Entry<'n>>> {
        entries(self.source, self.problems, node, what, known)
    }
}

/// The entries of a mapping that may have only the keys `known`; others are problems.
pub(crate) fn entries<'n>(
    source: &SourceText,
    problems: &mut Vec<Problem>,
    node: &'n Node,
    what: &str,
    known: &[&str],
) -> Option<Vec<Entry<'n>>> {
    let Yaml::Map(pairs) = &node.value else {
        let message = format!("expected {what}, found {}", node.kind());
        problems.push(Problem::at(source, node.span.clone(), message));
        return None;
    };
    let mut found = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let name = key.key_text().unwrap_or_default();
        if known.contains(&name.as_str()) {
            found.push(Entry { name, key, value });
            continue;
        }
        let problem = Problem::at(
            source,
            key.span.clone(),
            format!("unknown key `{name}` in {what}"),
        );
        problems.push(match suggest::hint(&name, known.iter().copied()) {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }
    Some(found)
}

/// One entry of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'n> {
    pub(crate) name: String,
    pub(crate) key: &'n Node,
    pub(crate) value: &'n Node,
}

/// Looks at what either looks at.
pub(crate) fn union(one: Uses, other: Uses) -> Uses {
    Uses {
        request: one.request || other.request,
        requests: one.requests || other.requests,
        metadata: one.metadata || other.metadata,
        state: one.state || other.state,
        store: one.store || other.store,
        locals: one.locals || other.locals,
        volatile: one.volatile || other.volatile,
    }
}
