//! Scalars by YAML's core schema: what is a number, a boolean or null, and what is text.

use saphyr_parser::{ScalarStyle, Tag};

use super::node::{Node, Yaml};

/// A scalar by the core schema (YAML 1.2.2, section 10.3.2), or by its tag.
pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Yaml, String> {
    let plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else {
        return Ok(if plain {
            resolve_plain(text)
        } else {
            Yaml::Text(text.to_owned())
        });
    };
    let wanted = match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("", "!") | ("!", "") => "str",
        (_, suffix) if tag.is_yaml_core_schema() => suffix,
        _ => "",
    };
    match (wanted, resolve_plain(text)) {
        ("str", _) => Ok(Yaml::Text(text.to_owned())),
        ("int", value @ Yaml::Int(_))
        | ("float", value @ Yaml::Float(_))
        | ("bool", value @ Yaml::Bool(_))
        | ("null", value @ Yaml::Null) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "`!!float 1` asks for a float")]
        ("float", Yaml::Int(value)) => Ok(Yaml::Float(value as f64)),
        ("int" | "float" | "bool" | "null", _) => Err(format!("`{text}` does not fit its tag `!!{wanted}`")),
        _ => Err(format!("unknown tag `{tag}`")),
    }
}

/// The text of a scalar as a file writes it, where text is due: `01`, `1.0` and `0x10` are no other texts because YAML reads
/// them as numbers.
pub(crate) fn written(node: &Node, file: &str) -> Option<String> {
    if let Yaml::Text(text) = &node.value {
        return Some(text.clone());
    }
    // A tag or an anchor may stand before it.
    let place = file.get(node.span.clone()).unwrap_or_default();
    let last = place.split_whitespace().next_back().unwrap_or_default();
    let is_same = node.key_text().is_some() && resolve_plain(last) == node.value;
    if is_same {
        Some(last.to_owned())
    } else {
        node.key_text()
    }
}

/// A scalar without quotes and without a tag.
pub(super) fn resolve_plain(text: &str) -> Yaml {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Yaml::Null,
        "true" | "True" | "TRUE" => Yaml::Bool(true),
        "false" | "False" | "FALSE" => Yaml::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Yaml::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Yaml::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Yaml::Float(f64::NEG_INFINITY),
        _ => integer(text)
            .or_else(|| float(text))
            .unwrap_or_else(|| Yaml::Text(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<Yaml> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(hex), _) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok()?,
        (_, Some(octal)) if octal.bytes().all(|b| b.is_ascii_digit()) => {
            i128::from_str_radix(octal, 8).ok()?
        }
        _ if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    Some(Yaml::Int(value))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`: Rust's own syntax without `inf` and `nan`.
fn float(text: &str) -> Option<Yaml> {
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !numeric || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    // A number that is too large for a float does not become infinity: it stays text, which no number field accepts.
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Yaml::Float(number))
}
