//! Compiles headers and trailers: names are checked here, values are templates.

use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey};

use super::value::compile_value;
use crate::cel::{Type, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Header, HeaderValue, Metadata, Op, ValueTemplate, ascii_value, binary_value};
use crate::yaml::{Node, Yaml};

/// Names that the protocols use themselves: HTTP/2, and gRPC. Servers set other names with `grpc-` as they like, as
/// those of gRPC's own libraries do: `grpc-trace-bin`, or `grpc-retry-pushback-ms` (gRFC A6).
const RESERVED: [&str; 15] = [
    "content-type",
    "content-length",
    "te",
    "connection",
    "host",
    "transfer-encoding",
    "upgrade",
    "trailer",
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-message-type",
    "grpc-timeout",
];

/// Clients look for it among the trailers only, and only of a call that sends no headers.
const TRAILER: &str = "grpc-retry-pushback-ms";

/// What clients send, and no server answers with.
const OF_CLIENTS: [&str; 4] = ["authorization", "cookie", "user-agent", "x-api-key"];

/// What metadata is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::compile) enum MetadataKind {
    Headers,
    Trailers,
}

impl MetadataKind {
    /// The operation that sets the metadata.
    pub(in crate::rules::compile) fn op(self, metadata: Metadata) -> Op {
        match self {
            Self::Headers => Op::Headers(metadata),
            Self::Trailers => Op::Trailers(metadata),
        }
    }
}

pub(in crate::rules::compile) fn compile_metadata(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    kind: MetadataKind,
) -> Option<Op> {
    let Yaml::Map(pairs) = &node.value else {
        let message = format!("expected a mapping of names to values, found {}", node.kind());
        compiler.problem_hint(node, message, Some("such as `{x-user: ann}`".to_owned()));
        return None;
    };
    let before = compiler.problems.len();
    let mut entries = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let name = key.key_text().unwrap_or_default();
        let values = match &value.value {
            Yaml::List(values) => values.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if kind == MetadataKind::Headers && OF_CLIENTS.contains(&name.as_str()) {
            let hint = format!(
                "write `metadata` in place of `headers` if calls must have it: `metadata: {{{name}: …}}`"
            );
            compiler.warn(
                key,
                format!("`{name}` is what clients send, and this sends it to them"),
                hint,
            );
        }
        if name.starts_with(':') || RESERVED.contains(&name.as_str()) {
            let hint = match name.as_str() {
                "grpc-status" | "grpc-message" | "grpc-status-details-bin" => "write a `status`",
                _ => "leave it out: the server sets it where it belongs",
            };
            let message = format!("`{name}` is reserved by the protocol");
            compiler.problem_hint(key, message, Some(hint.to_owned()));
        } else if name == TRAILER && kind == MetadataKind::Headers {
            let hint = "put it under `trailers`".to_owned();
            compiler.problem_hint(key, format!("`{name}` is a trailer"), Some(hint));
        } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let hint = format!("write `{}`", name.to_ascii_lowercase());
            compiler.problem_hint(
                key,
                format!("`{name}`: names of metadata are lower case"),
                Some(hint),
            );
        } else if !is_metadata_name(&name) {
            no_metadata_name(compiler, key, &name);
        } else if let Ok(key) = name.parse::<BinaryMetadataKey>() {
            let values = values
                .iter()
                .filter_map(|value| header_value(compiler, value, binary_value))
                .collect();
            entries.push(Header::Binary(key, values));
        } else if let Ok(key) = name.parse::<AsciiMetadataKey>() {
            let values = values
                .iter()
                .filter_map(|value| header_value(compiler, value, ascii_value))
                .collect();
            entries.push(Header::Ascii(key, values));
        } else {
            no_metadata_name(compiler, key, &name);
        }
    }
    (compiler.problems.len() == before).then(|| {
        kind.op(Metadata {
            entries: entries.into(),
        })
    })
}

/// Whether clients of gRPC take a name, which HTTP takes more of.
pub(in crate::rules::compile) fn is_metadata_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Adds the problem of a name that is none.
pub(in crate::rules::compile) fn no_metadata_name(compiler: &mut RuleCompiler<'_>, key: &Node, name: &str) {
    let message = format!("`{name}` cannot be a name of metadata");
    let hint = "names are constants of letters, digits, `-`, `_` and `.`".to_owned();
    compiler.add(key.span.clone(), message, Some(hint));
}

fn header_value<V>(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    read: fn(&Value<'_>) -> Result<V, String>,
) -> Option<HeaderValue<V>> {
    if node.value == Yaml::Null {
        let hint = "leave it out; an empty text is `\"\"`".to_owned();
        compiler.problem_hint(node, "a header is a text, and this is null", Some(hint));
        return None;
    }
    // A number is sent as it is written, as `01` is.
    if let (None, Some(written)) = (node.text(), compiler.written(node)) {
        let value = read(&Value::String(written.into()));
        let value = value.map_err(|message| compiler.problem(node, message));
        return value.ok().map(HeaderValue::Constant);
    }
    let (template, found) = compile_value(compiler, node)?;
    let ValueTemplate::Constant(value) = &template else {
        if may_be_text(&found) {
            return Some(HeaderValue::Dynamic(template));
        }
        let hint = "`json(…)` makes a text of it; a list in YAML sends one header for each of its values";
        compiler.problem_hint(
            node,
            format!("a header is a single text, and this is {found}"),
            Some(hint.to_owned()),
        );
        return None;
    };
    read(value)
        .map(HeaderValue::Constant)
        .map_err(|message| {
            let hint = match node.value {
                Yaml::Map(_) => {
                    "text stands in quotes, as in `'{\"a\": 1}'`; a list of texts sends the name several times"
                }
                _ if message.contains("base64") => "write its bytes in base64, or give bytes: `\"${b'…'}\"`",
                _ => "a value has printable characters of ASCII; a name that ends with `-bin` takes base64",
            };
            compiler.problem_hint(node, message, Some(hint.to_owned()));
        })
        .ok()
}

/// Whether values of a type can be sent in a header, or may be.
fn may_be_text(found: &Type) -> bool {
    found.is_dyn() || !matches!(found, Type::List(_) | Type::Map(..) | Type::Message(_))
}
