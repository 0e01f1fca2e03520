//! Headers and trailers: names checked at load, values templates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap,
};

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::source::Source;
use super::template::decode_base64;
use crate::cel::{Env, Value};

/// Metadata to send.
#[derive(Debug)]
pub(crate) struct Metadata {
    entries: Box<[Entry]>,
}

#[derive(Debug)]
enum Entry {
    Ascii(AsciiMetadataKey, Box<[Slot<AsciiMetadataValue>]>),
    Binary(BinaryMetadataKey, Box<[Slot<BinaryMetadataValue>]>),
}

/// A value that is ready, or one that the call gives.
#[derive(Debug)]
enum Slot<V> {
    Ready(V),
    Dynamic(Source),
}

/// Names that are the protocol's own.
const RESERVED: [&str; 8] = [
    "content-type",
    "content-length",
    "te",
    "connection",
    "host",
    "transfer-encoding",
    "upgrade",
    "trailer",
];

impl Metadata {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, node: &Node) -> Option<Self> {
        let Yaml::Map(pairs) = &node.value else {
            compiler.problem(
                node,
                format!("expected a mapping of names to values, found {}", node.kind()),
            );
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
            if name.starts_with("grpc-") || name.starts_with(':') || RESERVED.contains(&name.as_str()) {
                compiler.problem(key, format!("`{name}` is the protocol's own"));
            } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                let hint = format!("write `{}`", name.to_ascii_lowercase());
                compiler.problem_hint(
                    key,
                    format!("`{name}`: names of metadata are lower case"),
                    Some(hint),
                );
            } else if let Ok(key) = name.parse::<BinaryMetadataKey>() {
                let values = values
                    .iter()
                    .filter_map(|value| slot(compiler, value, binary))
                    .collect();
                entries.push(Entry::Binary(key, values));
            } else if let Ok(key) = name.parse::<AsciiMetadataKey>() {
                let values = values
                    .iter()
                    .filter_map(|value| slot(compiler, value, ascii))
                    .collect();
                entries.push(Entry::Ascii(key, values));
            } else {
                compiler.problem(key, format!("`{name}` cannot be a name of metadata"));
            }
        }
        (compiler.problems.len() == before).then_some(Self {
            entries: entries.into(),
        })
    }

    /// Puts the values into `map`, in place of earlier ones of the same names; an `Err` names the entry at fault.
    pub(crate) fn write(&self, env: &Env<'_>, map: &mut MetadataMap) -> Result<(), String> {
        for entry in &self.entries {
            match entry {
                Entry::Ascii(key, values) => {
                    map.remove(key);
                    for value in values {
                        let value = value
                            .get(env, ascii)
                            .map_err(|message| format!("`{key}`: {message}"))?;
                        map.append(key, value);
                    }
                }
                Entry::Binary(key, values) => {
                    map.remove_bin(key);
                    for value in values {
                        let value = value
                            .get(env, binary)
                            .map_err(|message| format!("`{key}`: {message}"))?;
                        map.append_bin(key, value);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<V: Clone> Slot<V> {
    fn get(&self, env: &Env<'_>, read: fn(&Value<'_>) -> Result<V, String>) -> Result<V, String> {
        match self {
            Self::Ready(value) => Ok(value.clone()),
            Self::Dynamic(source) => read(&source.value(env).map_err(|error| error.to_string())?),
        }
    }
}

fn slot<V>(
    compiler: &mut Compiler<'_>,
    node: &Node,
    read: fn(&Value<'_>) -> Result<V, String>,
) -> Option<Slot<V>> {
    let (source, _) = Source::compile(compiler, node)?;
    let Source::Constant(value) = &source else {
        return Some(Slot::Dynamic(source));
    };
    read(value)
        .map(Slot::Ready)
        .map_err(|message| compiler.problem(node, message))
        .ok()
}

fn ascii(value: &Value<'_>) -> Result<AsciiMetadataValue, String> {
    let mut text = String::new();
    match value {
        Value::List(_) | Value::Map(_) | Value::Message(_) => return Err("a header is one text".to_owned()),
        scalar => scalar.write_text(&mut text),
    }
    // gRPC's own range, which is narrower than HTTP's.
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let value = AsciiMetadataValue::try_from(text.as_str())
        .ok()
        .filter(|_| printable);
    value.ok_or_else(|| {
        format!("{text:?} has characters that a header cannot carry: a name with `-bin` takes bytes")
    })
}

fn binary(value: &Value<'_>) -> Result<BinaryMetadataValue, String> {
    match value {
        Value::Bytes(bytes) => Ok(BinaryMetadataValue::from_bytes(bytes)),
        Value::String(text) => match decode_base64(text) {
            Some(bytes) => Ok(BinaryMetadataValue::from_bytes(&bytes)),
            None => Err(format!(
                "expected base64, found {text:?} (its own bytes would be {})",
                STANDARD.encode(text.as_bytes())
            )),
        },
        _ => Err("a `-bin` header is base64 or bytes".to_owned()),
    }
}
