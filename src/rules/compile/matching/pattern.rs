//! Compiles the pattern of `match`, a partial message in ProtoJSON.

use super::other_patterns::{self, Compared};
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor};

use crate::cel::{FieldInfo, JsonForm, takes_null};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::field_hint::{field_hint, rule_key_hint};
use crate::rules::compile::interpolation::{self, Piece};
use crate::rules::compile::template::constant;
use crate::rules::compile::time_hint::json_text_hint;
use crate::rules::plan::{Pattern, WireScalar};
use crate::yaml::{Node, Yaml, cut_by_comma};

/// Compiles the pattern of a message; problems go to the compiler.
pub(super) fn compile_pattern(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Pattern> {
    match JsonForm::of(descriptor) {
        Some(JsonForm::Any) => return compile_any(compiler, node),
        Some(JsonForm::Struct | JsonForm::Value | JsonForm::ListValue) | None => {}
        Some(_) => return compile_whole(compiler, node, descriptor),
    }
    if JsonForm::of(descriptor).is_some() {
        return compile_json(compiler, node, descriptor);
    }
    let Yaml::Map(entries) = &node.value else {
        let message = format!("expected {}, found {}", descriptor.full_name(), node.kind());
        let hint = match &node.value {
            Yaml::Text(text) if matches!(text.trim(), "*" | "any" | ".*") => {
                "leave `match` out, to match every request; `{}` is any message, in a field"
            }
            Yaml::List(_) => {
                "write a rule for each of them, or one condition: `when: request.x == 1 || request.x == 2`"
            }
            Yaml::Text(_) => "write its fields, as in `{name: tea}`; a condition stands under `when`",
            _ => "write its fields, as in `{name: tea}`",
        };
        let condition = compiler.bare_expression(node);
        let hint = condition.map_or_else(
            || hint.to_owned(),
            |condition| format!("a condition stands under `when`: `when: {condition}`"),
        );
        compiler.constant_problem(node, message, Some(hint));
        return None;
    };
    compile_fields(compiler, entries.iter(), descriptor)
}

fn compile_fields<'n>(
    compiler: &mut RuleCompiler<'_>,
    entries: impl Iterator<Item = &'n (Node, Node)>,
    descriptor: &MessageDescriptor,
) -> Option<Pattern> {
    let mut members: Option<Vec<(FieldInfo, String, Pattern)>> = Some(Vec::new());
    let entries: Vec<&(Node, Node)> = entries.collect();
    for (key, value) in entries.iter().copied() {
        let name = key.key_text().unwrap_or_default();
        let member = if let Some(field) = FieldInfo::find(descriptor, &name) {
            compiler.matched.push(name.clone());
            let expected = compile_field(compiler, value, &field);
            compiler.matched.pop();
            expected.map(|expected| (field, name, expected))
        } else {
            let hint = cut_by_comma(compiler.source.text(), entries.iter().copied(), key)
                .or_else(|| matcher_hint(&name))
                .or_else(|| rule_key_hint(&name, "match"))
                .or_else(|| field_hint(descriptor, &name));
            let message = format!("the message {} has no field `{name}`", descriptor.full_name());
            compiler.constant_problem(key, message, hint);
            None
        };
        members = members.zip(member).map(|(mut members, member)| {
            warn_of_clash(compiler, key, &members, &member);
            members.push(member);
            members
        });
    }
    members.map(Pattern::Message)
}

/// Warns of a field that is matched twice, and of two of one oneof, which no message has.
fn warn_of_clash(
    compiler: &mut RuleCompiler<'_>,
    key: &Node,
    before: &[(FieldInfo, String, Pattern)],
    (field, name, expected): &(FieldInfo, String, Pattern),
) {
    let is_unset = |pattern: &Pattern| matches!(pattern, Pattern::Unset);
    let clash = before.iter().find_map(|(other, other_name, other_expected)| {
        let both = other.number == field.number || !is_unset(expected) && !is_unset(other_expected);
        field.clash(name, other, other_name).filter(|_| both)
    });
    if let Some(clash) = clash {
        let hint = "leave one of them out: all fields of `match` must fit; for either, write a rule for each";
        compiler.warn(key, clash, hint);
    }
}

fn compile_field(compiler: &mut RuleCompiler<'_>, node: &Node, field: &FieldInfo) -> Option<Pattern> {
    if node.value == Yaml::Null && (field.repeated || !takes_null(&field.kind)) {
        return Some(Pattern::Unset);
    }
    if !field.repeated {
        let pattern = compile_value(compiler, node, field)?;
        // Naming a field means that it is set, where protobuf tells an unset field from one with its default. Only the
        // fields of a message read as their defaults if the message is unset, as they do in code.
        let partial = matches!(&node.value, Yaml::Map(fields) if !fields.is_empty());
        return Some(if field.presence && (field.oneof.is_some() || !partial) {
            Pattern::Set(Box::new(pattern))
        } else {
            pattern
        });
    }
    let element = field.element();
    match (field.map_entry(), &node.value) {
        (Some(entry), Yaml::Map(entries)) => {
            let keys = FieldInfo::of_field(&entry.map_entry_key_field());
            let values = FieldInfo::of_field(&entry.map_entry_value_field());
            let mut members = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                // What is no constant is a problem, and what is a template a warning, as in values.
                let Ok(_) = constant_text(compiler, key) else {
                    continue;
                };
                let Some(key) = map_key(compiler, &keys.kind, key) else {
                    let message = format!("expected a key of type {}", keys.type_name());
                    let hint = "a condition on a map's entries stands under `when`".to_owned();
                    compiler.problem_hint(key, message, Some(hint));
                    continue;
                };
                members.push((key, compile_value(compiler, value, &values)?));
            }
            Some(Pattern::Map(members))
        }
        (None, Yaml::List(items)) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| compile_value(compiler, item, &element))
                .collect();
            items.into_iter().collect::<Option<_>>().map(Pattern::List)
        }
        (entry, _) => {
            let expected = if entry.is_some() { "a mapping" } else { "a list" };
            let hint = "`match` lists all elements; for one of them write `when`, as in `\"milk\" in request.extras`";
            let of_map = "`match` lists keys and their values, as in `{tea: 5}`; for one key write `when: \"'tea' in request.prices\"`";
            let hint = Some(if entry.is_none() { hint } else { of_map }.to_owned());
            compiler.problem_hint(node, format!("expected {expected}, found {}", node.kind()), hint);
            None
        }
    }
}

fn compile_value(compiler: &mut RuleCompiler<'_>, node: &Node, field: &FieldInfo) -> Option<Pattern> {
    if let Some(message) = field.message() {
        return compile_pattern(compiler, node, message);
    }
    let text = constant_text(compiler, node).ok()?;
    let path = compiler.matched.join(".");
    let written = compiler.written(node);
    match constant(&field.kind, node, text.as_deref(), written.as_deref()) {
        Ok(value) => WireScalar::of(&value, &field.kind).map(Pattern::Scalar),
        Err(mismatch) => {
            let is_comparison = text
                .as_deref()
                .is_some_and(|text| text.starts_with(['<', '>', '!', '=', '~', '^']));
            let hint = match &node.value {
                _ if is_comparison => Some(as_condition(&path, text.as_deref().unwrap_or_default())),
                Yaml::List(items) => {
                    let is_text = matches!(field.kind, Kind::String | Kind::Enum(_));
                    let quoted = items
                        .iter()
                        .filter_map(Node::key_text)
                        .map(|one| if is_text { format!("'{one}'") } else { one });
                    let quoted = quoted.collect::<Vec<_>>().join(", ");
                    Some(format!(
                        "one of several values is a condition: `when: \"request.{path} in [{quoted}]\"`"
                    ))
                }
                Yaml::Map(_) => Some(format!(
                    "`match` takes the value itself; a condition is `when`, as in `when: request.{path}.matches('…')`"
                )),
                _ => mismatch.hint,
            };
            compiler.problem_hint(node, mismatch.message, hint);
            None
        }
    }
}

/// Compiles the pattern of a Struct, Value or ListValue.
fn compile_json(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Pattern> {
    let (name, number) = match (JsonForm::of(descriptor), &node.value) {
        (Some(JsonForm::Struct), Yaml::Map(_)) => ("fields", 1),
        (Some(JsonForm::ListValue), Yaml::List(_)) => ("values", 1),
        (Some(JsonForm::Value), Yaml::Null) => ("null", 1),
        (Some(JsonForm::Value), Yaml::Int(_) | Yaml::Float(_)) => ("number", 2),
        (Some(JsonForm::Value), Yaml::Text(_)) => ("string", 3),
        (Some(JsonForm::Value), Yaml::Bool(_)) => ("bool", 4),
        (Some(JsonForm::Value), Yaml::Map(_)) => ("struct", 5),
        (Some(JsonForm::Value), Yaml::List(_)) => ("list", 6),
        _ => {
            compiler.problem(
                node,
                format!("expected {}, found {}", descriptor.full_name(), node.kind()),
            );
            return None;
        }
    };
    let field = FieldInfo::numbered(descriptor, number)?;
    let expected = match node.value {
        Yaml::Null => Pattern::Set(Box::new(Pattern::Scalar(WireScalar::Bits(0)))),
        _ => compile_field(compiler, node, &field)?,
    };
    Some(Pattern::Message(vec![(field, name.to_owned(), expected)]))
}

fn compile_whole(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Pattern> {
    let text = constant_text(compiler, node).ok()?;
    let json = match (text, &node.value) {
        (Some(text), _) => serde_json::Value::String(text),
        (None, Yaml::Bool(truth)) => (*truth).into(),
        (None, Yaml::Int(number)) => i64::try_from(*number)
            .map(Into::into)
            .or_else(|_| u64::try_from(*number).map(Into::into))
            .unwrap_or(serde_json::Value::Null),
        (None, Yaml::Float(number)) => (*number).into(),
        _ => serde_json::Value::Null,
    };
    if let Ok(message) = DynamicMessage::deserialize(descriptor.clone(), json) {
        Some(Pattern::Whole(Box::new(message)))
    } else {
        let message = format!("this is not a {}", descriptor.full_name());
        let hint = json_text_hint(node, descriptor);
        compiler.problem_hint(node, message, hint);
        None
    }
}

fn compile_any(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Pattern> {
    let Yaml::Map(entries) = &node.value else {
        compiler.problem(
            node,
            format!("expected a mapping with `@type`, found {}", node.kind()),
        );
        return None;
    };
    let is_type = |entry: &&(Node, Node)| entry.0.text() == Some("@type");
    let Some((_, named)) = entries.iter().find(is_type) else {
        compiler.problem(node, "an Any needs `@type`");
        return None;
    };
    let url = named.key_text().unwrap_or_default();
    let name = url.rsplit_once('/').map_or(url.as_str(), |(_, name)| name);
    let Some(packed) = compiler.message_type(name) else {
        compiler.problem(named, format!("there is no message type `{name}`"));
        return None;
    };
    let rest = entries.iter().filter(|entry| !is_type(entry));
    let expected = match (
        JsonForm::of(&packed),
        entries.iter().find(|(key, _)| key.text() == Some("value")),
    ) {
        (Some(_), Some((_, value))) => compile_pattern(compiler, value, &packed)?,
        _ => compile_fields(compiler, rest, &packed)?,
    };
    Some(Pattern::Packed(
        compiler.schema.clone(),
        packed,
        Box::new(expected),
    ))
}

/// What to do about the name of a matcher of another tool, in place of a field.
fn matcher_hint(name: &str) -> Option<String> {
    let plain = name.to_lowercase().replace(['_', '-', '$'], "");
    let hint = match plain.as_str() {
        "equals" | "equal" | "eq" | "equalto" | "equaltojson" | "is" | "body" | "fields" | "data"
        | "request" => "write the fields themselves: `match: {name: tea}`",
        "contains" | "matches" | "regex" | "pattern" | "glob" | "startswith" | "endswith" | "gt" | "gte"
        | "lt" | "lte" | "in" | "ne" | "exists" | "jsonpath" | "matchesjsonpath" => {
            "`match` has fields and their values; a condition is `when`, as in `when: request.name.contains('tea')`"
        }
        "anyof" | "oneof" | "or" | "allof" | "and" | "not" | "any" => {
            "`match` has fields and their values; join conditions in `when`: `a && b`, `a || b`, `!a`"
        }
        "headers" | "metadata" => "`metadata: {name: value}` stands beside `match`",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The condition for a comparison such as `> 5` in place of a value.
fn as_condition(path: &str, comparison: &str) -> String {
    let operator_end = comparison.find(|letter: char| !"<>!=~^".contains(letter));
    let (operator, value) = comparison.split_at(operator_end.unwrap_or(comparison.len()));
    let value = value.trim();
    let operator = match operator {
        "=" => "==",
        "<>" | "!" => "!=",
        "<" | ">" | "<=" | ">=" | "==" | "!=" => operator,
        _ => return AS_WHEN.to_owned(),
    };
    if value.parse::<f64>().is_err() {
        return AS_WHEN.to_owned();
    }
    format!("write the condition as `when`: `when: request.{path} {operator} {value}`")
}

/// What to write instead of an expression.
const AS_WHEN: &str = "write the condition as `when`, as in `when: request.x > 5`";

/// A problem that was reported already.
struct Reported;

/// The string of a node, without escapes, if the node is a string. Expressions are problems: patterns are constant.
fn constant_text(compiler: &mut RuleCompiler<'_>, node: &Node) -> Result<Option<String>, Reported> {
    let Some(written) = node.text() else {
        return Ok(None);
    };
    if let Ok(pieces) = interpolation::split(written)
        && let [Piece::Literal(text)] = pieces.as_slice()
    {
        compiler.warn_of_foreign(node, written, &pieces, Some(AS_WHEN));
        let path = compiler.matched.join(".");
        if let Some(hint) = other_patterns::hint(text, Compared::Field(&path)) {
            compiler.warn(node, other_patterns::message(text), hint);
        }
        return Ok(Some(text.clone()));
    }
    compiler.problem_hint(
        node,
        "`match` holds constants, not expressions",
        Some(AS_WHEN.to_owned()),
    );
    Err(Reported)
}

fn map_key(compiler: &RuleCompiler<'_>, kind: &Kind, node: &Node) -> Option<MapKey> {
    if *kind == Kind::String {
        return compiler.written(node).map(MapKey::String);
    }
    let text = node.key_text()?;
    Some(match kind {
        Kind::Bool => MapKey::Bool(text.parse().ok()?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => MapKey::I32(text.parse().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => MapKey::I64(text.parse().ok()?),
        Kind::Uint32 | Kind::Fixed32 => MapKey::U32(text.parse().ok()?),
        Kind::Uint64 | Kind::Fixed64 => MapKey::U64(text.parse().ok()?),
        _ => MapKey::String(text),
    })
}
