//! What is told of texts and expressions that have each other's form: templates of other tools, expressions without `${…}`,
//! expressions in braces, texts where none is due.
//!
//! Some hints take compiling: what they tell to write has to have the type that is due.

use super::compiler::RuleCompiler;
use super::foreign::{self, Foreign};
use super::interpolation::Piece;
use super::quoting::misquoted;
use crate::cel::{Program, Type};
use crate::error::{Problem, SourceText};
use crate::yaml::Node;

impl RuleCompiler<'_> {
    /// What to do about `{ x }` in place of the expression `x`, which may have problems of its own. `in_text` says that it
    /// stands in `${…}`.
    pub(super) fn without_outer_braces(&mut self, inside: &str, in_text: bool) -> String {
        let write = if in_text {
            format!("write `${{{inside}}}`, with one pair of braces")
        } else {
            format!("write `{inside}`, without braces")
        };
        let mut scope = self.scope();
        let problems = Program::compile(inside, &mut scope).err().unwrap_or_default();
        let mut hints = problems
            .into_iter()
            .filter_map(|problem| Some((problem.span, problem.hint?)));
        let Some((span, hint)) = hints.find(|(_, hint)| !hint.starts_with("if it is text")) else {
            return write;
        };
        let whole = hint
            .strip_prefix("write `")
            .and_then(|rest| rest.strip_suffix('`'));
        match whole.filter(|_| span == (0..inside.len())) {
            Some(whole) if in_text => format!("write `${{{whole}}}`, with one pair of braces"),
            Some(whole) => format!("write `{whole}`, without braces"),
            None => format!("{write}; in it, {hint}"),
        }
    }

    /// What to write for a text with expressions in it where no text is due: one expression, which `function` converts.
    pub(super) fn as_one_expression(&mut self, pieces: &[Piece<'_>], function: &str) -> String {
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            parts.push(match piece {
                Piece::Literal(text) if text.contains(['\'', '\\', '\n']) => {
                    return "make the whole value one `${…}`".to_owned();
                }
                Piece::Literal(text) => format!("'{text}'"),
                Piece::Expression { source, .. } => match Program::compile(source, &mut self.scope()) {
                    Ok(program) if *program.result_type() == Type::String => source.trim().to_owned(),
                    _ => format!("string({})", source.trim()),
                },
            });
        }
        let joined = parts.join(" + ");
        if function.is_empty() {
            format!("write `${{{joined}}}`")
        } else {
            format!("write `${{{function}({joined})}}`")
        }
    }

    /// Warns of templates of other tools in a text, which are plain text here. `instead` is the hint where there can be no
    /// expressions either.
    pub(super) fn warn_of_foreign(
        &mut self,
        node: &Node,
        text: &str,
        pieces: &[Piece<'_>],
        instead: Option<&str>,
    ) {
        if let Some((message, hint)) = misquoted(node, self.source.text()) {
            self.warn(node, message, hint);
        }
        let mut found = Vec::new();
        if let Some(expression) = foreign::bare_expression(text, self.names()) {
            found.push(Foreign::of_all(text, expression));
        }
        found.extend(foreign::find(text, pieces, self.names()));
        if found.is_empty() && instead.is_none() {
            found.extend(foreign::joined(text, pieces));
        }
        if found.iter().all(|foreign| foreign.span.len() < text.len()) && instead.is_none() && !self.is_prose
        {
            let paths = foreign::paths(text, pieces, &found, self.names());
            found.extend(paths);
        }
        for foreign in &mut found {
            if self.is_text_due && foreign.span.len() == text.trim().len() {
                self.make_text(foreign);
            }
        }
        for Foreign {
            span, message, hint, ..
        } in found
        {
            let place = self.place_within(node, span);
            let problem = Problem::at(self.source, place, message);
            let hint = instead.map_or(hint, str::to_owned);
            self.warnings.push(problem.with_hint(hint).into_warning());
        }
    }

    /// Lets a hint convert its expression, which is to be a whole text, if it gives no text.
    fn make_text(&mut self, foreign: &mut Foreign) {
        let Some(expression) = foreign.expression.take() else {
            return;
        };
        let Ok(program) = Program::compile(&expression, &mut self.scope()) else {
            return;
        };
        let function = match program.result_type() {
            Type::String | Type::Enum(_) | Type::Dyn | Type::Null => return,
            Type::Message(_) | Type::List(_) | Type::Map(..) => "json",
            _ => "string",
        };
        let text = Foreign::of_all(&expression, &format!("{function}({expression})"));
        foreign.hint = text.hint;
    }

    /// Warns of templates in the strings of an expression that begins `at` bytes into the string of `node`.
    pub(super) fn warn_of_templates_in_strings(&mut self, node: &Node, source: &str, at: usize) {
        for Foreign {
            span, message, hint, ..
        } in foreign::find_in_strings(source, self.names())
        {
            let place = self.place_within(node, at + span.start..at + span.end);
            let problem = Problem::at(self.source, place, message);
            self.warnings.push(problem.with_hint(hint).into_warning());
        }
    }

    /// Warns of the first template in a file of messages, which are sent as they are.
    pub(super) fn warn_of_templates_in_file(&mut self, file: &SourceText) {
        if let Some((place, form)) = foreign::find_in_data(file.text(), self.names()) {
            let message = format!("`{form}` is plain text in a file of messages");
            let hint = "write the message under `reply` or `send`, with `${…}`; `\\u0024{` is the text `${`, and `\\u007b{` is `{{`";
            self.warnings
                .push(Problem::at(file, place, message).with_hint(hint).into_warning());
        }
    }
}
