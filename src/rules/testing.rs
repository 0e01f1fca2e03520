//! What the unit tests of the rules share.

use std::borrow::Cow;

use http::HeaderMap;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::compile::{MessageFiles, RuleCompiler, compile_template};
use super::run::LoopCache;
use crate::cel::{CallFacts, Env, Store, Value};
use crate::error::{Problem, SourceText};
use crate::message::{Bounds, Message, Picker, check_and_pick};
use crate::schema::Schema;
use crate::yaml::{Node, parse};

/// The schema of `tests/fixtures/rules/kinds.proto`.
pub(super) fn kinds() -> Schema {
    schema(
        "kinds.proto",
        include_str!("../../tests/fixtures/rules/kinds.proto"),
    )
}

/// The schema of `tests/fixtures/rules/old.proto`.
pub(super) fn old() -> Schema {
    schema("old.proto", include_str!("../../tests/fixtures/rules/old.proto"))
}

pub(super) fn schema(name: &str, text: &str) -> Schema {
    Schema::from_source(name, text).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The message type of that name.
pub(super) fn message_type(schema: &Schema, name: &str) -> MessageDescriptor {
    schema.pool().get_message_by_name(name).unwrap()
}

/// Runs `compile` with a compiler for requests of type `input`, on a YAML text.
pub(super) fn compiled<T>(
    schema: &Schema,
    input: &str,
    picker: &mut Picker,
    yaml: &str,
    compile: impl FnOnce(&mut RuleCompiler<'_>, &Node) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let source = SourceText::new("test.yaml", yaml);
    let node = parse(&source)?;
    let input = message_type(schema, input);
    let layout = schema.layouts().find(input.full_name()).unwrap();
    let mut problems = Vec::new();
    let mut files = MessageFiles::default();
    let input = (input, layout);
    let mut compiler = RuleCompiler::new(schema, &source, input, picker, &mut problems, &mut files);
    let compiled = compile(&mut compiler, &node);
    match compiled {
        Some(compiled) if problems.is_empty() => Ok(compiled),
        _ => Err(problems),
    }
}

/// Calls `read` with the environment of one request.
pub(super) fn with_request<T>(
    schema: &Schema,
    picker: &Picker,
    request: &Message,
    read: impl FnOnce(&Env<'_>) -> T,
) -> T {
    let bytes = request.to_bytes();
    let mut picked = picker.picked();
    check_and_pick(schema.layouts(), picker, &bytes, Bounds::default(), &mut picked).unwrap();
    let state = [Value::Int(3), Value::String(Cow::Borrowed("known"))];
    read(&Env {
        layouts: schema.layouts(),
        request: Some((&bytes, &picked)),
        requests: &[],
        received: 1,
        metadata: &HeaderMap::new(),
        state: &state,
        store: &Store::default(),
        collections: &[],
        locals: &[],
        round: None,
        call: &CallFacts::default(),
    })
}

/// What a template of type `name` writes for a request of the same type, which is given in JSON.
pub(super) fn written(
    schema: &Schema,
    name: &str,
    yaml: &str,
    request: &str,
) -> Result<DynamicMessage, String> {
    let descriptor = message_type(schema, name);
    let request = match request {
        "" => Message::from_dynamic(DynamicMessage::new(descriptor)),
        json => Message::from_json(descriptor, json).unwrap(),
    };
    written_for(schema, name, yaml, &request)
}

/// The same for a request of any bytes.
pub(super) fn written_for(
    schema: &Schema,
    name: &str,
    yaml: &str,
    request: &Message,
) -> Result<DynamicMessage, String> {
    let descriptor = message_type(schema, name);
    let layout = schema.layouts().find(name).unwrap();
    let mut picker = Picker::new(schema.layouts(), layout);
    let template = compiled(schema, name, &mut picker, yaml, |compiler, node| {
        compile_template(compiler, node, &descriptor)
    })
    .map_err(|problems| rendered(&problems))?;
    let mut buffer = Vec::new();
    with_request(schema, &picker, request, |env| {
        template.write(env, &LoopCache::default(), &mut buffer)
    })
    .map_err(|error| error.to_string())?;
    let message = DynamicMessage::decode(descriptor, &buffer[..]).unwrap();
    // prost writes fields in the order of their numbers, with minimal lengths and without defaults, and so must
    // templates. Maps have no order, and prost leaves out zero values of map entries, and -0.0.
    if ![
        "counts",
        "by_number",
        "by_bool",
        "struct",
        "{a: 1}",
        "key: ",
        "-0.0",
    ]
    .iter()
    .any(|map| yaml.contains(map))
    {
        assert_eq!(prost::Message::encode_to_vec(&message), buffer, "{yaml}");
    }
    Ok(message)
}

/// A template of type `name` does not compile, and its problems contain `expected`.
#[track_caller]
pub(super) fn refused(schema: &Schema, name: &str, yaml: &str, expected: &str) {
    let problems = written(schema, name, yaml, "").expect_err(yaml);
    assert!(
        problems.contains(expected),
        "{yaml}\n{problems}\nhas no {expected}"
    );
}

/// Problems, one per line: place, message, hint.
pub(super) fn rendered(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem:?}"))
        .collect::<Vec<_>>()
        .join("\n")
}
