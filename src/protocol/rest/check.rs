//! Checks a rule against the messages of its method.

use std::sync::Arc;

use http::Method as Verb;

use super::fault::Fault;
use super::rule::{Part, Rule};
use super::template::{Template, Variable};
use crate::schema::{Method, RawField, RawKind, RawTypes, WellKnown};
use crate::suggest;

/// What a rule is checked with.
pub(super) struct Checker<'c, 's> {
    pub(super) types: &'c RawTypes<'s>,
    pub(super) method: &'c Arc<Method>,
    pub(super) rule: &'c Rule,
}

impl Checker<'_, '_> {
    /// All that is wrong with the rule.
    pub(super) fn check(&self, template: &Template) -> Vec<Fault> {
        let variables = template
            .variables
            .iter()
            .filter_map(|variable| self.check_variable(variable));
        let nested = template
            .variables
            .iter()
            .filter_map(|variable| self.check_nested(variable, template));
        variables
            .chain(nested)
            .chain(self.check_body(template))
            .chain(self.check_response_body())
            .collect()
    }

    fn fault(&self, part: Part, message: &str) -> Fault {
        self.rule
            .fault(part, format!("{}: {message}", self.method.name()))
    }

    fn check_variable(&self, variable: &Variable) -> Option<Fault> {
        let wrong = |message: String| self.fault(Part::Path, &message);
        let mut message = self.method.input_name().to_owned();
        let mut names = variable.field.split('.').peekable();
        while let Some(name) = names.next() {
            let Some(field) = self.types.field(&message, name) else {
                let text = format!(
                    "the path has `{{{}}}`, and {message} has no field `{name}`",
                    variable.field
                );
                return Some(wrong(text).with_hint_if(self.hint(&message, name)));
            };
            let what = format!("the path has `{{{}}}`, and {message}.{name}", variable.field);
            let is_last = names.peek().is_none();
            match field.kind {
                RawKind::Map => {
                    return Some(
                        wrong(format!("{what} is a map")).with_hint("a part of a path is one value"),
                    );
                }
                _ if field.is_repeated => {
                    return Some(
                        wrong(format!("{what} is repeated")).with_hint("a part of a path is one value"),
                    );
                }
                RawKind::Scalar if is_last => {}
                RawKind::Scalar => {
                    return Some(wrong(format!(
                        "{what} is no message, so it has no field `{}`",
                        names.next()?
                    )));
                }
                RawKind::Message(held) if is_last => {
                    if !WellKnown::named(&held).is_some_and(WellKnown::is_one_value) {
                        let fields = self.types.fields(&held);
                        let one = fields.first().map(|field| {
                            format!(
                                "name a field of it, as in `{{{}.{}}}`",
                                variable.field, field.name
                            )
                        });
                        return Some(wrong(format!("{what} is a message, {held}")).with_hint_if(one));
                    }
                }
                RawKind::Message(held) if WellKnown::named(&held).is_some() => {
                    return Some(wrong(format!("{what} is a {held}, which has one value")));
                }
                RawKind::Message(held) => message = held,
            }
        }
        None
    }

    /// A variable that sets a field of what another one sets.
    fn check_nested(&self, variable: &Variable, template: &Template) -> Option<Fault> {
        let is_around = |other: &&Variable| {
            let rest = variable.field.strip_prefix(&*other.field);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let other = template.variables.iter().find(is_around)?;
        let text = format!(
            "the path has `{{{}}}` and `{{{}}}`, one of which is in the other",
            other.field, variable.field
        );
        Some(self.fault(Part::Path, &text))
    }

    fn check_body(&self, template: &Template) -> Option<Fault> {
        let body = &*self.rule.body;
        let wrong = |message: String| self.fault(Part::Body, &message);
        if body.is_empty() {
            let text = "its client sends a stream, which is the body, and the rule has no `body`";
            let needs = self.method.is_client_streaming();
            return needs.then(|| wrong(text.to_owned()).with_hint("add `body: \"*\"`"));
        }
        if let Some(verb @ (Verb::GET | Verb::HEAD)) = &self.rule.verb {
            let text = format!("the rule has a `body`, and a {verb} request has none");
            return Some(
                wrong(text)
                    .with_hint("leave it out, and the fields are parameters of the query; or use `post`"),
            );
        }
        if body == "*" {
            return None;
        }
        if let Some(problem) = self.check_field(Part::Body, "body", body, self.method.input_name()) {
            return Some(problem);
        }
        let is_variable = template.variables.iter().any(|variable| variable.field == body);
        is_variable.then(|| {
            wrong(format!("the field `{body}` is in the path, and is the body"))
                .with_hint("it can be one of both")
        })
    }

    fn check_response_body(&self) -> Option<Fault> {
        match &*self.rule.response_body {
            "" => None,
            "*" => Some(
                self.fault(Part::ResponseBody, "`response_body` is a field, and not `*`")
                    .with_hint("leave it out, and the whole response is the body"),
            ),
            field => self.check_field(
                Part::ResponseBody,
                "response_body",
                field,
                self.method.output_name(),
            ),
        }
    }

    /// Whether a message has the field that one of the bodies names.
    fn check_field(&self, part: Part, key: &str, name: &str, message: &str) -> Option<Fault> {
        if self.types.field(message, name).is_some() {
            return None;
        }
        let text = format!("`{key}` is `{name}`, and {message} has no such field");
        let fault = self.fault(part, &text);
        let is_nested = name.contains('.');
        let nested = format!("`{key}` is a field of {message} itself, not one of a message in it");
        Some(fault.with_hint_if(if is_nested {
            Some(nested)
        } else {
            self.hint(message, name)
        }))
    }

    /// What was meant by the name of no field.
    fn hint(&self, message: &str, name: &str) -> Option<String> {
        let fields = self.types.fields(message);
        let by_json = fields.iter().find(|field: &&RawField| field.json_name == name);
        match by_json {
            Some(field) => Some(format!("a rule has the names of the proto: `{}`", field.name)),
            None => suggest::hint(name, fields.iter().map(|field| &*field.name)),
        }
    }
}
