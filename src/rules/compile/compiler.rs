//! What every part of a rule is compiled with: the schema, the names in scope, and the list of problems.
//!
//! A part that does not compile adds its problems and yields `None`; the other parts are compiled all the same, so that
//! one load shows every problem of a file.

use std::ops::Range;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;

use super::foreign::{self, Names};
use super::google_rpc::google_rpc;
use super::integer_division::commented_divisor;
use super::interpolation::{self, Piece};
use super::message_files::MessageFiles;
use super::missing::Conditions;
use super::other_words;
use super::signals::Signals;
use super::slashed_pattern::slashed_pattern;
use super::stored::{KeyKind, Meant, Stored, TypedKey};
use crate::cel::{CollectionType, Program, Scope, StoredKey, StoredPlace, Type, Uses, as_condition};
use crate::error::{Problem, SourceText};
use crate::message::{Picker, Slot};
use crate::rules::plan::Sampler;
use crate::rules::plan::template::Spot;
use crate::schema::{LayoutId, Schema};
use crate::yaml::{Entry, Node, Yaml, entries, quote_value_at, written};

/// The compiler of one rule for one method.
pub(in crate::rules) struct RuleCompiler<'a> {
    pub(super) schema: &'a Schema,
    pub(super) source: &'a SourceText,
    /// The type of requests.
    pub(super) input: (MessageDescriptor, LayoutId),
    /// Gives slots to the request's fields; shared by all rules of a method.
    pub(super) picker: &'a mut Picker,
    pub(super) problems: &'a mut Vec<Problem>,
    /// The files of messages that rules name.
    pub(super) files: &'a mut MessageFiles,
    /// What is not wrong, and hardly meant.
    pub(super) warnings: Vec<Problem>,
    /// What expressions name of the store.
    pub(super) stored: Stored,
    /// What its conditions fail for.
    pub(super) conditions: Conditions,
    /// The signals that steps raise and sessions handle.
    pub(super) signals: Signals,
    /// The collections of all files.
    pub(super) collections: Arc<[CollectionType]>,
    /// The names of the fields of the request around the one that a `match` is about, it included.
    pub(super) matched: Vec<String>,
    /// Whether the server validates requests, if that is known.
    pub(super) validates: Option<bool>,
    /// Whether `request` is in scope.
    pub(super) request: bool,
    /// Makes up messages. `None` if nothing does.
    pub(super) sampler: Option<Sampler>,
    /// Whether messages may lack fields that are required.
    pub(super) partial: bool,
    /// Whether `call.count` is in scope: not before the rule has matched.
    pub(super) counted: bool,
    pub(super) state: Vec<(String, Type)>,
    /// The counters and elements of loops in scope, innermost last.
    pub(super) locals: Vec<(String, Type)>,
    /// The variables of the loops of a template in scope, innermost last.
    pub(super) rounds: Vec<Vec<(String, Type)>>,
    /// What the expressions compiled so far read.
    pub(super) uses: Uses,
    /// How many places of the loop cache the rule's loops take.
    pub(super) cached: usize,
    /// Whether a text is due that one expression may give, which then has to give a text.
    pub(super) is_text_due: bool,
    /// Whether texts are for people, who may be told of `request.name`: in statuses, and in the log.
    pub(super) is_prose: bool,
    /// Whether what is being compiled is only logged.
    pub(super) to_log: bool,
    /// Whether anything that is not only logged has read `request` so far.
    pub(super) reads_request: bool,
}

impl<'a> RuleCompiler<'a> {
    /// `input` is the type of the method's requests.
    pub(in crate::rules) fn new(
        schema: &'a Schema,
        source: &'a SourceText,
        input: (MessageDescriptor, LayoutId),
        picker: &'a mut Picker,
        problems: &'a mut Vec<Problem>,
        files: &'a mut MessageFiles,
    ) -> Self {
        Self {
            schema,
            source,
            input,
            picker,
            problems,
            files,
            warnings: Vec::new(),
            stored: Stored::default(),
            conditions: Conditions::default(),
            signals: Signals::default(),
            collections: Arc::default(),
            matched: Vec::new(),
            validates: None,
            request: true,
            sampler: None,
            partial: false,
            counted: false,
            state: Vec::new(),
            locals: Vec::new(),
            rounds: Vec::new(),
            uses: Uses::default(),
            cached: 0,
            is_text_due: false,
            is_prose: false,
            to_log: false,
            reads_request: false,
        }
    }

    /// Compiles the CEL text `source`, which begins `at` bytes into the string of `node`.
    pub(super) fn expression(&mut self, node: &Node, source: &str, at: usize) -> Option<Program> {
        match Program::compile(source, &mut self.scope()) {
            Ok(program) => {
                self.uses |= program.uses();
                self.reads_request |= program.uses().request && !self.to_log;
                if let Some(comment) = commented_divisor(source) {
                    let place = self.place_within(node, at + comment.start..at + comment.end);
                    let message = "`//` begins a comment, and the expression ends before it";
                    let problem = Problem::at(self.source, place, message);
                    let hint = "`/` of two ints gives an int";
                    self.warnings.push(problem.with_hint(hint).into_warning());
                }
                if let Some((span, instead)) = slashed_pattern(source) {
                    let place = self.place_within(node, at + span.start..at + span.end);
                    let message = "the slashes of this pattern are characters that it looks for";
                    let problem = Problem::at(self.source, place, message);
                    let hint = format!("write `{instead}`");
                    self.warnings.push(problem.with_hint(hint).into_warning());
                }
                self.warn_of_templates_in_strings(node, source, at);
                if program.uses().store {
                    let before = self.stored.len();
                    self.with_stored(node, at, |stored, place| stored.note(source, place));
                    self.find_meant(source, before);
                    self.find_kinds_of_keys(source, before);
                } else if program.uses().locals {
                    self.with_stored(node, at, |stored, place| stored.note_elements(source, place));
                }
                Some(program)
            }
            Err(found) => {
                let meant = match foreign::in_braces(source) {
                    Some(inside) => Some(self.without_outer_braces(inside, at > 0)),
                    None => foreign::without_braces(source).or_else(|| self.cut_by_comment(node)),
                };
                for problem in found {
                    let span = at + problem.span.start..at + problem.span.end;
                    let place = self.place_within(node, span);
                    self.add(place, problem.message, meant.clone().or(problem.hint));
                }
                None
            }
        }
    }

    /// Changes what is known of the store by an expression that begins `at` bytes into the string of `node`; `change` is
    /// given what finds the place of a part of it.
    pub(super) fn with_stored(
        &mut self,
        node: &Node,
        at: usize,
        change: impl FnOnce(&mut Stored, &dyn Fn(Range<usize>) -> Range<usize>),
    ) {
        let mut stored = std::mem::take(&mut self.stored);
        change(&mut stored, &|span| {
            self.place_within(node, at + span.start..at + span.end)
        });
        self.stored = stored;
    }

    /// Finds places of the store whose names are those of an expression, such as `store.orders.request.name`, among those
    /// after so many others.
    fn find_meant(&mut self, source: &str, before: usize) {
        for place in before..self.stored.len() {
            let meant = meant_place(&self.stored.reads[place].place, source, self.names());
            self.stored.reads[place].meant = meant;
        }
    }

    /// Finds the kinds of the keys of places of the store, among those after so many others.
    fn find_kinds_of_keys(&mut self, source: &str, before: usize) {
        for place in before..self.stored.len() {
            let StoredPlace {
                keys,
                key_spans,
                span,
                in_macro,
                ..
            } = &self.stored.reads[place].place;
            let (keys, spans, span, in_macro) = (keys.clone(), key_spans.clone(), span.clone(), *in_macro);
            let mut typed = Vec::with_capacity(keys.len());
            for (key, key_span) in keys.into_iter().zip(spans) {
                let before = source.get(span.start..key_span.start);
                let before = before.filter(|_| key_span.end <= span.end);
                let container = before.map(|before| before.trim_end_matches(['.', '[', '\'', '"']));
                let container = container.unwrap_or(&source[span.clone()]).to_owned();
                let (kind, text) = match key {
                    StoredKey::Name(name) => (KeyKind::Text, name),
                    StoredKey::Computed => {
                        let text = source[key_span].trim();
                        let known = (!in_macro).then(|| Program::compile(text, &mut self.scope()).ok());
                        let known = known.flatten();
                        let kind = known.map_or(KeyKind::Unknown, |key| KeyKind::of(key.result_type()));
                        (kind, text.to_owned())
                    }
                };
                typed.push(TypedKey {
                    kind,
                    text,
                    container,
                });
            }
            self.stored.reads[place].typed_keys = typed;
        }
    }

    /// What expressions may name here.
    pub(super) fn scope(&mut self) -> Scope<'_> {
        Scope {
            schema: self.schema,
            within: self.input.0.full_name(),
            request: self.request.then(|| self.input.clone()),
            counted: self.counted,
            picker: self.picker,
            state: &self.state,
            locals: &self.locals,
            rounds: &self.rounds,
            collections: &self.collections,
            constraint: None,
        }
    }

    /// Compiles a node that is a CEL condition, such as `when`.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Program> {
        let program = match &node.value {
            Yaml::Text(source) => self.expression(node, source, 0)?,
            Yaml::Bool(truth) => self.expression(node, if *truth { "true" } else { "false" }, 0)?,
            _ => {
                let message = format!("expected a CEL condition, found {}", node.kind());
                let hint = match &node.value {
                    Yaml::List(_) => "join conditions: `a && b`, or `a || b`",
                    _ => "such as `request.count > 10 && request.name == 'tea'`",
                };
                self.problem_hint(node, message, Some(hint.to_owned()));
                return None;
            }
        };
        if matches!(program.result_type(), Type::Bool | Type::Dyn) {
            let uses = program.uses();
            if let (true, Some(source)) = (uses.metadata || uses.store || uses.request, node.text()) {
                let mut conditions = std::mem::take(&mut self.conditions);
                let quote = self.source.text()[node.span.start..].chars().next();
                conditions.note(source, quote, |span| self.place_within(node, span));
                self.conditions = conditions;
            }
            return Some(program);
        }
        let found = program.result_type();
        let hint = as_condition(found).map(str::to_owned);
        let message = format!("a condition is a bool, this is {found}");
        self.add(node.span.clone(), message, hint);
        None
    }

    /// Whether that name is an element of a loop around, which is a message.
    pub(super) fn is_message_element(&self, name: &str) -> bool {
        let mut variables = self.rounds.iter().flatten().chain(&self.locals);
        variables.any(|(known, found)| known == name && matches!(found, Type::Message(_)))
    }

    /// Splits a template string into its pieces, and warns of templates of other tools in it.
    pub(super) fn split<'t>(&mut self, node: &Node, text: &'t str) -> Option<Vec<Piece<'t>>> {
        match interpolation::split(text) {
            Ok(pieces) => {
                self.warn_of_foreign(node, text, &pieces, None);
                if let Some(hint) = self.cut_by_comment(node) {
                    let end = node.span.end;
                    let comment = self.source.text()[end..].lines().next().unwrap_or_default();
                    let message = format!("the text ends before `{}`, which is a comment", comment.trim());
                    let problem = Problem::at(self.source, end..end + comment.len(), message);
                    self.warnings.push(problem.with_hint(hint).into_warning());
                }
                Some(pieces)
            }
            Err(span) => {
                let place = self.place_within(node, span);
                let hint = "an expression ends with `}`; `$${` writes `${`".to_owned();
                self.add(place, "`${` without its `}`", Some(hint));
                None
            }
        }
    }

    /// What to do if a comment cuts the value of `node` short: in plain text, a `#` after a blank begins one.
    fn cut_by_comment(&self, node: &Node) -> Option<String> {
        let file = self.source.text();
        let is_plain = node
            .text()
            .is_some_and(|text| file[node.span.start..].starts_with(text));
        let rest = file.get(node.span.end..)?.strip_prefix(' ')?;
        let comment = rest.trim_start_matches(' ').strip_prefix('#')?;
        let is_meant = comment.is_empty() || comment.starts_with([' ', '\t', '\n', '\r', '#', '!', '-', '=']);
        (is_plain && !is_meant).then(|| "put the value in quotes: ` #` begins a comment".to_owned())
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names {
            request: &self.input.0,
            locals: &self.locals,
            rounds: &self.rounds,
            state: &self.state,
        }
    }

    /// What an error says of a field whose value stands `at` bytes into the string of a node.
    pub(super) fn spot(&self, node: &Node, at: usize, field: &str) -> Spot {
        Spot {
            field: field.to_owned(),
            at: self.place_within(node, at..at).start,
        }
    }

    /// The text of a scalar as the file writes it; see [`written`].
    pub(super) fn written(&self, node: &Node) -> Option<String> {
        written(node, self.source.text())
    }

    /// Adds a problem at a node.
    pub(super) fn problem(&mut self, node: &Node, message: impl Into<String>) {
        self.problem_hint(node, message, None);
    }

    /// Adds a problem at a node, with a hint. If the node holds a template of another tool, or an expression without its
    /// braces, that is what is wrong with it.
    pub(super) fn problem_hint(&mut self, node: &Node, message: impl Into<String>, hint: Option<String>) {
        if let Some(hint) = self.yaml_hint(node) {
            return self.add(node.span.clone(), message, Some(hint));
        }
        let hint = foreign::meant(node, self.names()).or(hint);
        self.add(node.span.clone(), message, hint);
    }

    /// Adds a problem at a node where there can be no expression: a key, or a constant.
    pub(super) fn constant_problem(&mut self, node: &Node, message: impl Into<String>, hint: Option<String>) {
        let hint = self.yaml_hint(node).or(hint);
        self.add(node.span.clone(), message, hint);
    }

    /// The expression that the text of a node is, without `${…}`.
    pub(super) fn bare_expression<'n>(&self, node: &'n Node) -> Option<&'n str> {
        foreign::bare_expression(node.text()?, self.names())
    }

    /// What is wrong with a value that YAML took for something else than was meant: for an anchor, or for a null that takes
    /// away what is merged.
    fn yaml_hint(&self, node: &Node) -> Option<String> {
        let text = self.source.text();
        let is_scalar = !matches!(node.value, Yaml::List(_) | Yaml::Map(_));
        let before = text.get(..node.span.start)?.trim_end();
        let before_value = || {
            let at = before.rfind(|letter: char| letter.is_whitespace() || letter == '&')?;
            before[at..].starts_with('&').then_some(at)
        };
        let begins = text[node.span.start..].starts_with('&');
        let anchor = begins.then_some(node.span.start).or_else(before_value);
        if let Some(at) = anchor.filter(|_| is_scalar) {
            let name = text[at + 1..]
                .split(|letter: char| letter.is_whitespace() || ",[]{}".contains(letter))
                .next()?;
            let quoted = quote_value_at(text, at);
            return Some(format!(
                "`&{name}` gives the value after it a name, and `*{name}` stands for it; if it is text, {quoted}"
            ));
        }
        let merges = node.value == Yaml::Null && text.contains("<<:");
        merges.then(|| {
            "null is a value, too: what `<<` merges stays, unless it is left out of what is merged".to_owned()
        })
    }

    /// Adds a warning at a node.
    pub(super) fn warn(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::at(self.source, node.span.clone(), message);
        self.warnings.push(problem.with_hint(hint).into_warning());
    }

    /// The slot of a field of the request, by the numbers of its path; see [`Picker::slot`].
    pub(super) fn slot(&mut self, numbers: &[u32]) -> Option<Slot> {
        self.picker.slot(self.schema.layouts(), numbers)
    }

    /// Adds a problem at a place in the file, with a hint.
    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.problems
            .push(Problem::at(self.source, span, message).with_hint_if(hint));
    }

    /// The place in the file of a range of a node's string. If the string has escapes or is folded, it is the place of the
    /// whole node.
    pub(super) fn place_within(&self, node: &Node, within: Range<usize>) -> Range<usize> {
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

    /// A message type by its full name: one of the schema, or one of google.rpc, which are built in.
    pub(super) fn message_type(&self, full_name: &str) -> Option<MessageDescriptor> {
        let own = self.schema.pool().get_message_by_name(full_name);
        own.or_else(|| google_rpc().get_message_by_name(full_name))
    }

    /// The entries of a mapping that may have only the keys `known`; others are problems.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Vec<Entry<'n>>> {
        self.entries_meant(node, what, known, |_| None)
    }

    /// The same, with hints of one's own for keys that are unknown.
    pub(super) fn entries_meant<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
        meant: impl Fn(&str) -> Option<String>,
    ) -> Option<Vec<Entry<'n>>> {
        let meant = |name: &str| meant(name).or_else(|| other_words::hint(what, name, known));
        entries(self.source, self.problems, node, what, known, meant)
    }
}

/// The place with the expression that its names are in brackets.
fn meant_place(place: &StoredPlace, source: &str, names: Names<'_>) -> Option<Meant> {
    let name = |key: &StoredKey| match key {
        StoredKey::Name(name) => Some(name.clone()),
        StoredKey::Computed => None,
    };
    for first in 0..place.key_spans.len() {
        let run: Vec<String> = place.keys[first..].iter().map_while(name).collect();
        let ends = if run.first().is_some_and(|name| name.contains('.')) {
            1..=1
        } else {
            2..=run.len()
        };
        for names_in_it in ends.rev() {
            let expression = run[..names_in_it].join(".");
            if foreign::bare_expression(&expression, names).is_none() {
                continue;
            }
            let last = &place.key_spans[first + names_in_it - 1];
            let before = source[..place.key_spans[first].start].trim_end_matches(['.', '[', '\'', '"']);
            let after = source[last.end..place.span.end].trim_start_matches(['\'', '"', ']']);
            return Some(Meant {
                place: format!("{}[{expression}]{after}", &before[place.span.start..]),
                value: (names_in_it > 1).then_some(first + 1),
            });
        }
    }
    None
}
