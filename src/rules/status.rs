//! Statuses as rules write them: `{code, message, details}`.
//!
//! Details are messages by `@type`, or the short forms of google.rpc, whose types are built in.

use std::sync::LazyLock;

use bytes::Bytes;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use tonic::{Code, Status};

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::source::Source;
use super::template::{Memos, Template};
use super::text::Text;
use crate::cel::{Env, Type, Value};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::suggest;

/// A status to end a call with.
#[derive(Debug)]
pub(crate) struct StatusTemplate {
    code: CodeSource,
    message: Option<Text>,
    /// Each a `google.protobuf.Any`.
    details: Box<[Template]>,
}

#[derive(Debug)]
enum CodeSource {
    Constant(Code),
    Dynamic(Source),
}

/// The codes, by number.
pub(crate) const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Short forms of details, and the messages of google.rpc that they stand for.
pub(crate) const SHORT_FORMS: [(&str, &str); 10] = [
    ("error_info", "ErrorInfo"),
    ("bad_request", "BadRequest"),
    ("retry_info", "RetryInfo"),
    ("quota_failure", "QuotaFailure"),
    ("precondition_failure", "PreconditionFailure"),
    ("resource_info", "ResourceInfo"),
    ("request_info", "RequestInfo"),
    ("help", "Help"),
    ("localized_message", "LocalizedMessage"),
    ("debug_info", "DebugInfo"),
];

/// The messages of google.rpc that details are made of.
pub(crate) fn google_rpc() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let mut pool = DescriptorPool::global();
        pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .expect("tonic-types' own descriptors are whole");
        pool
    });
    &POOL
}

fn any() -> MessageDescriptor {
    google_rpc()
        .get_message_by_name("google.protobuf.Any")
        .expect("the pool has the well-known types")
}

impl StatusTemplate {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, node: &Node) -> Option<Self> {
        let before = compiler.problems.len();
        let entries = compiler.entries(node, "a status", &["code", "message", "details"])?;
        let (mut code, mut message, mut details) = (None, None, Vec::new());
        for entry in entries {
            match (entry.name.as_str(), &entry.value.value) {
                ("code", _) => code = compile_code(compiler, entry.value),
                ("message", Yaml::Text(text)) => message = Text::compile(compiler, entry.value, text),
                ("message", _) => {
                    let found = entry.value.kind();
                    compiler.problem(entry.value, format!("expected a text, found {found}"));
                }
                (_, Yaml::List(items)) => {
                    details = items
                        .iter()
                        .filter_map(|item| compile_detail(compiler, item))
                        .collect();
                }
                _ => compiler.problem(
                    entry.value,
                    format!("expected a list of details, found {}", entry.value.kind()),
                ),
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
        Some(Self {
            code,
            message,
            details: details.into(),
        })
    }

    /// Whether its code is OK on every call.
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.code, CodeSource::Constant(Code::Ok))
    }

    /// The status for this call; an `Err` says what did not fit.
    pub(crate) fn status(&self, env: &Env<'_>) -> Result<Status, String> {
        let code = match &self.code {
            CodeSource::Constant(code) => *code,
            CodeSource::Dynamic(source) => {
                let value = source.value(env).map_err(|error| format!("`code`: {error}"))?;
                code_of(&value).ok_or_else(|| format!("`code`: {} is no status code", value.to_text()))?
            }
        };
        let mut message = String::new();
        if let Some(text) = &self.message {
            text.write(env, &mut message)
                .map_err(|error| format!("`message`: {error}"))?;
        }
        if self.details.is_empty() {
            return Ok(Status::new(code, message));
        }
        let details = self.details(code, &message, env)?;
        Ok(Status::with_details(code, message, details))
    }

    /// A `google.rpc.Status`, which the details travel in.
    fn details(&self, code: Code, message: &str, env: &Env<'_>) -> Result<Bytes, String> {
        let mut buffer = Vec::new();
        if code != Code::Ok {
            put_varint(&mut buffer, key(1, WireType::Varint).into());
            put_varint(&mut buffer, code as u64);
        }
        if !message.is_empty() {
            put_keyed(&mut buffer, 2, message.as_bytes());
        }
        let mut detail = Vec::new();
        for template in &self.details {
            detail.clear();
            template
                .write(env, &Memos::default(), &mut detail)
                .map_err(|misfit| format!("`details`: {misfit}"))?;
            put_keyed(&mut buffer, 3, &detail);
        }
        Ok(buffer.into())
    }
}

fn put_keyed(buffer: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(buffer, key(number, WireType::LengthDelimited).into());
    put_delimited(buffer, bytes);
}

fn compile_code(compiler: &mut Compiler<'_>, node: &Node) -> Option<CodeSource> {
    let (source, found) = Source::compile(compiler, node)?;
    let Source::Constant(value) = &source else {
        if matches!(
            found,
            Type::Int | Type::Uint | Type::String | Type::Enum(_) | Type::Dyn
        ) {
            return Some(CodeSource::Dynamic(source));
        }
        compiler.problem(node, format!("expected a status code, found {found}"));
        return None;
    };
    if let Some(code) = code_of(value) {
        return Some(CodeSource::Constant(code));
    }
    let text = value.to_text();
    let hint = suggest::did_you_mean(&text, CODES);
    compiler.problem_hint(node, format!("`{text}` is no status code"), hint);
    None
}

/// A code by its name or number.
fn code_of(value: &Value<'_>) -> Option<Code> {
    let number = match value {
        Value::Int(number) => usize::try_from(*number).ok()?,
        Value::Uint(number) => usize::try_from(*number).ok()?,
        Value::Enum(_, number) => usize::try_from(*number).ok()?,
        Value::String(name) => CODES.iter().position(|code| code == name)?,
        _ => return None,
    };
    (number < CODES.len()).then(|| Code::from(number as i32))
}

/// A detail is a message with `@type`, or one short form.
fn compile_detail(compiler: &mut Compiler<'_>, node: &Node) -> Option<Template> {
    let Yaml::Map(entries) = &node.value else {
        compiler.problem(node, format!("expected a detail, found {}", node.kind()));
        return None;
    };
    if entries.iter().any(|(key, _)| key.text() == Some("@type")) {
        return Template::compile(compiler, node, &any());
    }
    let [(form, fields)] = entries.as_slice() else {
        compiler.problem(
            node,
            "a detail is a message with `@type`, or one short form such as `error_info`",
        );
        return None;
    };
    let name = form.key_text().unwrap_or_default();
    let Some((_, message)) = SHORT_FORMS.iter().find(|(short, _)| *short == name) else {
        let hint = suggest::hint(&name, SHORT_FORMS.iter().map(|(short, _)| *short));
        compiler.problem_hint(form, format!("there is no short form `{name}`"), hint);
        return None;
    };
    let Yaml::Map(fields) = &fields.value else {
        compiler.problem(
            fields,
            format!("expected a google.rpc.{message}, found {}", fields.kind()),
        );
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
    let detail = Node {
        span: node.span.clone(),
        value: Yaml::Map(entries),
    };
    Template::compile(compiler, &detail, &any())
}
