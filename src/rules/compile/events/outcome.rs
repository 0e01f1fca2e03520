//! Compiles a rule's outcome, in the short form or as a session with events.

use super::steps::StepsCompiler;
use super::variables::variable_name;
use crate::cel::{Type, Uses, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::signals::HandledSignal;
use crate::rules::compile::template::compile_template;
use crate::rules::compile::values::pause::{compile_interval, compile_pause};
use crate::rules::compile::values::status::compile_status;
use crate::rules::compile::values::text::compile_text_node;
use crate::rules::compile::values::value::compile_value;
use crate::rules::plan::{Op, SignalHandler, Steps, Text, Timer, ValueTemplate};
use crate::schema::{Method, WellKnown};
use crate::yaml::{Entry, Node, Yaml, find};

/// The keys of a session.
pub(in crate::rules::compile) const SESSION_KEYS: [&str; 7] = [
    "state",
    "open",
    "message",
    "half_close",
    "timers",
    "signals",
    "key",
];
/// The keys of a timer.
pub(in crate::rules::compile) const TIMER_KEYS: [&str; 3] = ["every", "after", "do"];

/// The compiled events of a session.
#[derive(Default)]
pub(in crate::rules::compile) struct Events {
    pub(in crate::rules::compile) state: Box<[ValueTemplate]>,
    pub(in crate::rules::compile) open: Steps,
    pub(in crate::rules::compile) message: Steps,
    pub(in crate::rules::compile) half_close: Steps,
    pub(in crate::rules::compile) timers: Vec<Timer>,
    pub(in crate::rules::compile) signals: Vec<SignalHandler>,
    pub(in crate::rules::compile) key: Option<Text>,
    /// Whether `key` reads messages.
    pub(in crate::rules::compile) key_waits: bool,
    /// Whether something other than a `message` event reads `request`.
    pub(in crate::rules::compile) keeps_last: bool,
}

/// Compiles a rule's outcome.
pub(in crate::rules::compile) fn compile_outcome(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    outcome: &Entry<'_>,
    effects: &[&Entry<'_>],
) -> Option<Events> {
    let node = outcome.value;
    if outcome.name == "session" {
        return session(compiler, method, node, effects);
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
    if outcome.name == "sample" && !one_request && method.is_server_streaming() {
        return Some(sample_for_each(compiler, method, node, effects));
    }
    let status = outcome.name == "status";
    let problems = compiler.problems.len();
    let steps = short_form(compiler, method, outcome, effects);
    let uses = compiler.uses;
    let mut events = Events::default();
    if status && !uses.reads_messages() {
        events.open = steps;
    } else if one_request {
        events.message = steps;
    } else if status && !uses.reads_all_messages() {
        events.message = steps;
        // The call ends with this status even if no message comes.
        if compiler.problems.len() == problems {
            events.half_close = short_form(compiler, method, outcome, effects);
        }
    } else {
        events.keeps_last = uses.request;
        events.half_close = steps;
    }
    Some(events)
}

/// Compiles `sample` for a method where both stream: one for each message, as samples without a rule are.
fn sample_for_each(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    effects: &[&Entry<'_>],
) -> Events {
    compiler.request = false;
    let open = compile_effects(compiler, method, effects);
    compiler.request = true;
    let mut message = StepsCompiler::new(compiler, method.output());
    message.sample(node);
    Events {
        open,
        message: message.finish(),
        ..Events::default()
    }
}

/// Compiles `reply`, `reply_file`, `sample`, `stream` or `status`: the steps of one event.
fn short_form(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    outcome: &Entry<'_>,
    effects: &[&Entry<'_>],
) -> Steps {
    let node = outcome.value;
    // The steps of a status may be those of two events.
    compiler.state.clear();
    let mut steps = StepsCompiler::new(compiler, method.output());
    add_effects(&mut steps, effects);
    match outcome.name.as_str() {
        "reply" => {
            let is_list = matches!(
                WellKnown::of(method.output()),
                Some(WellKnown::ListValue | WellKnown::Value)
            );
            if let Yaml::List(items) = &node.value
                && !is_list
            {
                let hint = list_hint(items, steps.compiler.source.text(), method.is_server_streaming());
                let message = format!("expected {}, found a list", method.output().full_name());
                steps.compiler.add(node.span.clone(), message, Some(hint));
                return steps.finish();
            }
            let reply = compile_template(steps.compiler, node, method.output()).map(Op::Send);
            steps.push(reply, node);
        }
        "sample" if method.is_server_streaming() => steps.samples(node),
        "sample" => steps.sample(node),
        "reply_file" => steps.send_file(node, None, false),
        "stream" => steps.steps(node),
        _ => {
            let status = compile_status(steps.compiler, node);
            steps.push(status.map(|status| Op::Status(Box::new(status))), node);
        }
    }
    steps.finish()
}

/// What to write for a list in place of a message: the messages of a stream, or one answer after another.
fn list_hint(items: &[Node], text: &str, is_stream: bool) -> String {
    let (key, each) = if is_stream {
        ("stream", "send")
    } else {
        ("answers", "reply")
    };
    let written = |item: &Node| text.get(item.span.clone()).filter(|item| !item.contains('\n'));
    match items {
        [] => "write its fields, as in `{}`".to_owned(),
        [_] if !is_stream => "a message is a mapping: leave out the `- `, or the square brackets".to_owned(),
        _ => {
            let all: Option<Vec<&str>> = items.iter().map(written).collect();
            let all = all.filter(|all| all.iter().all(|item| item.starts_with('{')) && all.len() < 4);
            let list = all.map_or_else(
                || format!("{{{each}: …}}, …"),
                |all| {
                    all.iter()
                        .map(|item| format!("{{{each}: {item}}}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                },
            );
            let what = if is_stream {
                "the messages of a stream"
            } else {
                "messages for one call after another"
            };
            format!("{what} are `{key}: [{list}]`")
        }
    }
}

/// Compiles the effects of a rule that does not answer.
pub(in crate::rules::compile) fn compile_effects(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    effects: &[&Entry<'_>],
) -> Steps {
    let mut steps = StepsCompiler::new(compiler, method.output());
    add_effects(&mut steps, effects);
    steps.finish()
}

/// Adds what a rule does beside its answer, as steps before it.
fn add_effects(steps: &mut StepsCompiler<'_, '_>, effects: &[&Entry<'_>]) {
    let mut first = Vec::new();
    for effect in effects {
        // The variables that a rule declares are computed with those that it sets, so that no other call comes between.
        match effect.name.as_str() {
            "state" => first.extend(steps.declared(effect.value)),
            "set" => steps.set_after(std::mem::take(&mut first), effect.value),
            _ => {
                steps.push_set(std::mem::take(&mut first), effect.value);
                steps.action(effect, None);
            }
        }
    }
    if let Some(last) = effects.last() {
        steps.push_set(first, last.value);
    }
}

fn session(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    effects: &[&Entry<'_>],
) -> Option<Events> {
    if let Some(state) = effects.iter().find(|effect| effect.name == "state") {
        let hint = "put it into the `session`".to_owned();
        let message = "a session has a `state` of its own";
        compiler.problem_hint(state.key, message, Some(hint));
        return None;
    }
    let entries = compiler.entries(node, "a session", &SESSION_KEYS)?;
    let value = |name: &str| find(&entries, name).map(|entry| entry.value);
    let mut events = Events::default();
    compiler.request = false;
    if let Some(node) = value("state") {
        let read = compiler.stored.len();
        events.state = state(compiler, node);
        compiler.stored.are_of_rule(read);
    }
    let mut open = StepsCompiler::new(compiler, method.output());
    add_effects(&mut open, effects);
    if let Some(node) = value("open") {
        open.steps(node);
    }
    events.open = open.finish();
    compiler.request = true;
    events.message = steps(compiler, method, value("message"));
    // From here on `request` is the last message, which is kept only if someone reads it.
    let so_far = std::mem::take(&mut compiler.uses);
    events.half_close = steps(compiler, method, value("half_close"));
    if let Some(node) = value("timers") {
        events.timers = timers(compiler, method, node);
    }
    if let Some(node) = value("signals") {
        events.signals = signals(compiler, method, node, value("key").is_some());
    }
    if let Some(node) = value("key") {
        let (key, uses) = reading(compiler, |compiler| compile_text_node(compiler, node, "a text"));
        (events.key, events.key_waits) = (key, uses.reads_messages());
    }
    events.keeps_last = compiler.uses.request;
    compiler.uses |= so_far;
    compiler.state.clear();
    Some(events)
}

fn steps(compiler: &mut RuleCompiler<'_>, method: &Method, node: Option<&Node>) -> Steps {
    let Some(node) = node else { return Steps::default() };
    let mut compiled = StepsCompiler::new(compiler, method.output());
    compiled.steps(node);
    compiled.finish()
}

/// Compiles a part, and returns what that part reads.
fn reading<T>(
    compiler: &mut RuleCompiler<'_>,
    compile: impl FnOnce(&mut RuleCompiler<'_>) -> T,
) -> (T, Uses) {
    let so_far = std::mem::take(&mut compiler.uses);
    let compiled = compile(compiler);
    let uses = compiler.uses;
    compiler.uses |= so_far;
    (compiled, uses)
}

/// Compiles the variables. Each is in scope for those after it.
fn state(compiler: &mut RuleCompiler<'_>, node: &Node) -> Box<[ValueTemplate]> {
    let Yaml::Map(entries) = &node.value else {
        let message = format!("expected variables and their first values, found {}", node.kind());
        compiler.problem_hint(node, message, Some("such as `{count: 0, name: \"\"}`".to_owned()));
        return Box::default();
    };
    let mut templates = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let Some(name) = variable_name(compiler, key) else {
            continue;
        };
        // A variable whose value has a problem is declared all the same, so that its uses are no problems.
        let (template, found) =
            compile_value(compiler, value).unwrap_or((ValueTemplate::Constant(Value::Null), Type::Dyn));
        templates.push(template);
        compiler.state.push((name, found));
    }
    templates.into()
}

fn timers(compiler: &mut RuleCompiler<'_>, method: &Method, node: &Node) -> Vec<Timer> {
    let Yaml::List(items) = &node.value else {
        let message = format!("expected a list of timers, found {}", node.kind());
        let hint = "such as `[{every: 5s, do: […]}]`: put `- ` before each".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return Vec::new();
    };
    let mut timers = Vec::with_capacity(items.len());
    for item in items {
        let Some(entries) = compiler.entries(item, "a timer", &TIMER_KEYS) else {
            continue;
        };
        let (every, after) = (find(&entries, "every"), find(&entries, "after"));
        let (pause, key, repeats) = match (every, after) {
            (Some(every), None) => (every.value, "every", true),
            (None, Some(after)) => (after.value, "after", false),
            _ => {
                let hint = "`after: 30s` runs its steps once, and `every: 5s` again and again".to_owned();
                compiler.problem_hint(item, "a timer has one of `every` and `after`", Some(hint));
                continue;
            }
        };
        let compile = if repeats { compile_interval } else { compile_pause };
        let (pause, uses) = reading(compiler, |compiler| compile(compiler, pause, key));
        let Some(entry) = find(&entries, "do") else {
            let hint = "add `do: […]`, its steps".to_owned();
            compiler.problem_hint(item, "a timer needs `do`", Some(hint));
            continue;
        };
        let steps = steps(compiler, method, Some(entry.value));
        timers.extend(pause.map(|pause| Timer {
            pause,
            repeats,
            waits: uses.reads_messages(),
            steps,
        }));
    }
    timers
}

fn signals(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    has_key: bool,
) -> Vec<SignalHandler> {
    let Yaml::Map(entries) = &node.value else {
        let message = format!("expected names of signals and their steps, found {}", node.kind());
        let hint = "such as `{closing: [{send: {…}}]}`".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return Vec::new();
    };
    let signal = |(key, node): &(Node, Node)| {
        let name = key.key_text().unwrap_or_default();
        compiler.signals.handled.push(HandledSignal {
            name: name.clone(),
            place: key.span.clone(),
            has_key,
        });
        SignalHandler {
            name: name.into(),
            steps: steps(compiler, method, Some(node)),
        }
    };
    entries.iter().map(signal).collect()
}
