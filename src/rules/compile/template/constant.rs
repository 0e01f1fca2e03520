//! Constant scalars: from YAML to a typed value, with ProtoJSON's rules and exact ranges.

use bytes::Bytes;
use prost_reflect::{EnumDescriptor, Kind, Value};

use crate::cel::whole;
use crate::rules::plan::decode_base64;
use crate::schema::{is_closed, is_null_value, kind_name};
use crate::suggest;
use crate::yaml::{Node, Yaml};

/// What is wrong with a constant, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rules::compile) struct Mismatch {
    pub(in crate::rules::compile) message: String,
    pub(in crate::rules::compile) hint: Option<String>,
}

impl Mismatch {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// The value that a node stands for in a field of that scalar kind. `text` is the node's string without escapes, if the
/// node is a string.
pub(in crate::rules::compile) fn constant(
    kind: &Kind,
    node: &Node,
    text: Option<&str>,
) -> Result<Value, Mismatch> {
    match kind {
        Kind::Double => float(node, text, "double").map(Value::F64),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding is what a float field does"
        )]
        Kind::Float => {
            let value = float(node, text, "float")?;
            let rounded = value as f32;
            if rounded.is_infinite() && value.is_finite() {
                return Err(Mismatch::new(format!("{value:?} does not fit float")));
            }
            Ok(Value::F32(rounded))
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(node, text, kind).map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(node, text, kind).map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(node, text, kind).map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(node, text, kind).map(Value::U64),
        Kind::Bool => match &node.value {
            Yaml::Bool(truth) => Ok(Value::Bool(*truth)),
            _ => Err(mismatch("bool", node).hint(truth_hint(node))),
        },
        Kind::String => match text {
            Some(text) => Ok(Value::String(text.to_owned())),
            None => Err(mismatch("string", node).hint(quote(node))),
        },
        Kind::Bytes => match text {
            Some(text) => decode_base64(text)
                .map(|bytes| Value::Bytes(Bytes::from(bytes)))
                .ok_or_else(|| {
                    let hint = format!("the bytes of a text are `${{bytes('{text}')}}`");
                    let hint = Some(hint).filter(|_| !text.contains(['\'', '\\', '\n']) && text.len() < 40);
                    let hint = hint.or_else(|| Some("the bytes of a text are `${bytes('…')}`".to_owned()));
                    Mismatch::new(format!("expected bytes in base64, found {text:?}")).hint(hint)
                }),
            None => Err(mismatch("bytes in base64", node).hint(quote(node))),
        },
        Kind::Enum(descriptor) => enumeration(descriptor, node, text).map(Value::EnumNumber),
        Kind::Message(message) => Err(mismatch(message.full_name(), node)),
    }
}

fn mismatch(expected: &str, node: &Node) -> Mismatch {
    let found = match &node.value {
        Yaml::Text(text) => format!("the string {text:?}"),
        Yaml::Int(number) => format!("the number {number}"),
        Yaml::Float(number) => format!("the number {number}"),
        Yaml::Bool(truth) => truth.to_string(),
        _ => node.kind().to_owned(),
    };
    Mismatch::new(format!("expected {expected}, found {found}"))
}

fn quote(node: &Node) -> Option<String> {
    match node.value {
        Yaml::Int(_) | Yaml::Float(_) | Yaml::Bool(_) => Some("put it in quotes".to_owned()),
        Yaml::Map(_) => Some("JSON as text stands in quotes: `'{\"a\": 1}'`".to_owned()),
        Yaml::List(_) => Some("the field takes one value: leave out the brackets".to_owned()),
        _ => None,
    }
}

/// The truth that a word or a number stands for.
pub(in crate::rules::compile) fn truth_hint(node: &Node) -> Option<String> {
    let truth = match node.key_text()?.to_lowercase().as_str() {
        "yes" | "y" | "on" | "1" | "true" | "t" => true,
        "no" | "n" | "off" | "0" | "false" | "f" => false,
        _ => return None,
    };
    Some(format!("write `{truth}`"))
}

/// The number that a text begins with, such as that of `5 CHF`.
fn number_in(text: &str) -> Option<String> {
    let digits = text
        .trim_start()
        .split(|letter: char| !letter.is_ascii_digit() && !"-_,.'".contains(letter));
    let number = digits.map(|digits| digits.replace(['_', ',', '\''], "")).next()?;
    number
        .parse::<f64>()
        .is_ok()
        .then(|| format!("write the number alone: `{number}`"))
}

fn integer<T: TryFrom<i128>>(node: &Node, text: Option<&str>, kind: &Kind) -> Result<T, Mismatch> {
    let name = kind_name(kind);
    let number = match (&node.value, text) {
        (Yaml::Int(number), _) => *number,
        (Yaml::Float(number), _) => whole(*number).ok_or_else(|| {
            let hint = format!("{name} takes whole numbers, such as {}", number.round());
            Mismatch::new(format!("{number:?} does not fit {name}")).hint(Some(hint))
        })?,
        (_, Some(text)) => match text.parse::<i128>() {
            Ok(number) => number,
            Err(_) => numeric(text)
                .and_then(whole)
                .ok_or_else(|| mismatch(name, node).hint(number_in(text)))?,
        },
        _ => return Err(mismatch(name, node).hint(of_parts(node))),
    };
    T::try_from(number).map_err(|_| Mismatch::new(format!("{number} does not fit {name}")))
}

/// What to do about a list or a mapping in place of one value.
fn of_parts(node: &Node) -> Option<String> {
    match node.value {
        Yaml::List(_) => Some("the field takes one value: leave out the brackets".to_owned()),
        Yaml::Map(_) => Some("the field takes one value, and no mapping".to_owned()),
        _ => None,
    }
}

/// A JSON number in a string; Rust's `inf` and `nan` are not JSON.
fn numeric(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if plain { text.parse().ok() } else { None }
}

fn float(node: &Node, text: Option<&str>, name: &str) -> Result<f64, Mismatch> {
    match (&node.value, text) {
        #[expect(clippy::cast_precision_loss, reason = "as JSON's numbers do")]
        (Yaml::Int(number), _) => Ok(*number as f64),
        (Yaml::Float(number), _) => Ok(*number),
        (_, Some("NaN")) => Ok(f64::NAN),
        (_, Some("Infinity")) => Ok(f64::INFINITY),
        (_, Some("-Infinity")) => Ok(f64::NEG_INFINITY),
        (_, Some(text)) => match numeric(text) {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) => Err(Mismatch::new(format!("{text} does not fit {name}"))),
            None => Err(mismatch(name, node).hint(number_in(text))),
        },
        _ => Err(mismatch(name, node).hint(of_parts(node))),
    }
}

fn enumeration(descriptor: &EnumDescriptor, node: &Node, text: Option<&str>) -> Result<i32, Mismatch> {
    if let Some(name) = text {
        return if let Some(value) = descriptor.get_value_by_name(name) {
            Ok(value.number())
        } else {
            let known: Vec<_> = descriptor.values().collect();
            // `Size.LARGE`, as code writes it.
            let last = name.rsplit(['.', ':']).next().unwrap_or_default();
            Err(Mismatch::new(format!(
                "the enum {} has no value `{name}`",
                descriptor.full_name()
            ))
            .hint(suggest::hint(
                last,
                known.iter().map(prost_reflect::EnumValueDescriptor::name),
            )))
        };
    }
    if node.value == Yaml::Null && is_null_value(descriptor) {
        return Ok(0);
    }
    let number: i32 = integer(node, None, &Kind::Int32).map_err(|mismatch: Mismatch| {
        let names: Vec<String> = descriptor
            .values()
            .take(6)
            .map(|value| format!("`{}`", value.name()))
            .collect();
        let hint = format!("write the name of a value, such as {}", names.join(" or "));
        Mismatch::new(mismatch.message.replace("int32", descriptor.full_name())).hint(Some(hint))
    })?;
    // Enums of proto2 are closed: a number without a name is not a value.
    if descriptor.get_value(number).is_none() && is_closed(descriptor) {
        return Err(Mismatch::new(format!(
            "the enum {} has no value {number}",
            descriptor.full_name()
        )));
    }
    Ok(number)
}
