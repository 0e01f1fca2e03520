//! The messages of a file, as `reply_file` and `send_file` name one, encoded as a type.

use std::error::Error as _;
use std::ops::Range;
use std::path::Path;

use prost_reflect::MessageDescriptor;

use crate::cel::JsonForm;
use crate::error::{Problem, SourceText};
use crate::message::{Message, MessageError};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::message_files::{Contents, Encoded, MessageFile, place_of, without_place};
use crate::rules::compile::template::compile_template;
use crate::yaml::{Node, Yaml, parse};

/// How many messages of a file are told of, if they do not fit.
const MAX_TOLD: usize = 20;

/// The messages of the file that `node` names, encoded; problems go to the compiler.
pub(in crate::rules::compile) fn compile_message_file(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Encoded> {
    let Some(name) = node.text().filter(|name| !name.trim().is_empty()) else {
        let message = format!("expected the name of a file, found {}", node.kind());
        let hint = "such as `big.json`; a message itself stands under `reply` or `send`";
        compiler.problem_hint(node, message, Some(hint.to_owned()));
        return None;
    };
    if name.contains("${") || name.contains("{{") {
        let hint = "write a rule for each file, with `match` or `when`".to_owned();
        compiler.add(
            node.span.clone(),
            "the name of a file holds no expressions",
            Some(hint),
        );
        return None;
    }
    let folder = Path::new(compiler.source.name()).parent();
    let path = folder.unwrap_or(Path::new("")).join(name);
    let files = &mut *compiler.files;
    let file = match files.read(&path, compiler.problems) {
        Contents::Messages(file) => file,
        Contents::NotJson => return None,
        Contents::Unreadable(why, hint) => {
            let message = format!("the file {} {why}", path.display());
            let problem = Problem::at(compiler.source, node.span.clone(), message);
            compiler.problems.push(problem.with_hint(hint).needing([path]));
            return None;
        }
    };
    let key = (path, descriptor.full_name().to_owned());
    if let Some(encoded) = compiler.files.encoded.get(&key) {
        return encoded.clone();
    }
    compiler.warn_of_templates_in_file(&file.source);
    let encoded = encode(compiler, &file, descriptor);
    compiler.files.encoded.insert(key, encoded.clone());
    encoded
}

/// The messages of a file as bytes of a type.
fn encode(
    compiler: &mut RuleCompiler<'_>,
    file: &MessageFile,
    descriptor: &MessageDescriptor,
) -> Option<Encoded> {
    let before = compiler.problems.len();
    let mut encoded = Vec::with_capacity(file.messages.len());
    let mut told = 0;
    for place in &file.messages {
        match Message::from_json(descriptor.clone(), &file.source.text()[place.clone()]) {
            Ok(message) => encoded.push(message.to_bytes().to_vec()),
            Err(error) => {
                explain(compiler, file, place, descriptor, &error);
                told += 1;
                if told == MAX_TOLD {
                    break;
                }
            }
        }
    }
    (compiler.problems.len() == before).then(|| encoded.into())
}

/// Adds the problems of a message that does not fit its type: as those of a message in a rules file, with their hints.
fn explain(
    compiler: &mut RuleCompiler<'_>,
    file: &MessageFile,
    place: &Range<usize>,
    descriptor: &MessageDescriptor,
    error: &MessageError,
) {
    let text = file.source.text();
    if text[place.clone()].starts_with('[') && JsonForm::of(descriptor).is_none() {
        let message = format!("expected {}, found a list", descriptor.full_name());
        let hint = "write its messages one after the other, without the brackets around them and the commas between them";
        let problem = Problem::at(&file.source, place.start..place.start + 1, message);
        compiler.problems.push(problem.with_hint(hint));
        return;
    }
    let before = compiler.problems.len();
    // JSON is YAML. What is before the message is left out, and its place kept.
    let padded = " ".repeat(place.start) + &text[place.clone()];
    match parse(&SourceText::new(file.source.name(), padded)) {
        Ok(mut node) => {
            escape(&mut node);
            let input = compiler.input.clone();
            let mut of_file = RuleCompiler::new(
                compiler.schema,
                &file.source,
                input,
                compiler.picker,
                compiler.problems,
                compiler.files,
            );
            compile_template(&mut of_file, &node, descriptor);
            // As it is in the file.
            let found = compiler.problems.split_off(before).into_iter();
            let found = found.map(|problem| problem.map_message(|message| message.replace("$${", "${")));
            compiler.problems.extend(found);
        }
        Err(problems) => {
            let moved = |problem: Problem| {
                let at = problem.offset().unwrap_or(place.start);
                let moved = Problem::at(&file.source, at..at, problem.to_string());
                match problem.hint() {
                    Some(hint) => moved.with_hint(hint),
                    None => moved,
                }
            };
            compiler.problems.extend(problems.into_iter().map(moved));
        }
    }
    if compiler.problems.len() == before {
        let json = error
            .source()
            .and_then(|source| source.downcast_ref::<serde_json::Error>());
        let (at, message) = json.map_or_else(
            || (place.start, error.to_string()),
            |json| {
                (
                    place_of(text, place.start, json.line(), json.column()),
                    without_place(json),
                )
            },
        );
        let message = format!("this is no {}: {message}", descriptor.full_name());
        compiler.problems.push(Problem::at(&file.source, at..at, message));
    }
}

/// Makes every text one without expressions.
fn escape(node: &mut Node) {
    match &mut node.value {
        Yaml::Text(text) => *text = text.replace("${", "$${"),
        Yaml::List(items) => items.iter_mut().for_each(escape),
        Yaml::Map(entries) => entries.iter_mut().for_each(|(_, value)| escape(value)),
        _ => {}
    }
}
