//! What to write in place of a node that is no message, and of a text that is no value of a field.

use prost_reflect::{Kind, MessageDescriptor};

use crate::yaml::{Node, Yaml};

/// The function that makes a value of that kind of a text; empty if the text itself is one.
pub(super) fn converted_by(kind: &Kind) -> &'static str {
    match kind {
        Kind::String | Kind::Enum(_) | Kind::Message(_) => "",
        Kind::Bool => "bool",
        Kind::Bytes => "bytes",
        Kind::Double | Kind::Float => "double",
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => "uint",
        _ => "int",
    }
}

/// How a message is written, in place of a node that is none.
pub(super) fn message_hint(node: &Node, descriptor: &MessageDescriptor) -> Option<String> {
    let first = descriptor.fields().next()?;
    Some(match &node.value {
        Yaml::List(_) => "a message is a mapping: leave out the `- `, or the square brackets".to_owned(),
        Yaml::Text(text) if text.trim_start().starts_with('{') => {
            "leave out the quotes around the braces: JSON is YAML, too".to_owned()
        }
        Yaml::Text(text) if is_file_name(text) => {
            format!(
                "the messages of a file are `reply_file: {0}`, or `send_file: {0}` for a step",
                text.trim_start_matches('@')
            )
        }
        _ => format!("write its fields, as in `{{{}: …}}`", first.name()),
    })
}

/// Whether a text names a file of messages.
fn is_file_name(text: &str) -> bool {
    [".json", ".ndjson", ".jsonl"]
        .iter()
        .any(|ending| text.ends_with(ending))
        && !text.contains(' ')
}
