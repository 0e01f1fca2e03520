//! Compiles `metadata`: what the client's metadata must be.

use http::HeaderName;

use super::other_patterns::{self, Compared};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::interpolation::{self, Piece};
use crate::rules::compile::values::metadata::{is_metadata_name, no_metadata_name};
use crate::rules::plan::{ExpectedMetadata, MetadataCondition, decode_base64, encode_base64, no_base64};
use crate::suggest;
use crate::yaml::{Node, Yaml};

/// What a condition can be.
const FORMS: &str = "a value is a text; a list is any of its values, `{not: …}` others, `{}` any value, `null` none; what else \
                     there is to ask goes into `when`";

/// Compiles the conditions on metadata; problems go to the compiler.
pub(super) fn compile_metadata_conditions(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
) -> Box<[MetadataCondition]> {
    let Yaml::Map(entries) = &node.value else {
        let found = node.kind();
        let message = format!("expected a mapping of names to values, found {found}");
        let hint = "such as `{x-user: ann}`; a condition stands under `when`".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return Box::default();
    };
    if entries.is_empty() {
        let hint = "list the names that it is about, or leave it out";
        compiler.warn(node, "this `metadata` matches every call", hint);
    }
    let condition = |(key, value): &(Node, Node)| {
        let name = name(compiler, key);
        let of = Of {
            name: name.as_ref().map_or("", HeaderName::as_str),
            is_excluded: false,
        };
        let expected = expected(compiler, value, of);
        Some(MetadataCondition {
            name: name?,
            expected: expected?,
        })
    };
    entries.iter().filter_map(condition).collect()
}

/// What a value is compared with.
#[derive(Clone, Copy)]
struct Of<'n> {
    name: &'n str,
    /// Whether it is a value of `not`.
    is_excluded: bool,
}

impl Of<'_> {
    fn is_binary(self) -> bool {
        self.name.ends_with("-bin")
    }

    fn compared(&self) -> Compared<'_> {
        if self.is_excluded {
            Compared::Excluded(self.name)
        } else {
            Compared::Metadata(self.name)
        }
    }
}

fn name(compiler: &mut RuleCompiler<'_>, key: &Node) -> Option<HeaderName> {
    let text = key.key_text().unwrap_or_default();
    match HeaderName::from_bytes(text.as_bytes()) {
        Ok(name) if !is_metadata_name(name.as_str()) => {
            no_metadata_name(compiler, key, &text);
            None
        }
        Ok(name) if name.as_str() == text => Some(name),
        Ok(name) => {
            let message = format!("`{text}`: names of metadata are lower case");
            compiler.problem_hint(key, message, Some(format!("write `{name}`")));
            None
        }
        Err(_) => {
            no_metadata_name(compiler, key, &text);
            None
        }
    }
}

fn expected(compiler: &mut RuleCompiler<'_>, node: &Node, of: Of<'_>) -> Option<ExpectedMetadata> {
    let values = match &node.value {
        Yaml::Null => return Some(ExpectedMetadata::Absent),
        Yaml::Map(entries) if entries.is_empty() => return Some(ExpectedMetadata::Present),
        Yaml::Map(entries) => return excluded(compiler, node, entries, of),
        Yaml::List(values) if values.is_empty() => {
            let hint = "`{}` is any value, `null` is none".to_owned();
            compiler.problem_hint(node, "no value is in an empty list", Some(hint));
            return None;
        }
        Yaml::List(values) => values.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let texts: Vec<Option<String>> = values.iter().map(|value| text(compiler, value, of)).collect();
    let texts: Vec<String> = texts.into_iter().collect::<Option<_>>()?;
    if let Some(at) = texts.iter().position(String::is_empty)
        && !of.is_excluded
    {
        let hint = format!(
            "write `{}: null` for a call without it, and `{}: {{}}` for one with it",
            of.name, of.name
        );
        compiler.warn(
            &values[at],
            "this is an empty value, and a call without it has none",
            hint,
        );
    }
    if !of.is_binary() {
        return Some(ExpectedMetadata::AnyOf(
            texts.into_iter().map(String::into_boxed_str).collect(),
        ));
    }
    let mut all = Vec::with_capacity(texts.len());
    for (text, node) in texts.iter().zip(values) {
        if let Some(bytes) = decode_base64(text) {
            all.push(bytes.into());
        } else {
            let encoded = encode_base64(text.as_bytes());
            let hint = format!("write the bytes in base64; those of this text are `{encoded}`");
            compiler.problem_hint(node, no_base64(text), Some(hint));
        }
    }
    (all.len() == texts.len()).then(|| ExpectedMetadata::AnyOfBytes(all.into()))
}

/// `{not: …}`: another value, or none.
fn excluded(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    entries: &[(Node, Node)],
    of: Of<'_>,
) -> Option<ExpectedMetadata> {
    let [(key, value)] = entries else {
        compiler.problem_hint(node, "expected a value, found a mapping", Some(FORMS.to_owned()));
        return None;
    };
    let name = key.key_text().unwrap_or_default();
    if name != "not" {
        let message = format!("unknown key `{name}` in a condition on metadata");
        let hint = suggest::did_you_mean(&name, ["not"]).unwrap_or_else(|| FORMS.to_owned());
        compiler.problem_hint(key, message, Some(hint));
        return None;
    }
    let hint = match &value.value {
        Yaml::Null => "write `{}`, which is any value",
        Yaml::Map(entries) if entries.is_empty() => "write `null`, which is none",
        Yaml::Map(_) => "`not` takes a value, or a list of values",
        _ => {
            let of = Of {
                is_excluded: true,
                ..of
            };
            let expected = expected(compiler, value, of)?;
            return Some(ExpectedMetadata::Not(Box::new(expected)));
        }
    };
    let message = format!("`not` excludes values, found {}", value.kind());
    compiler.problem_hint(value, message, Some(hint.to_owned()));
    None
}

/// One value.
fn text(compiler: &mut RuleCompiler<'_>, node: &Node, of: Of<'_>) -> Option<String> {
    let text = match &node.value {
        Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        _ => compiler.written(node),
    };
    let Some(text) = text else {
        let message = format!("expected a value, found {}", node.kind());
        compiler.problem_hint(node, message, Some(FORMS.to_owned()));
        return None;
    };
    let pieces = interpolation::split(&text);
    if let Ok([Piece::Literal(literal)]) = pieces.as_deref() {
        if !of.is_binary()
            && let Some(hint) = other_patterns::hint(literal, of.compared())
        {
            compiler.warn(node, other_patterns::message(literal), hint);
        }
        compiler.warn_of_foreign(node, &text, &[], Some("write the condition as `when`"));
        return Some(literal.clone());
    }
    let hint = Some("write the condition as `when`".to_owned());
    compiler.problem_hint(node, "`metadata` holds constants, not expressions", hint);
    None
}
