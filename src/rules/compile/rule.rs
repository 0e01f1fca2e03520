//! Compiles one rule of a file for one method.

use std::fmt::Write as _;
use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;

use super::compiler::RuleCompiler;
use super::events::cardinality;
use super::events::outcome::{Events, compile_effects, compile_outcome};
use super::matching::condition::compile_condition;
use crate::cel::Uses;
use crate::rules::plan::{Rule, RuleId, Stage, Times};
use crate::schema::Method;
use crate::throttle::Throttle;
use crate::yaml::{Entry, Node, Yaml, find};

/// The keys of a rule.
pub(super) const KEYS: [&str; 19] = [
    "method", "name", "metadata", "match", "when", "priority", "chance", "times", "scope", "delay", "log",
    "set", "headers", "trailers", "reply", "stream", "session", "status", "then",
];
/// The keys of a rule that have an effect on a call and do not answer it, in the order in which they take effect.
pub(super) const EFFECTS: [&str; 5] = ["delay", "log", "set", "headers", "trailers"];
/// The keys of a rule that say how it answers; each rule has one.
pub(super) const OUTCOMES: [&str; 4] = ["reply", "stream", "session", "status"];

/// Compiles the rule of `node`, whose keys are checked, for a method.
pub(super) fn compile(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    entries: &[Entry<'_>],
    name: &Arc<str>,
    id: &RuleId,
    failures: &Arc<Throttle>,
) -> Option<Rule> {
    let before = compiler.problems.len();
    compiler.request = true;
    let value = |name: &str| find(entries, name).map(|entry| entry.value);
    let client_streaming = method.is_client_streaming();
    let mut condition = compile_condition(
        compiler,
        value("metadata"),
        value("match"),
        value("when"),
        client_streaming,
    );
    let chance = value("chance").map_or(Some(1.0), |node| chance(compiler, node));
    let times = times(compiler, value("times"), value("scope"));
    let scope = times.as_ref().and_then(|times| times.scope.as_ref());
    if let (Some(condition), Some(scope)) = (&mut condition, scope) {
        // A rule is not decided before that is there which its calls are counted by.
        condition.stage = condition.stage.max(Stage::of(scope.uses(), client_streaming));
    }
    let priority = value("priority").map_or(Some(0), |node| integer(compiler, node, "priority"));
    // From here on, only the session counts.
    compiler.uses = Uses::default();
    compiler.reads_request = false;
    let outcomes: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| OUTCOMES.contains(&entry.name.as_str()))
        .collect();
    let effects: Vec<&Entry<'_>> = EFFECTS.iter().filter_map(|name| find(entries, name)).collect();
    let then = find(entries, "then");
    let session = match (outcomes.as_slice(), then) {
        ([outcome], None) => compile_outcome(compiler, method, outcome, &effects),
        ([], Some(then)) => {
            expect_next(compiler, then, &effects);
            Some(Events {
                open: compile_effects(compiler, method, &effects),
                ..Events::default()
            })
        }
        // If there is an unknown key, it was reported already, and is probably the outcome misspelt.
        ([], None) if entries.len() < node.entries() => None,
        ([], None) => {
            let hint = if effects.is_empty() {
                "one of `reply`, `stream`, `session`, `status`"
            } else {
                "one of `reply`, `stream`, `session`, `status`; or `then: next`, to let the next rule answer"
            };
            compiler.problem_hint(node, "a rule needs an outcome", Some(hint.to_owned()));
            None
        }
        ([outcome, ..], Some(then)) => {
            let message = format!(
                "a rule has one outcome: this one has `{}` and `then`",
                outcome.name
            );
            let hint = format!(
                "leave out `then`, or with `{}` the next rule never answers",
                outcome.name
            );
            compiler.problem_hint(then.key, message, Some(hint));
            None
        }
        ([first, second, ..], None) => {
            let message = format!(
                "a rule has one outcome: this one has `{}` and `{}`",
                first.name, second.name
            );
            compiler.problem(second.key, message);
            None
        }
    };
    if compiler.problems.len() > before {
        return None;
    }
    let session = session?;
    let mut condition = condition?;
    if then.is_some() {
        // What it does, it does when it matches, so all that it reads must have come.
        condition.stage = condition.stage.max(Stage::of(compiler.uses, client_streaming));
    }
    let rule = Rule {
        id: id.clone(),
        name: Arc::clone(name),
        header: header_value(name),
        priority: priority?,
        condition,
        chance: chance.filter(|chance| *chance < 1.0),
        times,
        passes: then.is_some(),
        state: session.state,
        open: session.open,
        message: session.message,
        half_close: session.half_close,
        timers: session.timers.into(),
        signals: session.signals.into(),
        key: session.key,
        key_waits: session.key_waits,
        failures: Arc::clone(failures),
        uses: compiler.uses,
        reads_request: compiler.reads_request,
        cached: compiler.cached,
        keeps_last: session.keeps_last,
    };
    if let [outcome] = outcomes.as_slice() {
        cardinality::check(compiler, method, outcome.value, &rule);
    }
    (compiler.problems.len() == before).then_some(rule)
}

/// Checks `then`, whose one value is `next`.
fn expect_next(compiler: &mut RuleCompiler<'_>, then: &Entry<'_>, effects: &[&Entry<'_>]) {
    if then.value.text() != Some("next") {
        let hint = Some("`then: next` lets the next rule that matches answer".to_owned());
        compiler.problem_hint(then.value, "`then` has one value, `next`", hint);
    } else if effects.is_empty() {
        let hint = Some(format!("give it one of `{}`", EFFECTS.join("`, `")));
        compiler.problem_hint(then.key, "this rule does nothing", hint);
    }
}

fn times(compiler: &mut RuleCompiler<'_>, times: Option<&Node>, scope: Option<&Node>) -> Option<Times> {
    let Some(node) = times else {
        if let Some(scope) = scope {
            compiler.problem(scope, "`scope` goes with `times`");
        }
        return None;
    };
    let limit = integer(compiler, node, "times")?;
    let Ok(limit) = u64::try_from(limit) else {
        compiler.problem(node, format!("`times` counts from 0, and this is {limit}"));
        return None;
    };
    let scope = match scope {
        None => None,
        Some(node) => {
            let Some(text) = node.text() else {
                compiler.problem(node, format!("expected a CEL expression, found {}", node.kind()));
                return None;
            };
            Some(compiler.expression(node, text, 0)?)
        }
    };
    Some(Times { limit, scope })
}

fn chance(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<f64> {
    let percentage = node
        .text()
        .and_then(|text| text.strip_suffix('%')?.trim().parse().ok());
    let (number, is_percentage) = match node.value {
        Yaml::Float(number) => (Some(number), false),
        Yaml::Int(number) => (Some(number as f64), false),
        _ => (percentage, true),
    };
    if let Some(number) = number.filter(|number| (0.0..=1.0).contains(number) && !is_percentage) {
        return Some(number);
    }
    let message = "`chance` is a number from 0 to 1";
    let meant = number.filter(|number| (0.0..=100.0).contains(number));
    let hint = meant.map_or_else(
        || "0.1 is one call in ten".to_owned(),
        |percent| format!("{percent} % is `{}`", percent / 100.0),
    );
    compiler.problem_hint(node, message, Some(hint));
    None
}

fn integer(compiler: &mut RuleCompiler<'_>, node: &Node, key: &str) -> Option<i64> {
    let Yaml::Int(number) = &node.value else {
        compiler.problem(node, format!("`{key}` is a whole number, found {}", node.kind()));
        return None;
    };
    let fits = i64::try_from(*number).ok();
    if fits.is_none() {
        compiler.problem(node, format!("`{key}`: {number} does not fit 64 bits"));
    }
    fits
}

/// A name as the value of a header: what is not printable ASCII is percent-encoded.
fn header_value(name: &str) -> AsciiMetadataValue {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => text.push(char::from(byte)),
            _ => write!(text, "%{byte:02X}").expect("a string grows"),
        }
    }
    AsciiMetadataValue::try_from(text.trim()).expect("printable ASCII")
}
