//! One rule of a file, compiled for one method.

use std::fmt::Write as _;
use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;

use super::cardinality;
use super::compiler::{Compiler, Entry, union};
use super::condition::Condition;
use super::file::find;
use super::metadata::Metadata;
use super::node::{Node, Yaml};
use super::pause::Pause;
use super::plan::{Op, Plan, Rule, SignalPlan, Timer};
use super::source::Source;
use super::state::RulesState;
use super::status::StatusTemplate;
use super::steps::{Steps, is_identifier};
use super::template::Template;
use super::text::Text;
use super::times::Times;
use crate::cel::{Type, Uses};
use crate::schema::Method;

/// The keys of a rule.
pub(crate) const KEYS: [&str; 13] = [
    "method", "name", "match", "when", "priority", "times", "scope", "headers", "trailers", "reply",
    "stream", "session", "status",
];
pub(crate) const OUTCOMES: [&str; 4] = ["reply", "stream", "session", "status"];
pub(crate) const SESSION_KEYS: [&str; 7] = [
    "state",
    "open",
    "message",
    "half_close",
    "timers",
    "signals",
    "key",
];
pub(crate) const TIMER_KEYS: [&str; 3] = ["every", "after", "do"];

/// Compiles the rule of `node`, whose keys are checked, for a method.
pub(crate) fn compile(
    compiler: &mut Compiler<'_>,
    method: &Method,
    node: &Node,
    entries: &[Entry<'_>],
    name: &Arc<str>,
    rules_state: &RulesState,
) -> Option<Rule> {
    let before = compiler.problems.len();
    compiler.request = true;
    let value = |name: &str| find(entries, name).map(|entry| entry.value);
    let condition = Condition::compile(compiler, value("match"), value("when"));
    let times = times(compiler, value("times"), value("scope"), rules_state, name);
    let priority = value("priority").map_or(Some(0), |node| integer(compiler, node, "priority"));
    // What follows is the session's own.
    compiler.uses = Uses::default();
    compiler.reads_request = false;
    let outcomes: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| OUTCOMES.contains(&entry.name.as_str()))
        .collect();
    let session = match outcomes.as_slice() {
        [outcome] => session(compiler, method, outcome, value("headers"), value("trailers")),
        // An unknown key was told already, and is the outcome misspelt.
        [] if entries.len() < node.entries() => None,
        [] => {
            let hint = Some("one of `reply`, `stream`, `session`, `status`".to_owned());
            compiler.problem_hint(node, "a rule needs an outcome", hint);
            None
        }
        [first, second, ..] => {
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
    let rule = Rule {
        name: Arc::clone(name),
        header: header_value(name),
        priority: priority?,
        condition: condition?,
        times,
        state: session.state,
        open: session.open,
        message: session.message,
        half_close: session.half_close,
        timers: session.timers.into(),
        signals: session.signals.into(),
        key: session.key,
        uses: compiler.uses,
        reads_request: compiler.reads_request,
        memos: compiler.memos,
        keeps_last: session.keeps_last,
    };
    if let [outcome] = outcomes.as_slice() {
        cardinality::check(compiler, method, outcome.value, &rule);
    }
    (compiler.problems.len() == before).then_some(rule)
}

/// The events of a session, compiled.
#[derive(Default)]
struct Session {
    state: Box<[Source]>,
    open: Plan,
    message: Plan,
    half_close: Plan,
    timers: Vec<Timer>,
    signals: Vec<SignalPlan>,
    key: Option<Text>,
    keeps_last: bool,
}

fn session(
    compiler: &mut Compiler<'_>,
    method: &Method,
    outcome: &Entry<'_>,
    headers: Option<&Node>,
    trailers: Option<&Node>,
) -> Option<Session> {
    let node = outcome.value;
    if outcome.name == "session" {
        return events(compiler, method, node, headers, trailers);
    }
    let one_request = !method.is_client_streaming();
    if outcome.name == "stream" && !one_request {
        let hint = Some("write a `session` with `message` or `half_close`".to_owned());
        let message = format!(
            "`stream` answers one request, and the clients of {} stream",
            method.name()
        );
        compiler.problem_hint(outcome.key, message, hint);
        return None;
    }
    let status = outcome.name == "status";
    let problems = compiler.problems.len();
    let plan = short_form(compiler, method, outcome, headers, trailers);
    let uses = compiler.uses;
    let mut session = Session::default();
    if status && !uses.request && !uses.requests {
        session.open = plan;
    } else if one_request {
        session.message = plan;
    } else if status && !uses.requests {
        session.message = plan;
        // Where no message comes, the call ends so all the same.
        if compiler.problems.len() == problems {
            session.half_close = short_form(compiler, method, outcome, headers, trailers);
        }
    } else {
        session.keeps_last = uses.request;
        session.half_close = plan;
    }
    Some(session)
}

/// What `reply`, `stream` and `status` stand for: the steps of one event.
fn short_form(
    compiler: &mut Compiler<'_>,
    method: &Method,
    outcome: &Entry<'_>,
    headers: Option<&Node>,
    trailers: Option<&Node>,
) -> Plan {
    let node = outcome.value;
    let mut steps = Steps::new(compiler, method.output());
    metadata(&mut steps, headers, trailers);
    match outcome.name.as_str() {
        "reply" => {
            let reply = Template::compile(steps.compiler, node, method.output()).map(Op::Send);
            steps.push(reply, node);
        }
        "stream" => steps.steps(node),
        _ => {
            let status = StatusTemplate::compile(steps.compiler, node);
            steps.push(status.map(|status| Op::Status(Box::new(status))), node);
        }
    }
    steps.finish()
}

/// A rule's own `headers` and `trailers`, as steps.
fn metadata(steps: &mut Steps<'_, '_>, headers: Option<&Node>, trailers: Option<&Node>) {
    for (node, op) in [
        (headers, Op::Headers as fn(Metadata) -> Op),
        (trailers, Op::Trailers),
    ] {
        if let Some(node) = node {
            let metadata = Metadata::compile(steps.compiler, node);
            steps.push(metadata.map(op), node);
        }
    }
}

fn events(
    compiler: &mut Compiler<'_>,
    method: &Method,
    node: &Node,
    headers: Option<&Node>,
    trailers: Option<&Node>,
) -> Option<Session> {
    let entries = compiler.entries(node, "a session", &SESSION_KEYS)?;
    let value = |name: &str| find(&entries, name).map(|entry| entry.value);
    let mut session = Session::default();
    compiler.request = false;
    if let Some(node) = value("state") {
        session.state = state(compiler, node);
    }
    let mut open = Steps::new(compiler, method.output());
    metadata(&mut open, headers, trailers);
    if let Some(node) = value("open") {
        open.steps(node);
    }
    session.open = open.finish();
    compiler.request = true;
    session.message = plan(compiler, method, value("message"));
    // From here on `request` is the last message, which is kept only if someone reads it.
    let so_far = std::mem::take(&mut compiler.uses);
    session.half_close = plan(compiler, method, value("half_close"));
    if let Some(node) = value("timers") {
        session.timers = timers(compiler, method, node);
    }
    if let Some(node) = value("signals") {
        session.signals = signals(compiler, method, node);
    }
    if let Some(node) = value("key") {
        let text = node.key_text().unwrap_or_default();
        session.key = Text::compile(compiler, node, &text);
    }
    session.keeps_last = compiler.uses.request;
    compiler.uses = union(compiler.uses, so_far);
    compiler.state.clear();
    Some(session)
}

fn plan(compiler: &mut Compiler<'_>, method: &Method, node: Option<&Node>) -> Plan {
    let Some(node) = node else { return Plan::default() };
    let mut steps = Steps::new(compiler, method.output());
    steps.steps(node);
    steps.finish()
}

/// The variables: each is in scope for those after it.
fn state(compiler: &mut Compiler<'_>, node: &Node) -> Box<[Source]> {
    let Yaml::Map(entries) = &node.value else {
        compiler.problem(
            node,
            format!("expected variables and their first values, found {}", node.kind()),
        );
        return Box::default();
    };
    let mut sources = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let name = key.key_text().unwrap_or_default();
        if !is_identifier(&name) {
            compiler.problem(
                key,
                format!("`{name}` cannot be a variable: letters, digits and `_` can"),
            );
            continue;
        }
        // A variable whose value is broken is still there: its uses are no problems of their own.
        let (source, found) = Source::compile(compiler, value)
            .unwrap_or((Source::Constant(crate::cel::Value::Null), Type::Dyn));
        sources.push(source);
        compiler.state.push((name, found));
    }
    sources.into()
}

fn timers(compiler: &mut Compiler<'_>, method: &Method, node: &Node) -> Vec<Timer> {
    let Yaml::List(items) = &node.value else {
        compiler.problem(node, format!("expected a list of timers, found {}", node.kind()));
        return Vec::new();
    };
    let mut timers = Vec::with_capacity(items.len());
    for item in items {
        let Some(entries) = compiler.entries(item, "a timer", &TIMER_KEYS) else {
            continue;
        };
        let (every, after) = (find(&entries, "every"), find(&entries, "after"));
        let (pause, repeats) = match (every, after) {
            (Some(every), None) => (every.value, true),
            (None, Some(after)) => (after.value, false),
            _ => {
                compiler.problem(item, "a timer has one of `every` and `after`");
                continue;
            }
        };
        let pause = Pause::compile(compiler, pause);
        let Some(steps) = find(&entries, "do") else {
            compiler.problem(item, "a timer needs `do`");
            continue;
        };
        let plan = plan(compiler, method, Some(steps.value));
        timers.extend(pause.map(|pause| Timer { pause, repeats, plan }));
    }
    timers
}

fn signals(compiler: &mut Compiler<'_>, method: &Method, node: &Node) -> Vec<SignalPlan> {
    let Yaml::Map(entries) = &node.value else {
        compiler.problem(
            node,
            format!("expected names of signals and their steps, found {}", node.kind()),
        );
        return Vec::new();
    };
    let signal = |(key, steps): &(Node, Node)| SignalPlan {
        name: key.key_text().unwrap_or_default().into(),
        plan: plan(compiler, method, Some(steps)),
    };
    entries.iter().map(signal).collect()
}

fn times(
    compiler: &mut Compiler<'_>,
    times: Option<&Node>,
    scope: Option<&Node>,
    state: &RulesState,
    name: &Arc<str>,
) -> Option<Times> {
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
    Some(Times {
        limit,
        scope,
        counter: state.counter(compiler.source.name(), name),
    })
}

fn integer(compiler: &mut Compiler<'_>, node: &Node, key: &str) -> Option<i64> {
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

/// A name as a header carries it: what ASCII cannot show is percent-encoded.
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
