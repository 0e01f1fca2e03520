//! What protovalidate's conformance runner tests: messages, checked by a [`Validator`].
//!
//! The runner starts it for each suite, writes one `TestConformanceRequest` to stdin, and reads one
//! `TestConformanceResponse` from stdout.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use prost::Message as _;
use prost_types::Any;
use protod::{Error, Message, Schema, Validator};

/// `buf.validate.conformance.harness.TestConformanceRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(message, tag = "2")]
    files: Option<Files>,
    #[prost(map = "string, message", tag = "3")]
    cases: HashMap<String, Any>,
}

/// `google.protobuf.FileDescriptorSet`, with files as bytes, because prost's own types lose their options.
#[derive(Clone, PartialEq, prost::Message)]
struct Files {
    #[prost(bytes, repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// `buf.validate.conformance.harness.TestConformanceResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(map = "string, message", tag = "1")]
    results: HashMap<String, Outcome>,
}

/// `buf.validate.conformance.harness.TestResult`.
#[derive(Clone, PartialEq, prost::Message)]
struct Outcome {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(bool, tag = "1")]
    Success(bool),
    /// A `buf.validate.Violations`.
    #[prost(bytes, tag = "2")]
    Violations(Vec<u8>),
    #[prost(string, tag = "3")]
    CompilationError(String),
    #[prost(string, tag = "4")]
    RuntimeError(String),
    #[prost(string, tag = "5")]
    UnexpectedError(String),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let request = Request::decode(input.as_slice())?;
    let files = request.files.unwrap_or_default();
    let schema = Schema::builder().descriptor_set(files.encode_to_vec()).build();
    let results = request.cases.into_iter().map(|(name, case)| {
        let kind = match &schema {
            Ok(schema) => outcome(schema, &case),
            Err(error) => Kind::UnexpectedError(format!("{error:?}")),
        };
        (name, Outcome { kind: Some(kind) })
    });
    let response = Response {
        results: results.collect(),
    };
    std::io::stdout().write_all(&response.encode_to_vec())?;
    Ok(())
}

fn outcome(schema: &Schema, case: &Any) -> Kind {
    let name = case.type_url.rsplit('/').next().unwrap_or_default();
    let Some(message) = schema.pool().get_message_by_name(name) else {
        return Kind::UnexpectedError(format!("there is no message {name}"));
    };
    let validator = match Validator::new(schema, [message.clone()]) {
        Ok(validator) => validator,
        Err(error) => return Kind::CompilationError(problems(&error)),
    };
    let message = match Message::decode(schema, &message, case.value.clone()) {
        Ok(message) => message,
        Err(error) => return Kind::UnexpectedError(error.to_string()),
    };
    match validator.validate(&message) {
        Ok(()) => Kind::Success(true),
        Err(error) if error.violations().is_empty() => Kind::RuntimeError(error.to_string()),
        Err(error) => Kind::Violations(error.encode_violations()),
    }
}

fn problems(error: &Error) -> String {
    let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    problems.join("; ")
}
