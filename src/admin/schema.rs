//! `ListMethods` and `Describe`: what the server serves, to read and to call.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};
use tonic::Status;

use super::paging::Page;
use super::steered::{Answer, Steered};
use crate::handler::State;
use crate::message::{JsonPrinter, Typed};
use crate::sample::Sampler;
use crate::schema::Schema;

/// How many bytes of text a description has, and how many a sample has at most.
const MAX_TEXT: usize = 1 << 20;

pub(super) async fn list_methods(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let page = Page::asked_by(&request)?;
    let schema = steered.server.schema();
    let methods = (0..).zip(schema.methods());
    Ok(Typed(page.of("methods", methods, |method| {
        json!({
            "name": method.name(),
            "input": method.input_name(),
            "output": method.output_name(),
            "client_streaming": method.is_client_streaming(),
            "server_streaming": method.is_server_streaming(),
        })
    })))
}

pub(super) async fn describe(State(steered): State<Arc<Steered>>, Typed(request): Typed<Value>) -> Answer {
    let schema = steered.server.schema();
    let name = request["name"].as_str().unwrap_or_default().to_owned();
    // The descriptors of a large schema take a while.
    let described = tokio::task::spawn_blocking(move || described(&schema, &name)).await;
    described
        .map_err(|_| Status::unavailable("the server ends"))?
        .map(Typed)
}

fn described(schema: &Schema, name: &str) -> Result<Value, Status> {
    if name.is_empty() {
        return Err(Status::invalid_argument(
            "it needs the full name of a symbol, or the name of a file",
        ));
    }
    let Some(text) = schema.proto_text(name) else {
        let near = schema.suggest(name);
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return Err(Status::not_found(format!(
            "the schema has no symbol {name}{hint}"
        )));
    };
    let text = first_lines(text);
    let pool = schema.pool();
    let message = message_of(schema, name);
    let sample = message.map(|message| {
        let sample = Sampler::default().sample_message(&message, name, None, 0);
        let json = JsonPrinter::new().pretty(true).print(&sample.into());
        // Every sample can be printed.
        json.unwrap_or_default()
    });
    let sample = sample.filter(|sample| sample.len() <= MAX_TEXT);
    let file = pool.get_file_by_name(name);
    let scope = file.as_ref().map_or(name, |file| file.package_name());
    Ok(json!({
        "text": text,
        "references": references(pool, scope, &text),
        "sample": sample.unwrap_or_default(),
    }))
}

/// The lines of a text that an answer has room for, and a comment that says how many there are besides.
fn first_lines(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = text[..text.floor_char_boundary(MAX_TEXT)]
            .rfind('\n')
            .map_or(0, |end| end + 1);
        let more = text[end..].lines().count();
        text.truncate(end);
        let _ = writeln!(text, "// … and {more} more lines");
    }
    text
}

/// The message of a name, or the request of a method.
fn message_of(schema: &Schema, name: &str) -> Option<MessageDescriptor> {
    if let Some(message) = schema.pool().get_message_by_name(name) {
        return Some(message);
    }
    let (service, method) = name.rsplit_once(['/', '.'])?;
    let method = schema.method(&format!("{service}/{method}"))?;
    Some(method.input().clone())
}

/// The names of types that stand in a text, each with the full name of its type.
fn references(pool: &DescriptorPool, scope: &str, text: &str) -> Vec<Value> {
    let is_of_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.');
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let words = code.flat_map(|line| line.split(|char| !is_of_name(char)));
    let words = words.filter(|word| word.starts_with(|char: char| char == '.' || char.is_ascii_alphabetic()));
    let mut found = BTreeMap::new();
    for word in words {
        if !found.contains_key(word)
            && let Some(name) = resolve(pool, scope, word)
        {
            found.insert(word, name);
        }
    }
    let references = found.into_iter();
    references
        .map(|(text, name)| json!({ "text": text, "name": name }))
        .collect()
}

/// The type that a name means in a scope: that of the innermost scope that has one.
fn resolve(pool: &DescriptorPool, scope: &str, word: &str) -> Option<String> {
    let is_type = |name: &str| {
        pool.get_message_by_name(name).is_some()
            || pool.get_enum_by_name(name).is_some()
            || pool.get_service_by_name(name).is_some()
    };
    if let Some(full) = word.strip_prefix('.') {
        return is_type(full).then(|| full.to_owned());
    }
    let mut scope = Some(scope);
    while let Some(around) = scope {
        let name = match around {
            "" => word.to_owned(),
            around => format!("{around}.{word}"),
        };
        if is_type(&name) {
            return Some(name);
        }
        scope = match around {
            "" => None,
            around => Some(around.rsplit_once(['.', '/']).map_or("", |(outer, _)| outer)),
        };
    }
    None
}
