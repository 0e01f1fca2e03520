//! Compiles what a rule does: it answers in one way, or in several in turn, or leaves the answer to the next rule.

use super::compiler::RuleCompiler;
use super::events::outcome::{Events, compile_effects, compile_outcome};
use super::events::{cardinality, late_headers};
use crate::cel::{Uses, Value};
use crate::rules::plan::{After, Answer, ValueTemplate};
use crate::schema::Method;
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml, find};

/// The keys that say how a rule answers, or one of its `answers`: each has one.
pub(super) const OUTCOMES: [&str; 6] = ["reply", "reply_file", "sample", "stream", "session", "status"];
/// The keys of a rule that have an effect on a call and do not answer it, in the order in which they take effect.
pub(super) const EFFECTS: [&str; 10] = [
    "delay", "state", "set", "append", "put", "delete", "clear", "log", "headers", "trailers",
];
/// The values of `after`.
const AFTER: [&str; 3] = ["stay", "cycle", "next"];

/// What a rule does.
pub(super) struct Answers {
    /// One or more.
    pub(super) list: Vec<Answer>,
    pub(super) after: After,
    /// Whether the answer is left to the next rule.
    pub(super) passes: bool,
}

/// Compiles what the rule of `node` does. Problems go to the compiler.
pub(super) fn compile_answers(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    entries: &[Entry<'_>],
) -> Option<Answers> {
    compiler.counted = true;
    let effects: Vec<&Entry<'_>> = effects(entries).collect();
    let (then, after) = (find(entries, "then"), find(entries, "after"));
    let outcomes = entries
        .iter()
        .filter(|entry| entry.name == "answers" || OUTCOMES.contains(&entry.name.as_str()));
    let outcomes: Vec<&Entry<'_>> = outcomes.collect();
    if let Some(after) = after.filter(|_| find(entries, "answers").is_none()) {
        let hint = "`answers: [{…}, {…}]` come in turn; a pause is `delay: 200ms`".to_owned();
        compiler.problem_hint(after.key, "`after` goes with `answers`", Some(hint));
    }
    match (outcomes.as_slice(), then) {
        ([answers], None) if answers.name == "answers" => Some(Answers {
            list: in_turn(compiler, method, answers.value, &effects)?,
            after: after.map_or(Some(After::Stay), |after| after_of(compiler, after.value))?,
            passes: false,
        }),
        ([outcome], None) => Some(Answers::one(answer(compiler, method, outcome, &effects)?)),
        ([], Some(then)) => {
            let does_nothing = effects.is_empty() && find(entries, "validate").is_none();
            expect_next(compiler, then, does_nothing);
            let passing = compiled(compiler, |compiler| {
                Some(Events {
                    open: compile_effects(compiler, method, &effects),
                    ..Events::default()
                })
            });
            Some(Answers {
                passes: true,
                ..Answers::one(passing?)
            })
        }
        // If there is an unknown key, it was reported already, and is probably the outcome misspelt.
        ([], None) if entries.len() < node.entries() => None,
        ([], None) => {
            let mut hint = format!("one of `{}`, `answers`", OUTCOMES.join("`, `"));
            if !effects.is_empty() {
                hint += "; or `then: next`, to let the next rule answer";
            }
            compiler.problem_hint(node, "a rule needs an outcome", Some(hint));
            None
        }
        ([outcome, ..], Some(then)) => {
            let name = &outcome.name;
            let message = format!("a rule has one outcome: this one has `{name}` and `then`");
            let hint = format!("leave out `then`, or with `{name}` the next rule never answers");
            compiler.problem_hint(then.key, message, Some(hint));
            None
        }
        ([first, second, ..], None) => {
            two_outcomes(compiler, "a rule", first, second);
            None
        }
    }
}

impl Answers {
    fn one(answer: Answer) -> Self {
        Self {
            list: vec![answer],
            after: After::Stay,
            passes: false,
        }
    }
}

fn effects<'e, 'n>(entries: &'e [Entry<'n>]) -> impl Iterator<Item = &'e Entry<'n>> {
    EFFECTS.iter().filter_map(|name| find(entries, name))
}

/// Compiles the list of `answers`. The effects of the rule come before those of each answer.
fn in_turn(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    node: &Node,
    of_rule: &[&Entry<'_>],
) -> Option<Vec<Answer>> {
    let items = match &node.value {
        Yaml::List(items) if !items.is_empty() => items,
        _ => {
            let found = if matches!(node.value, Yaml::List(_)) {
                "an empty one"
            } else {
                node.kind()
            };
            let hint = Some("such as `answers: [{status: {code: UNAVAILABLE}}, {reply: {}}]`".to_owned());
            compiler.problem_hint(node, format!("expected a list of answers, found {found}"), hint);
            return None;
        }
    };
    let known: Vec<&str> = OUTCOMES.iter().chain(&EFFECTS).copied().collect();
    let mut answers = Some(Vec::with_capacity(items.len()));
    for item in items {
        let field = |name: &str| in_reply(method, name);
        let Some(entries) = compiler.entries_meant(item, "an answer", &known, field) else {
            answers = None;
            continue;
        };
        let effects: Vec<&Entry<'_>> = of_rule.iter().copied().chain(effects(&entries)).collect();
        let outcomes = entries
            .iter()
            .filter(|entry| OUTCOMES.contains(&entry.name.as_str()));
        let answer = match outcomes.collect::<Vec<_>>().as_slice() {
            [outcome] => answer(compiler, method, outcome, &effects),
            [] if entries.len() < item.entries() => None,
            [] => {
                let hint = Some(format!("one of `{}`", OUTCOMES.join("`, `")));
                compiler.problem_hint(item, "an answer needs an outcome", hint);
                None
            }
            [first, second, ..] => {
                two_outcomes(compiler, "an answer", first, second);
                None
            }
        };
        // After a problem the rest is compiled all the same, to find its problems.
        answers = answers.zip(answer).map(|(mut answers, answer)| {
            answers.push(answer);
            answers
        });
    }
    answers
}

/// What to do about a key that is a field of the answer.
pub(super) fn in_reply(method: &Method, name: &str) -> Option<String> {
    let field = method.output().get_field_by_name(name)?;
    Some(if method.is_server_streaming() {
        format!(
            "it is a field of the messages: write `stream: [{{send: {{{}: …}}}}]`",
            field.name()
        )
    } else {
        format!(
            "it is a field of the answer: write `reply: {{{}: …}}`",
            field.name()
        )
    })
}

fn two_outcomes(compiler: &mut RuleCompiler<'_>, what: &str, first: &Entry<'_>, second: &Entry<'_>) {
    let message = format!(
        "{what} has one outcome: this one has `{}` and `{}`",
        first.name, second.name
    );
    let hint = "make them two rules, two of `answers`, or the steps of a `session`".to_owned();
    compiler.problem_hint(second.key, message, Some(hint));
}

fn after_of(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<After> {
    let text = node.key_text().unwrap_or_default();
    match text.as_str() {
        "stay" => Some(After::Stay),
        "cycle" => Some(After::Cycle),
        "next" => Some(After::Next),
        _ => {
            let hint = suggest::hint(&text, AFTER);
            compiler.problem_hint(node, format!("`after` cannot be `{text}`"), hint);
            None
        }
    }
}

/// Checks `then`, whose one value is `next`.
fn expect_next(compiler: &mut RuleCompiler<'_>, then: &Entry<'_>, does_nothing: bool) {
    if then.value.text() != Some("next") {
        let hint = Some("`then: next` lets the next rule that matches answer".to_owned());
        compiler.problem_hint(then.value, "`then` has one value, `next`", hint);
    } else if does_nothing {
        let hint = Some(format!("give it one of `validate`, `{}`", EFFECTS.join("`, `")));
        compiler.problem_hint(then.key, "this rule does nothing", hint);
    }
}

/// Compiles one answer.
fn answer(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    outcome: &Entry<'_>,
    effects: &[&Entry<'_>],
) -> Option<Answer> {
    let before = compiler.problems.len();
    let answer = compiled(compiler, |compiler| {
        compile_outcome(compiler, method, outcome, effects)
    })?;
    if compiler.problems.len() == before {
        cardinality::check(compiler, method, outcome.value, &answer);
        late_headers::check(compiler, method.is_client_streaming(), &answer);
    }
    Some(answer)
}

/// Compiles the events of an answer, and notes what they read.
fn compiled(
    compiler: &mut RuleCompiler<'_>,
    compile: impl FnOnce(&mut RuleCompiler<'_>) -> Option<Events>,
) -> Option<Answer> {
    compiler.uses = Uses::default();
    compiler.reads_request = false;
    compiler.cached = 0;
    compiler.state.clear();
    let compiled = compile(compiler);
    // The variables of a session have their first values; those beside an answer get them by the steps of its event.
    let declared = std::mem::take(&mut compiler.state);
    let mut events = compiled?;
    if events.state.is_empty() {
        events.state = declared
            .iter()
            .map(|_| ValueTemplate::Constant(Value::Null))
            .collect();
    }
    Some(Answer {
        refuses: events.open.refuse(),
        state: events.state,
        open: events.open,
        message: events.message,
        half_close: events.half_close,
        timers: events.timers.into(),
        signals: events.signals.into(),
        key: events.key,
        key_waits: events.key_waits,
        uses: compiler.uses,
        reads_request: compiler.reads_request,
        cached: compiler.cached,
        keeps_last: events.keeps_last,
    })
}
