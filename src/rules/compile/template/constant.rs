//! Constant scalars: from YAML to a typed value, with ProtoJSON's rules and exact ranges.

use bytes::Bytes;
use prost_reflect::{EnumDescriptor, Kind, Value};

use crate::cel::whole;
use crate::rules::plan::{decode_base64, encode_base64};
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
/// node is a string, and `written` a scalar as the file has it.
pub(in crate::rules::compile) fn constant(
    kind: &Kind,
    node: &Node,
    text: Option<&str>,
    written: Option<&str>,
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
                let hint = "float ends at 3.4e38: a field for others has another type, such as double";
                return Err(
                    Mismatch::new(format!("{value:?} does not fit float")).hint(Some(hint.to_owned()))
                );
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
                    if let Some(bytes) = hexadecimal(text) {
                        let hint = in_base64(&bytes);
                        return Mismatch::new(format!("expected bytes in base64, found {text:?}"))
                            .hint(Some(hint));
                    }
                    let hint = format!("the bytes of a text are `${{bytes('{text}')}}`");
                    let hint = Some(hint).filter(|_| !text.contains(['\'', '\\', '\n']) && text.len() < 40);
                    let hint = hint.or_else(|| Some("the bytes of a text are `${bytes('…')}`".to_owned()));
                    Mismatch::new(format!("expected bytes in base64, found {text:?}")).hint(hint)
                }),
            None => Err(mismatch("bytes in base64", node).hint(bytes_hint(node, written))),
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
        Yaml::Map(_) => Some("JSON as text stands in quotes, as in `'{\"a\": 1}'`".to_owned()),
        Yaml::List(_) => Some("the field takes one value: leave out the brackets".to_owned()),
        _ => None,
    }
}

/// What to write for bytes that are written as a number or as a list of numbers. `written` is the file's own text.
fn bytes_hint(node: &Node, written: Option<&str>) -> Option<String> {
    match &node.value {
        Yaml::List(items) => {
            let byte = |item: &Node| match item.value {
                Yaml::Int(number) => u8::try_from(number).ok(),
                _ => None,
            };
            let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
            bytes.map_or_else(|| quote(node), |bytes| Some(in_base64(&bytes)))
        }
        Yaml::Int(_) | Yaml::Float(_) | Yaml::Bool(_) => {
            let written = written?;
            let hexadecimal = hexadecimal(written).map(|bytes| in_base64(&bytes));
            hexadecimal.or_else(|| Some(format!("the bytes of a text are `\"${{bytes('{written}')}}\"`")))
        }
        _ => quote(node),
    }
}

fn in_base64(bytes: &[u8]) -> String {
    format!("these bytes are `\"{}\"`, in base64", encode_base64(bytes))
}

/// The bytes of `0xDEADBEEF`, or of `\\xDE\\xAD`.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => digits.to_owned(),
        None if text.starts_with("\\x") => text.replace("\\x", ""),
        None => return None,
    };
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hexadecimal || digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
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

/// The number that a text begins with, such as that of `5 CHF`. A comma or an apostrophe parts thousands, where three digits
/// follow; else a comma is the decimal point.
fn number_in(text: &str) -> Option<String> {
    let mut parts = text
        .trim_start()
        .split(|letter: char| !letter.is_ascii_digit() && !"-_,.'".contains(letter));
    let digits = parts.next()?.trim_end_matches(['.', ',']).replace('_', "");
    let mut groups = digits.split([',', '\'']);
    let first = groups.next()?;
    let is_group = |group: &str| group.split('.').next().is_some_and(|whole| whole.len() == 3);
    let number = match digits.split_once(',') {
        Some((whole, fraction)) if !groups.all(is_group) || first.is_empty() => {
            format!("{}.{fraction}", whole.replace(['\'', '.'], ""))
        }
        _ => digits.replace([',', '\''], ""),
    };
    number.parse::<f64>().is_ok().then_some(number)
}

/// What to write for a text that begins with a number, where a whole one is due.
fn whole_in(text: &str, name: &str) -> Option<String> {
    let number = number_in(text)?;
    let value: f64 = number.parse().ok()?;
    Some(if value.fract() == 0.0 {
        format!(
            "write the number alone: `{}`",
            number.split('.').next().unwrap_or_default()
        )
    } else {
        format!("{name} takes whole numbers, such as {}", value.round())
    })
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
                .ok_or_else(|| mismatch(name, node).hint(whole_in(text, name)))?,
        },
        _ => return Err(mismatch(name, node).hint(of_parts(node))),
    };
    T::try_from(number).map_err(|_| Mismatch::new(format!("{number} does not fit {name}")).hint(range(kind)))
}

/// The numbers that a kind has.
pub(super) fn range(kind: &Kind) -> Option<String> {
    let (least, most, larger): (i128, i128, _) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into(), "int64"),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into(), "int64"),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into(), "double"),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into(), "double"),
        _ => return None,
    };
    Some(format!(
        "{name} is from {least} to {most}: a field for others has another type, such as {larger}",
        name = kind_name(kind)
    ))
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
            Some(_) => {
                let hint = "without end it is `Infinity`; a number ends at 1.7e308".to_owned();
                Err(Mismatch::new(format!("{text} does not fit {name}")).hint(Some(hint)))
            }
            None => {
                let hint = number_in(text).map(|number| format!("write the number alone: `{number}`"));
                Err(mismatch(name, node).hint(hint))
            }
        },
        _ => Err(mismatch(name, node).hint(of_parts(node))),
    }
}

/// That an enum has no value of that name.
pub(super) fn no_enum_value(descriptor: &EnumDescriptor, name: &str) -> Mismatch {
    let known: Vec<_> = descriptor.values().collect();
    // `Size.LARGE`, as code writes it.
    let last = name.rsplit(['.', ':']).next().unwrap_or_default();
    let names = known.iter().map(prost_reflect::EnumValueDescriptor::name);
    Mismatch::new(format!(
        "the enum {} has no value `{name}`",
        descriptor.full_name()
    ))
    .hint(suggest::hint(last, names))
}

fn enumeration(descriptor: &EnumDescriptor, node: &Node, text: Option<&str>) -> Result<i32, Mismatch> {
    if let Some(name) = text {
        let value = descriptor.get_value_by_name(name);
        return value
            .map(|value| value.number())
            .ok_or_else(|| no_enum_value(descriptor, name));
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
