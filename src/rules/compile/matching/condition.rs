//! Compiles what decides whether a rule matches: `metadata`, `match`, a partial message, and `when`, a CEL condition.
//!
//! Equalities of singular scalars, which most rules are made of, are checked on the picked fields without decoding
//! anything; lists, maps and the well-known types are compared with the decoded message.

use super::metadata::compile_metadata_conditions;
use super::pattern::compile_pattern;
use crate::cel::Value;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Condition, Equality, Expected, Pattern, Stage, When, WireScalar};
use crate::yaml::Node;

/// Compiles a rule's `metadata`, `match` and `when`.
pub(in crate::rules::compile) fn compile_condition(
    compiler: &mut RuleCompiler<'_>,
    metadata: Option<&Node>,
    pattern: Option<&Node>,
    when: Option<&Node>,
    client_streaming: bool,
) -> Option<Condition> {
    let before = compiler.problems.len();
    let metadata_is_free = metadata.is_none();
    let metadata = metadata.map(|node| compile_metadata_conditions(compiler, node));
    let mut equalities = Vec::new();
    let mut rest = None;
    if let Some(node) = pattern {
        let input = compiler.input.0.clone();
        if let Some(expected) = compile_pattern(compiler, node, &input) {
            rest = split(compiler, expected, &mut Vec::new(), "", &mut equalities);
            rest = rest.filter(|rest| !rest.fits_everything());
            if equalities.is_empty() && rest.is_none() {
                let hint = "list the fields that it is about, or leave it out";
                compiler.warn(node, "this `match` matches every request", hint);
            }
        }
    }
    let when = when.and_then(|node| {
        let source = node.key_text().unwrap_or_default();
        let read = compiler.stored.len();
        let program = compiler.condition(node)?;
        compiler.stored.are_of_rule(read);
        compiler.conditions.is_of_rule(metadata_is_free);
        if matches!(program.constant(), Some(Value::Bool(false))) {
            let hint = "write a condition that some call fulfils, or leave out the rule";
            compiler.warn(node, "with this `when` the rule matches no call", hint);
        }
        Some(Box::new(When {
            program,
            source,
            at: node.span.start,
        }))
    });
    if compiler.problems.len() > before {
        return None;
    }
    let mut uses = when.as_ref().map(|when| when.program.uses()).unwrap_or_default();
    uses.request |= pattern.is_some();
    let stage = Stage::of(uses, client_streaming);
    Some(Condition {
        metadata: metadata.unwrap_or_default(),
        equalities: equalities.into(),
        pattern: rest,
        when,
        stage,
    })
}

/// Moves the equalities that can be checked on picked fields out of a pattern, and returns the rest of it.
fn split(
    compiler: &mut RuleCompiler<'_>,
    expected: Pattern,
    numbers: &mut Vec<u32>,
    path: &str,
    equalities: &mut Vec<Equality>,
) -> Option<Pattern> {
    let Pattern::Message(members) = expected else {
        return Some(expected);
    };
    let mut rest = Vec::new();
    for (field, name, member) in members {
        numbers.push(field.number);
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let (set, inner) = match member {
            Pattern::Set(inner) => (true, *inner),
            other => (false, other),
        };
        let slot = match inner {
            Pattern::Scalar(_) if !field.repeated => compiler.slot(numbers),
            Pattern::Message(_) if !field.repeated && set => compiler.slot(numbers),
            _ => None,
        };
        let equality = |slot, expected, path| Equality {
            slot,
            unset: WireScalar::unset(&field),
            kind: field.kind.clone(),
            expected,
            path,
        };
        match (inner, slot) {
            (Pattern::Scalar(value), Some(slot)) => {
                let expected = if set {
                    Expected::SetTo(value)
                } else {
                    Expected::Value(value)
                };
                equalities.push(equality(slot, expected, path));
            }
            (Pattern::Message(members), slot) if !field.repeated && (slot.is_some() || !set) => {
                equalities.extend(slot.map(|slot| equality(slot, Expected::Set, path.clone())));
                let inner = split(compiler, Pattern::Message(members), numbers, &path, equalities);
                rest.extend(inner.map(|inner| (field, name, inner)));
            }
            (inner, _) if set => rest.push((field, name, Pattern::Set(Box::new(inner)))),
            (inner, _) => rest.push((field, name, inner)),
        }
        numbers.pop();
    }
    (!rest.is_empty()).then_some(Pattern::Message(rest))
}
