//! Compiles one rule of a file for one method.

use std::fmt::Write as _;
use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;

use super::answers::{Answers, compile_answers};
use super::compiler::RuleCompiler;
use super::matching::condition::compile_condition;
use super::template::truth_hint;
use crate::cel::{Program, Uses, Value, is_expression};
use crate::rules::plan::{After, Counting, Rule, RuleId, RuleLog, Stage};
use crate::schema::Method;
use crate::yaml::{Entry, Node, Yaml, find};

/// Compiles the rule of `node`, whose keys are checked, for a method.
pub(super) fn compile(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    entries: &[Entry<'_>],
    name: &Arc<str>,
    id: &RuleId,
    log: &Arc<RuleLog>,
) -> Option<Rule> {
    let before = compiler.problems.len();
    compiler.request = true;
    let value = |name: &str| find(entries, name).map(|entry| entry.value);
    if let Some(node) = value("name")
        && node
            .text()
            .is_some_and(|text| text.contains("${") || text.contains("{{"))
    {
        let message = "the name of a rule is a constant, and this is its text";
        let hint = "it is what logs, `explain` and the header `protod-rule` say; what depends on the call goes into `log` or `headers`";
        compiler.warn(node, message, hint);
    }
    let client_streaming = method.is_client_streaming();
    let condition = compile_condition(
        compiler,
        value("metadata"),
        value("match"),
        value("when"),
        client_streaming,
    );
    let chance = value("chance").map_or(Some(1.0), |node| chance(compiler, node));
    let times = value("times").map_or(Some(None), |node| times(compiler, node).map(Some));
    let scope = value("scope").map_or(Some(None), |node| scope(compiler, node).map(Some));
    let priority = value("priority").map_or(Some(0), |node| integer(compiler, node, "priority"));
    let validate = match value("validate") {
        None => Some(None),
        Some(node) => {
            let validate = boolean(compiler, node, "validate");
            if validate == Some(true) && compiler.validates == Some(false) {
                let message = "`validate: true` checks nothing, since the server does not validate requests";
                let hint = "give `serve` the flag `--validate`, which is for all methods, or leave this out";
                compiler.warn(node, message, hint);
            }
            validate.map(Some)
        }
    };
    let answers = compile_answers(compiler, method, node, entries);
    compiler.counted = false;
    if let (Some(node), Some(Some(times))) = (value("answers"), times)
        && let Some(unused) = usize::try_from(times)
            .ok()
            .and_then(|times| node.items().get(times))
        && times > 0
    {
        let message = format!("this answer is never given: `times: {times}` ends before it");
        let answers = node.items().len();
        let hint = format!(
            "write `times: {answers}`, or leave it out: with `after: next` the rule ends after the last answer"
        );
        compiler.warn(unused, message, hint);
    }
    if let Some(scope) = value("scope")
        && times == Some(None)
        && find(entries, "answers").is_none()
        && !compiler.uses.count
    {
        // It is an expression already, which a hint at a bare expression would not help.
        let hint = "add `times: 1`, for one call of each, or leave `scope` out".to_owned();
        let message = "`scope` goes with `times`, `answers` or `call.count`";
        compiler.add(scope.span.clone(), message, Some(hint));
    }
    if compiler.problems.len() > before {
        return None;
    }
    let (answers, times, scope) = (answers?, times?, scope?);
    let mut condition = condition?;
    if answers.passes {
        // What it does, it does when it matches, so all that it reads must have come.
        let uses = answers.list.iter().map(|answer| answer.uses);
        let uses = uses.fold(Uses::default(), |all, uses| all | uses);
        condition.stage = condition.stage.max(Stage::of(uses, client_streaming));
    }
    if let Some(scope) = &scope {
        // A rule is not decided before that is there which its calls are counted by.
        condition.stage = condition.stage.max(Stage::of(scope.uses(), client_streaming));
    }
    let scope_at = value("scope").map(|node| node.span.start);
    let counting = counting(&answers, times, scope.map(|scope| (scope, scope_at)));
    Some(Rule {
        id: id.clone(),
        name: Arc::clone(name),
        header: header_value(name),
        priority: priority?,
        condition,
        chance: chance.filter(|chance| *chance < 1.0),
        counting: counting.map(Box::new),
        passes: answers.passes,
        answers: answers.list.into(),
        after: answers.after,
        validate: validate?,
        log: Arc::clone(log),
    })
}

/// How the calls of a rule are counted, if they need to be.
fn counting(
    answers: &Answers,
    times: Option<u64>,
    scope: Option<(Program, Option<usize>)>,
) -> Option<Counting> {
    let turns = answers.list.len() as u64;
    let all_once = (answers.after == After::Next).then_some(turns);
    let limit = times.into_iter().chain(all_once).min();
    let reads_count = answers.list.iter().any(|answer| answer.uses.count);
    let (scope, scope_at) = scope.unzip();
    (limit.is_some() || turns > 1 || reads_count).then_some(Counting {
        limit,
        scope,
        scope_at: scope_at.flatten(),
    })
}

fn times(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<u64> {
    let limit = integer(compiler, node, "times")?;
    let times = u64::try_from(limit).ok();
    if times.is_none() {
        let hint = "`times: 1` is for one call; without `times` it is for all".to_owned();
        let message = format!("`times` counts from 0, and this is {limit}");
        compiler.problem_hint(node, message, Some(hint));
    } else if times == Some(0) {
        compiler.warn(
            node,
            "with `times: 0` this rule matches no call",
            "`times: 1` is for one call",
        );
    }
    times
}

fn scope(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Program> {
    let Some(text) = node.text() else {
        let message = format!("expected a CEL expression, found {}", node.kind());
        let hint = "such as `request.name`, or `metadata['x-test-id']`".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return None;
    };
    let scope = compiler.expression(node, text, 0)?;
    if let Some(value) = scope.constant() {
        let hint = match value {
            Value::String(text) if is_expression(&text) => {
                format!("write `{text}`, without quotes in the quotes")
            }
            _ => "leave it out, or write what differs, such as `request.name` or `metadata['x-test-id']`"
                .to_owned(),
        };
        compiler.warn(
            node,
            "this `scope` is the same for all calls, so they are counted together",
            hint,
        );
    }
    Some(scope)
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
        if number == 0.0 {
            compiler.warn(
                node,
                "with `chance: 0` this rule matches no call",
                "`chance: 0.1` is for one call in ten",
            );
        }
        return Some(number);
    }
    let message = "`chance` is a number from 0 to 1";
    let is_chance = |number: &f64| (0.0..=1.0).contains(number);
    let quoted = node.text().map(str::trim);
    let quoted = quoted.filter(|text| text.parse::<f64>().is_ok_and(|number| is_chance(&number)));
    let of = node.text().and_then(one_in);
    let meant = number.filter(|number| (0.0..=100.0).contains(number));
    let hint = match (quoted, of, meant) {
        (Some(text), ..) => format!("leave out the quotes: `{text}`"),
        (_, Some(chance), _) => format!("write `{chance}`"),
        (.., Some(percent)) => format!("{percent} % is `{}`", percent / 100.0),
        _ => "0.1 is one call in ten".to_owned(),
    };
    compiler.add(node.span.clone(), message, Some(constant_hint(node, &hint)));
    None
}

/// The chance that a fraction such as `1/3` stands for.
fn one_in(text: &str) -> Option<f64> {
    let (one, of) = ["/", " in ", " of ", ":"]
        .iter()
        .find_map(|word| text.split_once(word))?;
    let chance = one.trim().parse::<f64>().ok()? / of.trim().parse::<f64>().ok()?;
    (0.0..=1.0)
        .contains(&chance)
        .then(|| (chance * 1000.0).round() / 1000.0)
}

/// The hint, unless an expression or a template stands where there can be none.
fn constant_hint(node: &Node, hint: &str) -> String {
    match node.text() {
        Some(text)
            if ["${", "{{"].iter().any(|open| text.contains(open)) && text.contains(char::is_alphabetic) =>
        {
            "it is a constant: what depends on the call stands under `when`".to_owned()
        }
        _ => hint.to_owned(),
    }
}

fn integer(compiler: &mut RuleCompiler<'_>, node: &Node, key: &str) -> Option<i64> {
    let Yaml::Int(number) = &node.value else {
        let message = format!("`{key}` is a whole number, found {}", node.kind());
        let text = node.key_text().unwrap_or_default();
        let hint = match (text.trim().parse::<i64>(), text.trim().to_lowercase().as_str()) {
            (Ok(number), _) => format!("leave out the quotes: `{key}: {number}`"),
            (_, "once") => format!("write `{key}: 1`"),
            (_, "twice") => format!("write `{key}: 2`"),
            (_, "always" | "forever" | "unlimited" | "infinite" | "inf") => format!("leave out `{key}`"),
            _ => format!("such as `{key}: 2`"),
        };
        compiler.add(node.span.clone(), message, Some(constant_hint(node, &hint)));
        return None;
    };
    let fits = i64::try_from(*number).ok();
    if fits.is_none() {
        compiler.problem(node, format!("`{key}`: {number} does not fit 64 bits"));
    }
    fits
}

fn boolean(compiler: &mut RuleCompiler<'_>, node: &Node, key: &str) -> Option<bool> {
    let Yaml::Bool(value) = &node.value else {
        let hint = truth_hint(node).or_else(|| Some(format!("such as `{key}: false`")));
        let hint = hint.map(|hint| constant_hint(node, &hint));
        let message = format!("`{key}` is true or false, found {}", node.kind());
        compiler.add(node.span.clone(), message, hint);
        return None;
    };
    Some(*value)
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
