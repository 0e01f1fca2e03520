//! Compiles statuses: `{code, message, details}`.
//!
//! Details are messages by `@type`, or the short forms of google.rpc, whose types are built in.

use super::each::is_loop;
use super::status_hint::{code_hint, detail_hint, status_hint};
use super::text::{compile_text, text_hint};
use super::value::compile_value;
use crate::cel::{FieldInfo, Type, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::google_rpc::{SHORT_FORMS, details_field};
use crate::rules::compile::interpolation::Piece;
use crate::rules::compile::template::compile_elements;
use crate::rules::plan::template::Template;
use crate::rules::plan::{CodeTemplate, StatusTemplate, ValueTemplate, code_of};
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml};

pub(in crate::rules::compile) fn compile_status(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
) -> Option<StatusTemplate> {
    if let (Some(text), Yaml::Text(_) | Yaml::Int(_)) = (node.key_text(), &node.value) {
        let hint = Some(status_hint(&text));
        compiler.problem_hint(node, format!("expected a status, found {}", node.kind()), hint);
        return None;
    }
    let entries = compiler.entries(node, "a status", &["code", "message", "details"])?;
    // The words of a status are for people.
    let is_prose = std::mem::replace(&mut compiler.is_prose, true);
    let status = compile_entries(compiler, node, entries);
    compiler.is_prose = is_prose;
    status
}

fn compile_entries(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    entries: Vec<Entry<'_>>,
) -> Option<StatusTemplate> {
    let before = compiler.problems.len();
    let (mut code, mut message, mut details) = (None, None, None);
    for entry in entries {
        match (entry.name.as_str(), &entry.value.value) {
            ("code", _) => code = compile_code(compiler, entry.value),
            ("message", Yaml::Text(text)) => message = compile_text(compiler, entry.value, text),
            ("message", _) => {
                let found = entry.value.kind();
                let hint = text_hint(entry.value);
                compiler.problem_hint(entry.value, format!("expected a text, found {found}"), hint);
            }
            (_, Yaml::List(_) | Yaml::Map(_)) => details = compile_details(compiler, entry.value),
            _ => {
                let message = format!("expected a list of details, found {}", entry.value.kind());
                let hint = "such as `[{error_info: {reason: SOLD_OUT}}]`".to_owned();
                compiler.problem_hint(entry.value, message, Some(hint));
            }
        }
    }
    if compiler.problems.len() > before {
        return None;
    }
    let Some(code) = code else {
        compiler.problem_hint(
            node,
            "a status needs a `code`",
            Some("such as `code: NOT_FOUND`".to_owned()),
        );
        return None;
    };
    Some(StatusTemplate {
        code,
        message,
        details,
    })
}

fn compile_code(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<CodeTemplate> {
    let (template, found) = compile_value(compiler, node)?;
    let ValueTemplate::Constant(value) = &template else {
        if let ValueTemplate::Program(program) = &template {
            let texts = program
                .branches()
                .iter()
                .filter_map(|branch| branch.text.as_deref());
            let is_code = |text: &&str| code_of(&Value::String((*text).to_owned().into())).is_some();
            if let Some(other) = texts.into_iter().find(|text| !is_code(text)) {
                let message = format!("`{other}` is not a status code");
                compiler.add(node.span.clone(), message, code_hint(other));
                return None;
            }
        }
        if matches!(
            found,
            Type::Int | Type::Uint | Type::String | Type::Enum(_) | Type::Dyn
        ) {
            return Some(CodeTemplate::Dynamic(template));
        }
        let hint = "a code is a name such as `NOT_FOUND`, or its number".to_owned();
        compiler.problem_hint(node, format!("expected a status code, found {found}"), Some(hint));
        return None;
    };
    if let Some(code) = code_of(value) {
        return Some(CodeTemplate::Constant(code));
    }
    let text = value.to_text();
    let hint = code_hint(&text);
    compiler.problem_hint(node, format!("`{text}` is not a status code"), hint);
    None
}

/// A list of details, or a loop that makes them.
fn compile_details(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Template> {
    let value = match &node.value {
        Yaml::List(items) => {
            let items = items.iter().filter_map(|item| with_type(compiler, item));
            Yaml::List(items.collect())
        }
        Yaml::Map(entries) if is_loop(node) => {
            let entries = entries.iter().filter_map(|(key, value)| {
                let value = match key.text() {
                    Some("value") => with_type(compiler, value)?,
                    _ => value.clone(),
                };
                Some((key.clone(), value))
            });
            Yaml::Map(entries.collect())
        }
        _ => node.value.clone(),
    };
    let details = Node {
        span: node.span.clone(),
        value,
    };
    compile_elements(compiler, &details, &FieldInfo::of_field(&details_field()))
}

/// A detail with its `@type`, which it has, or which its short form stands for.
fn with_type(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Node> {
    let Yaml::Map(entries) = &node.value else {
        if let Some(text) = node.text()
            && let [Piece::Expression { .. }] = compiler.split(node, text)?.as_slice()
        {
            return Some(node.clone());
        }
        let hint =
            "a detail is a message with `@type`, one short form such as `error_info`, or `${…}`".to_owned();
        compiler.problem_hint(
            node,
            format!("expected a detail, found {}", node.kind()),
            Some(hint),
        );
        return None;
    };
    if entries.iter().any(|(key, _)| key.text() == Some("@type")) {
        return Some(node.clone());
    }
    let [(form, fields)] = entries.as_slice() else {
        let message = "a detail is a message with `@type`, or one short form such as `error_info`";
        compiler.problem_hint(node, message, Some(detail_hint(entries)));
        return None;
    };
    let name = form.key_text().unwrap_or_default();
    let Some((_, message)) = SHORT_FORMS.iter().find(|(short, _)| *short == name) else {
        let hint = suggest::hint(&name, SHORT_FORMS.iter().map(|(short, _)| *short));
        compiler.problem_hint(form, format!("there is no short form `{name}`"), hint);
        return None;
    };
    let Yaml::Map(fields) = &fields.value else {
        let expected = format!("expected a google.rpc.{message}, found {}", fields.kind());
        let hint = "write its fields, as in `{reason: SOLD_OUT}`".to_owned();
        compiler.problem_hint(fields, expected, Some(hint));
        return None;
    };
    let text = |text: String| Node {
        span: form.span.clone(),
        value: Yaml::Text(text),
    };
    let named = (
        text("@type".to_owned()),
        text(format!("type.googleapis.com/google.rpc.{message}")),
    );
    let entries = std::iter::once(named).chain(fields.iter().cloned()).collect();
    Some(Node {
        span: node.span.clone(),
        value: Yaml::Map(entries),
    })
}
