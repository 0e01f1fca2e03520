//! Compiles the steps of an event to operations: when and how often each runs.
//!
//! What a step does is in `actions`, and the variables that it sets are in `assignments`.

use std::ops::Range;

use crate::cel::{Program, Type, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::other_words::PART_OF_LIST;
use crate::rules::compile::values::each::{
    compile_list, hint_at_keys, key_alone, loop_name, loop_variables, stored_loop,
};
use crate::rules::compile::values::pause::{compile_interval, compile_pause};
use crate::rules::compile::values::value::compile_count;
use crate::rules::plan::{Op, Steps, ValueTemplate};
use crate::schema::field_named;
use crate::yaml::{Entry, Node, Yaml};

/// The keys of a step that say what it does; each step has one.
pub(in crate::rules::compile) const ACTIONS: [&str; 17] = [
    "send",
    "send_file",
    "sample",
    "set",
    "wait",
    "log",
    "headers",
    "trailers",
    "flush",
    "status",
    "do",
    "choose",
    "signal",
    "append",
    "put",
    "delete",
    "clear",
];
/// The keys of a step that say when and how often it runs.
pub(in crate::rules::compile) const MODIFIERS: [&str; 10] = [
    "when", "repeat", "each", "as", "every", "key", "pause", "after", "limit", "follow",
];

/// Compiles the steps of one event.
pub(in crate::rules::compile) struct StepsCompiler<'s, 'c> {
    pub(in crate::rules::compile) compiler: &'s mut RuleCompiler<'c>,
    /// The type of responses.
    pub(super) output: &'s prost_reflect::MessageDescriptor,
    pub(super) ops: Vec<Op>,
    places: Vec<Range<usize>>,
}

/// The modifiers of a step.
#[derive(Default)]
pub(super) struct Modifiers<'n> {
    when: Option<&'n Node>,
    repeat: Option<&'n Node>,
    pub(super) each: Option<&'n Node>,
    pub(super) name: Option<&'n Node>,
    pub(super) every: Option<&'n Node>,
    key: Option<&'n Node>,
    pause: Option<&'n Node>,
    pub(super) after: Option<&'n Node>,
    pub(super) limit: Option<&'n Node>,
    pub(super) follow: Option<&'n Node>,
}

impl<'s, 'c> StepsCompiler<'s, 'c> {
    pub(in crate::rules::compile) fn new(
        compiler: &'s mut RuleCompiler<'c>,
        output: &'s prost_reflect::MessageDescriptor,
    ) -> Self {
        Self {
            compiler,
            output,
            ops: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(in crate::rules::compile) fn finish(self) -> Steps {
        Steps {
            ops: self.ops.into(),
            places: self.places.into(),
        }
    }

    /// Compiles a list of steps.
    pub(in crate::rules::compile) fn steps(&mut self, node: &Node) {
        match &node.value {
            Yaml::List(steps) => {
                for step in steps {
                    self.step(step);
                }
                self.warn_of_unreached(steps);
                self.warn_of_emptied_before(steps);
            }
            Yaml::Null => {}
            Yaml::Map(_) => {
                let hint = Some("put a `- ` before it".to_owned());
                self.compiler
                    .problem_hint(node, "expected a list of steps, found one", hint);
            }
            _ => {
                let message = format!("expected a list of steps, found {}", node.kind());
                let hint = "such as `[{send: {…}}]`".to_owned();
                self.compiler.problem_hint(node, message, Some(hint));
            }
        }
    }

    /// Warns of a step after one that is repeated until the call ends.
    fn warn_of_unreached(&mut self, steps: &[Node]) {
        let is_endless = |step: &Node| {
            let has = |name| step.get(name).is_some();
            let follows = step
                .get("follow")
                .is_some_and(|follow| follow.value == Yaml::Bool(true));
            has("every") && !has("repeat") && !has("each") || follows && !has("limit")
        };
        let ends = |step: &Node| {
            let is_only = |name| step.get(name).is_none();
            step.get("status").is_some() && ["when", "repeat", "each", "every"].into_iter().all(is_only)
        };
        if let Some([_, unreached]) = steps.windows(2).find(|pair| ends(&pair[0])) {
            let message = "this never runs: the status before it ends the call";
            self.compiler
                .warn(unreached, message, "put the status last, or give it a `when`");
        }
        if let Some(pair @ [_, unreached]) = steps.windows(2).find(|pair| is_endless(&pair[0])) {
            let message = "this never runs: the step before it runs again and again until the call ends";
            let hint = match pair[0].get("follow") {
                None => "`repeat: N` beside its `every` says how often it runs",
                Some(_) => "`limit: N` beside its `follow` says how often it runs",
            };
            self.compiler.warn(unreached, message, hint);
        }
    }

    fn step(&mut self, node: &Node) {
        if !matches!(node.value, Yaml::Map(_)) {
            let hint = match node.text() {
                Some("status" | "end" | "close") => "a step is a mapping: `status: {code: OK}`",
                Some("flush" | "headers") => "a step is a mapping: `flush: headers`",
                _ => "a step is a mapping, as in `send: {…}` or `wait: 200ms`",
            };
            let message = format!("expected a step, found {}", node.kind());
            self.compiler.problem_hint(node, message, Some(hint.to_owned()));
            return;
        }
        let known: Vec<&str> = ACTIONS.iter().chain(&MODIFIERS).copied().collect();
        let output = self.output;
        let field = |name: &str| {
            field_named(output, name)?;
            Some(format!("a message is sent with `send: {{{name}: …}}`"))
        };
        let entries = self.compiler.entries_meant(node, "a step", &known, field);
        let Some(entries) = entries else {
            return;
        };
        let mut modifiers = Modifiers::default();
        let mut actions: Vec<Entry<'_>> = Vec::new();
        for entry in entries {
            match entry.name.as_str() {
                "when" => modifiers.when = Some(entry.value),
                "repeat" => modifiers.repeat = Some(entry.value),
                "each" => modifiers.each = Some(entry.value),
                "as" => modifiers.name = Some(entry.value),
                "every" => modifiers.every = Some(entry.value),
                "key" => modifiers.key = Some(entry.value),
                "pause" => modifiers.pause = Some(entry.value),
                "after" => modifiers.after = Some(entry.value),
                "limit" => modifiers.limit = Some(entry.value),
                "follow" => modifiers.follow = Some(entry.value),
                _ => actions.push(entry),
            }
        }
        match actions.as_slice() {
            [action] => self.looped(&modifiers, action),
            [] => {
                // If there is an unknown key, it was reported already.
                if node.entries() == modifiers.count() {
                    let hint = Some(format!("one of `{}`", ACTIONS.join("`, `")));
                    self.compiler.problem_hint(node, "a step needs an action", hint);
                }
            }
            [first, second, ..] => {
                let message = format!(
                    "a step has one action: this one has `{}` and `{}`",
                    first.name, second.name
                );
                let hint = Some("make them two steps".to_owned());
                self.compiler.problem_hint(second.key, message, hint);
            }
        }
    }

    /// Compiles a step with its loop, if it has one. Its condition is evaluated in each round.
    fn looped(&mut self, modifiers: &Modifiers<'_>, action: &Entry<'_>) {
        let mut key = None;
        let list = match (modifiers.repeat, modifiers.each) {
            (None, Some(list)) => compile_list(self.compiler, list),
            _ => None,
        };
        let list = match list {
            Some(list) if list.rows().is_some() => return self.rows(list, modifiers, action),
            list => list,
        };
        // A list that has a problem of its own may be meant as one of a collection.
        if list.is_some() || modifiers.each.is_none() {
            self.warn_of_list(modifiers);
        }
        let (begin, variables) = match (modifiers.repeat, modifiers.each) {
            (None, None) if modifiers.every.is_none() => {
                if let Some(name) = modifiers.name {
                    let hint = "add the loop, as in `each: \"${request.items}\"`, or leave it out".to_owned();
                    let message = "`as` goes with `repeat`, `each` or `every`";
                    self.compiler.problem_hint(name, message, Some(hint));
                }
                self.conditional(modifiers, action);
                return;
            }
            (None, None) => {
                let count = Some(ValueTemplate::Constant(Value::Int(i64::MAX)));
                self.counted(modifiers, count)
            }
            (Some(_), Some(each)) => {
                let hint = "put one into the other: `{repeat: 2, do: [{each: …, send: {…}}]}`".to_owned();
                let message = "`repeat` and `each` are both here: a step has one loop";
                self.compiler.problem_hint(each, message, Some(hint));
                return;
            }
            (Some(count), None) => {
                let count = compile_count(self.compiler, count, "repeat");
                self.counted(modifiers, count)
            }
            (None, Some(_)) => {
                let found = list.as_ref().map(Program::result_type);
                let variables = loop_variables(self.compiler, modifiers.name, found);
                key = key_alone(found, &variables);
                let pairs = variables.len() == 2;
                let begin = list.map(|list| Op::Each {
                    list: Box::new(list),
                    pairs,
                    end: 0,
                });
                (begin, variables)
            }
        };
        let is_endless = modifiers.is_endless();
        let every = modifiers.every.and_then(|every| {
            let compile = if is_endless {
                compile_interval
            } else {
                compile_pause
            };
            compile(self.compiler, every, "every")
        });
        let start = self.ops.len();
        let of_store = modifiers.each.and_then(|list| stored_loop(list, &variables));
        let place = modifiers.repeat.or(modifiers.each).unwrap_or(action.key);
        self.push(begin, place);
        let body = self.ops.len();
        let around = self.compiler.locals.len();
        self.compiler.locals.extend(variables);
        let before = self.compiler.problems.len();
        self.compiler.stored.begin_loop(of_store);
        self.conditional(modifiers, action);
        self.compiler.stored.end_loop();
        if let Some(key) = &key {
            hint_at_keys(self.compiler, before, key);
        }
        self.compiler.locals.truncate(around);
        self.push(Some(Op::Next { body, every }), modifiers.every.unwrap_or(place));
        let after = self.ops.len();
        if let Some(Op::Repeat { end, .. } | Op::Each { end, .. }) = self.ops.get_mut(start) {
            *end = after;
        }
    }

    /// Tells of what only a loop over a collection has.
    fn warn_of_list(&mut self, modifiers: &Modifiers<'_>) {
        let of_rows = [
            ("after", modifiers.after),
            ("limit", modifiers.limit),
            ("follow", modifiers.follow),
        ];
        for (name, node) in of_rows {
            if let Some(node) = node {
                let hint = match name {
                    "limit" => PART_OF_LIST,
                    _ => "such as `each: \"${collection.points}\"`",
                };
                let message = format!("`{name}` goes with an `each` over a collection");
                self.compiler
                    .constant_problem(node, message, Some(hint.to_owned()));
            }
        }
    }

    /// The begin of a loop with a counter, and the counter.
    fn counted(
        &mut self,
        modifiers: &Modifiers<'_>,
        count: Option<ValueTemplate>,
    ) -> (Option<Op>, Vec<(String, Type)>) {
        if let (Some(repeat), Some(ValueTemplate::Constant(Value::Int(0)))) = (modifiers.repeat, &count) {
            let hint = "`repeat: 1` runs it once";
            self.compiler
                .warn(repeat, "with `repeat: 0` this step never runs", hint);
        }
        let name = match modifiers.name {
            Some(name) => loop_name(self.compiler, name),
            None => "i".to_owned(),
        };
        let begin = count.map(|count| Op::Repeat { count, end: 0 });
        (begin, vec![(name, Type::Int)])
    }

    pub(super) fn conditional(&mut self, modifiers: &Modifiers<'_>, action: &Entry<'_>) {
        let Some(when) = modifiers.when else {
            self.modified(modifiers, action);
            return;
        };
        let condition = self.compiler.condition(when);
        let jump = self.ops.len();
        self.push(
            condition.map(|condition| Op::Unless {
                condition: Box::new(condition),
                to: 0,
            }),
            when,
        );
        self.modified(modifiers, action);
        let after = self.ops.len();
        if let Some(Op::Unless { to, .. }) = self.ops.get_mut(jump) {
            *to = after;
        }
    }

    /// Adds the action of a step, with the modifiers that are its own.
    fn modified(&mut self, modifiers: &Modifiers<'_>, action: &Entry<'_>) {
        match modifiers.pause {
            Some(pause) if action.name != "send_file" => {
                let hint =
                    "`wait` is a step of its own, and `every` pauses between the rounds of a loop".to_owned();
                self.compiler
                    .problem_hint(pause, "`pause` goes with `send_file`", Some(hint));
            }
            pause if action.name == "send_file" && modifiers.key.is_none() => {
                self.send_file(action.value, pause, modifiers.is_endless());
            }
            _ => self.action(action, modifiers.key),
        }
    }

    /// Adds the operation of `node`.
    pub(in crate::rules::compile) fn push(&mut self, op: Option<Op>, node: &Node) {
        if let Some(op) = op {
            self.ops.push(op);
            self.places.push(node.span.clone());
        }
    }
}

impl Modifiers<'_> {
    /// Whether the step runs again and again until the call ends.
    fn is_endless(&self) -> bool {
        self.every.is_some() && self.repeat.is_none() && self.each.is_none()
    }

    fn count(&self) -> usize {
        let all = [
            self.when,
            self.repeat,
            self.each,
            self.name,
            self.every,
            self.key,
            self.pause,
            self.after,
            self.limit,
            self.follow,
        ];
        all.iter().flatten().count()
    }
}
