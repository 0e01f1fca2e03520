//! What to do about the name of a field that a message does not have.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::rule_keys::RULE_KEYS;
use crate::schema::field_name;
use crate::suggest;
use crate::yaml::Node;

/// A hint for a name that no field of the message has.
pub(super) fn field_hint(message: &MessageDescriptor, name: &str) -> Option<String> {
    if name == "<<" {
        return Some("leave out the quotes around `<<`: it merges only as it is".to_owned());
    }
    let fields: Vec<FieldDescriptor> = message.fields().collect();
    let known = |name: &str| {
        fields
            .iter()
            .any(|field| field_name(field) == name || field.json_name() == name)
    };
    if let Some(path) = name.strip_prefix("request.").filter(|_| !known("request")) {
        if let Some((first, rest)) = path.split_once('.').filter(|(first, _)| known(first)) {
            return Some(format!("write `{first}: {{{rest}: …}}`"));
        }
        if known(path) {
            return Some(format!("write `{path}`"));
        }
    }
    if let Some((first, rest)) = name.split_once('.').filter(|(first, _)| known(first)) {
        let (inner, closing) = (rest.replace('.', ": {"), "}".repeat(rest.matches('.').count()));
        return Some(format!("write `{first}: {{{inner}: …}}{closing}`"));
    }
    if let Some((first, rest)) = name.split_once(':').filter(|(first, _)| known(first)) {
        return Some(format!("put a blank after the `:`, as in `{first}: {rest}`"));
    }
    if let Some(first) = name
        .split_whitespace()
        .next()
        .filter(|first| *first != name && known(first))
    {
        return Some(format!("put a `:` after `{first}`"));
    }
    suggest::hint(name, fields.iter().map(field_name)).or_else(|| {
        Some(format!(
            "`protod describe {}` shows its fields",
            message.full_name()
        ))
    })
}

/// A hint for a key of a rule that stands among the fields of a message, under the key `within` of the rule.
pub(super) fn rule_key_hint(name: &str, within: &str) -> Option<String> {
    match name {
        "status" | "error" if within == "reply" => {
            Some("`status: {code: NOT_FOUND}` stands in place of `reply`".to_owned())
        }
        // They may be fields that are misspelt.
        "name" | "method" => None,
        _ if RULE_KEYS.contains(&name) && name != within => {
            Some(format!("`{name}` stands beside `{within}`, and not in it"))
        }
        _ => None,
    }
}

/// A hint for a field that was meant to name a file with the message.
pub(super) fn file_hint(name: &str, value: &Node) -> Option<String> {
    let names_file = matches!(
        name.trim_matches(['$', '@', '_']),
        "file" | "path" | "include" | "from" | "body_file"
    );
    let file = value.text().filter(|_| names_file)?;
    let ending = file.rsplit('.').next().unwrap_or_default();
    let is_messages = matches!(ending, "json" | "ndjson" | "jsonl");
    is_messages.then(|| format!("write `reply_file: {file}`, or `send_file: {file}` for a step"))
}
