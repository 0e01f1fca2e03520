//! Compiles the steps of an event to operations.

use std::ops::Range;

use super::set_places::SetPlaces;
use super::variables::variable_name;
use crate::cel::{Program, Type, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::identifier::is_identifier;
use crate::rules::compile::signals::RaisedSignal;
use crate::rules::compile::stored::Kind;
use crate::rules::compile::template::{compile_template, constant_template};
use crate::rules::compile::values::each::{
    compile_list, hint_at_keys, key_alone, loop_name, loop_variables, stored_loop,
};
use crate::rules::compile::values::message_file::compile_message_file;
use crate::rules::compile::values::metadata::{MetadataKind, compile_metadata};
use crate::rules::compile::values::pause::{compile_interval, compile_pause};
use crate::rules::compile::values::sample::compile_sample;
use crate::rules::compile::values::status::compile_status;
use crate::rules::compile::values::text::compile_text_node;
use crate::rules::compile::values::value::{assignable, compile_count, compile_value};
use crate::rules::plan::{
    Assignment, IntAssignment, Op, Pause, Sampler, SignalStep, Steps, Text, ValueTemplate, Variable,
};
use crate::schema::field_named;
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml};

/// The keys of a step that say what it does; each step has one.
pub(in crate::rules::compile) const ACTIONS: [&str; 13] = [
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
];
/// The keys of a step that say when and how often it runs.
pub(in crate::rules::compile) const MODIFIERS: [&str; 7] =
    ["when", "repeat", "each", "as", "every", "key", "pause"];

/// Compiles the steps of one event.
pub(in crate::rules::compile) struct StepsCompiler<'s, 'c> {
    pub(in crate::rules::compile) compiler: &'s mut RuleCompiler<'c>,
    /// The type of responses.
    output: &'s prost_reflect::MessageDescriptor,
    ops: Vec<Op>,
    places: Vec<Range<usize>>,
}

/// The modifiers of a step.
#[derive(Default)]
struct Modifiers<'n> {
    when: Option<&'n Node>,
    repeat: Option<&'n Node>,
    each: Option<&'n Node>,
    name: Option<&'n Node>,
    every: Option<&'n Node>,
    key: Option<&'n Node>,
    pause: Option<&'n Node>,
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
            has("every") && !has("repeat") && !has("each")
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
        if let Some([_, unreached]) = steps.windows(2).find(|pair| is_endless(&pair[0])) {
            let message = "this never runs: the step before it runs again and again until the call ends";
            let hint = "`repeat: N` beside its `every` says how often it runs";
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
            (None, Some(list)) => {
                let list = compile_list(self.compiler, list);
                let found = list.as_ref().map(Program::result_type);
                let variables = loop_variables(self.compiler, modifiers.name, found);
                key = key_alone(found, &variables);
                let pairs = variables.len() == 2;
                let begin = list.map(|list| Op::Each { list, pairs, end: 0 });
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

    fn conditional(&mut self, modifiers: &Modifiers<'_>, action: &Entry<'_>) {
        let Some(when) = modifiers.when else {
            self.modified(modifiers, action);
            return;
        };
        let condition = self.compiler.condition(when);
        let jump = self.ops.len();
        self.push(condition.map(|condition| Op::Unless { condition, to: 0 }), when);
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

    /// Adds the messages of a file, with pauses between them.
    pub(in crate::rules::compile) fn send_file(
        &mut self,
        node: &Node,
        pause: Option<&Node>,
        is_endless: bool,
    ) {
        let messages = compile_message_file(self.compiler, node, self.output);
        let count = messages.as_ref().map_or(0, |messages| messages.len());
        if is_endless && count > 1 {
            let message = format!("the {count} messages of this file are sent together, again and again");
            let hint = "`pause` in place of `every` sends them one by one, once; if the file is meant to be sent again, put it \
                        into the loop: `{every: 5s, do: [{send_file: …}]}`";
            self.compiler.warn(node, message, hint);
        }
        let pause = match pause {
            None => None,
            Some(node) => match compile_pause(self.compiler, node, "pause") {
                Some(Pause::Constant(pause)) => Some(pause),
                Some(_) => {
                    let hint = "such as `200ms`".to_owned();
                    let message = "the `pause` of a file is a constant";
                    self.compiler.problem_hint(node, message, Some(hint));
                    None
                }
                None => None,
            },
        };
        for (place, message) in messages.iter().flat_map(|messages| messages.iter()).enumerate() {
            if let Some(pause) = pause.filter(|_| place > 0) {
                self.push(Some(Op::Wait(Pause::Constant(pause))), node);
            }
            self.push(Some(Op::Send(constant_template(message))), node);
        }
    }

    /// Adds an action: that of a step, or what a rule does beside its answer, whose `delay` is a `wait`.
    pub(in crate::rules::compile) fn action(&mut self, action: &Entry<'_>, key: Option<&Node>) {
        let node = action.value;
        if let (Some(key), true) = (key, action.name != "signal") {
            let hint = "leave it out; the key of the signals that a call receives is one of the `session`"
                .to_owned();
            self.compiler
                .problem_hint(key, "`key` goes with `signal`", Some(hint));
        }
        let op = match action.name.as_str() {
            "send" => compile_template(self.compiler, node, self.output).map(Op::Send),
            "sample" => {
                self.sample(node);
                None
            }
            "send_file" => {
                self.send_file(node, None, false);
                None
            }
            "set" => self.set(node),
            "wait" => compile_pause(self.compiler, node, "wait").map(Op::Wait),
            "delay" => compile_pause(self.compiler, node, "delay").map(Op::Wait),
            "log" => self.log(node).map(Op::Log),
            "headers" => compile_metadata(self.compiler, node, MetadataKind::Headers),
            "trailers" => compile_metadata(self.compiler, node, MetadataKind::Trailers),
            "flush" if node.text() == Some("headers") => Some(Op::FlushHeaders),
            "flush" => {
                let hint = "write `flush: headers`; each message is sent at once, without it".to_owned();
                self.compiler
                    .problem_hint(node, "`flush` has one value, `headers`", Some(hint));
                None
            }
            "status" => compile_status(self.compiler, node).map(|status| Op::Status(Box::new(status))),
            "signal" => self.signal(node, key),
            "do" => {
                self.steps(node);
                None
            }
            _ => {
                self.choose(node);
                None
            }
        };
        self.push(op, node);
    }

    /// Adds a step that sends a made-up message.
    pub(in crate::rules::compile) fn sample(&mut self, node: &Node) {
        let sample = compile_sample(self.compiler, node, self.output);
        // It copies what the request and the answer have in common.
        self.compiler.uses.request |= self.compiler.request;
        self.compiler.reads_request = true;
        self.push(sample.map(|sample| Op::Sample(Box::new(sample))), node);
    }

    /// Adds a loop that sends as many of them as a stream of samples has.
    pub(in crate::rules::compile) fn samples(&mut self, node: &Node) {
        let count = self.compiler.sampler.as_ref().map_or(0, Sampler::messages);
        let start = self.ops.len();
        let count = Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let begin = Op::Repeat {
            count: ValueTemplate::Constant(count),
            end: start + 3,
        };
        self.push(Some(begin), node);
        self.compiler.locals.push(("i".to_owned(), Type::Int));
        self.sample(node);
        self.compiler.locals.pop();
        let next = Op::Next {
            body: start + 1,
            every: None,
        };
        self.push(Some(next), node);
    }

    fn log(&mut self, node: &Node) -> Option<Text> {
        self.warn_of_root(node);
        self.compiler.to_log = true;
        let is_prose = std::mem::replace(&mut self.compiler.is_prose, true);
        let text = compile_text_node(self.compiler, node, "a text");
        self.compiler.to_log = false;
        self.compiler.is_prose = is_prose;
        text
    }

    /// Warns of a name of the language where a text would be stored or logged: `set: {store.last: request}`.
    fn warn_of_root(&mut self, node: &Node) {
        if let Some(name @ ("request" | "requests" | "received" | "metadata" | "now")) = node.text() {
            let message = format!("`{name}` is plain text, not an expression");
            let hint = format!("write `${{{name}}}`; text in `${{'…'}}` is sent as it is");
            self.compiler.warn(node, message, hint);
        }
    }

    /// Declares the variables that a rule has beside its answer; each is in scope for those after it.
    pub(in crate::rules::compile) fn declared(&mut self, node: &Node) -> Vec<Assignment> {
        let Yaml::Map(entries) = &node.value else {
            let message = format!("expected variables and their values, found {}", node.kind());
            let hint = "such as `{id: \"${uuid()}\"}`".to_owned();
            self.compiler.problem_hint(node, message, Some(hint));
            return Vec::new();
        };
        let mut assignments = Vec::with_capacity(entries.len());
        self.compiler.stored.are_declared(self.compiler.stored.len());
        for (key, value) in entries {
            let Some(name) = variable_name(self.compiler, key) else {
                continue;
            };
            self.warn_of_root(value);
            let compiled = compile_value(self.compiler, value);
            // A variable whose value has a problem is declared all the same, so that its uses are no problems.
            let found = compiled.as_ref().map_or(Type::Dyn, |(_, found)| found.clone());
            let place = self.compiler.state.len();
            self.compiler.state.push((name.clone(), found));
            assignments.extend(compiled.map(|(value, _)| Assignment {
                variable: Variable::Declared(place),
                name,
                value,
                at: key.span.start,
            }));
        }
        assignments
    }

    /// Adds what sets these variables, if there are any.
    pub(in crate::rules::compile) fn push_set(&mut self, assignments: Vec<Assignment>, node: &Node) {
        if !assignments.is_empty() {
            self.push(Some(Op::Set(assignments.into())), node);
        }
    }

    /// Adds a `set` that declares variables first.
    pub(in crate::rules::compile) fn set_after(&mut self, mut first: Vec<Assignment>, node: &Node) {
        if first.is_empty() {
            let op = self.set(node);
            return self.push(op, node);
        }
        first.extend(self.assignments(node).unwrap_or_default());
        self.push_set(first, node);
    }

    fn set(&mut self, node: &Node) -> Option<Op> {
        let assignments = self.assignments(node)?;
        Some(match <[Assignment; 1]>::try_from(assignments) {
            Ok(
                [
                    Assignment {
                        variable: Variable::State(place, Type::Int),
                        name,
                        value: ValueTemplate::Program(program),
                        at: _,
                    },
                ],
            ) if *program.result_type() == Type::Int => Op::SetInt(Box::new(IntAssignment {
                added: program.added_to_state(place),
                place,
                name,
                program,
            })),
            Ok(one) => Op::Set(one.into()),
            Err(more) => Op::Set(more.into()),
        })
    }

    /// The variables of a `set`, with their values.
    fn assignments(&mut self, node: &Node) -> Option<Vec<Assignment>> {
        let Yaml::Map(entries) = &node.value else {
            let message = format!("expected variables and their values, found {}", node.kind());
            let hint = "such as `{store.orders: 1}`".to_owned();
            self.compiler.problem_hint(node, message, Some(hint));
            return None;
        };
        if entries.is_empty() {
            let hint = "such as `{store.orders: 1}`";
            self.compiler.warn(node, "this `set` sets nothing", hint);
        }
        let mut assignments = Vec::with_capacity(entries.len());
        let mut places = SetPlaces::default();
        let (reads, sets) = (self.compiler.stored.len(), self.compiler.stored.sets.len());
        for (key, value) in entries {
            let name = key.key_text().unwrap_or_default();
            let set = self.compiler.stored.sets.len();
            let variable = self.variable(key, &name, value);
            if let Some((message, hint)) = places.clash(&name, value) {
                self.compiler.add(key.span.clone(), message, Some(hint));
            }
            self.warn_of_root(value);
            let template = compile_value(self.compiler, value);
            let (Some(variable), Some((template, found))) = (variable, template) else {
                continue;
            };
            self.compiler.stored.set_to(set, Kind::of(value, &found));
            if let Variable::State(_, kept) = &variable
                && !assignable(kept, &found)
            {
                let message = format!("`{name}` is {kept}, this is {found}");
                let hint = Some("a variable keeps the type of its first value".to_owned());
                self.compiler.problem_hint(value, message, hint);
                continue;
            }
            assignments.push(Assignment {
                variable,
                name,
                value: template,
                at: key.span.start,
            });
        }
        self.compiler.stored.are_set_together(reads, sets);
        Some(assignments)
    }

    /// The variable that a key of `set` names: `n` of the state, or a place of the store: `store.orders[request.id].status`.
    fn variable(&mut self, key: &Node, name: &str, value: &Node) -> Option<Variable> {
        if name
            .strip_prefix("store")
            .is_some_and(|rest| rest.starts_with(['.', '[']))
        {
            let before = self.compiler.stored.len();
            let place = self.compiler.expression(key, name, 0)?;
            if place.is_place_of_store() {
                self.compiler.stored.is_set(before);
                return Some(Variable::Store(place));
            }
            let hint = Some("such as `store.orders[request.id].status`".to_owned());
            let message = format!("`{name}` is not a place of the store");
            self.compiler.add(key.span.clone(), message, hint);
            return None;
        }
        let value_entries = match &value.value {
            Yaml::Map(entries) => entries.first(),
            _ => None,
        };
        let variables = &self.compiler.state;
        if let Some(place) = variables.iter().position(|(known, _)| known == name) {
            return Some(Variable::State(place, variables[place].1.clone()));
        }
        let hint = match value_entries {
            Some((first, value)) if name == "store" => {
                let (first, value) = (first.key_text().unwrap_or_default(), value.key_text());
                format!("write `store.{first}: {}`", value.as_deref().unwrap_or("…"))
            }
            _ => variable_hint(name, variables),
        };
        let message = format!("there is no variable `{name}`");
        self.compiler.add(key.span.clone(), message, Some(hint));
        None
    }

    fn signal(&mut self, node: &Node, key: Option<&Node>) -> Option<Op> {
        if matches!(node.value, Yaml::Map(_)) {
            let hint = "write `signal: name`, and `key: …` beside it".to_owned();
            let message = format!("expected the name of a signal, found {}", node.kind());
            self.compiler.problem_hint(node, message, Some(hint));
            return None;
        }
        let name = compile_text_node(self.compiler, node, "the name of a signal")?;
        self.compiler.signals.raised.push(RaisedSignal {
            // A template of another tool, which is told of, is no name.
            name: name.constant().filter(|name| !name.contains('{')),
            place: node.span.clone(),
            key: key.map(|key| key.span.clone()),
        });
        let key = match key {
            Some(key) => Some(compile_text_node(self.compiler, key, "a text")?),
            None => None,
        };
        Some(Op::Signal(Box::new(SignalStep { name, key })))
    }

    /// Compiles the cases of `choose`. After the steps of a case a jump leads to the end.
    fn choose(&mut self, node: &Node) {
        let Yaml::List(cases) = &node.value else {
            let message = format!("expected a list of cases, found {}", node.kind());
            let hint = "such as `[{when: request.count > 1, do: […]}, {do: […]}]`".to_owned();
            self.compiler.problem_hint(node, message, Some(hint));
            return;
        };
        if cases.is_empty() {
            let hint = "such as `[{when: request.count > 1, do: […]}, {do: […]}]`";
            self.compiler.warn(node, "this `choose` has no cases", hint);
        }
        let mut to_end = Vec::new();
        for (case, place) in cases.iter().zip(1..) {
            let Some(entries) = self.compiler.entries(case, "a case", &["when", "do"]) else {
                continue;
            };
            let find = |name: &str| {
                entries
                    .iter()
                    .find(|entry| entry.name == name)
                    .map(|entry| entry.value)
            };
            let (when, steps) = (find("when"), find("do"));
            let last = place == cases.len();
            if when.is_none() && !last {
                let message = "only the last case can be without `when`: those after it never run";
                let hint = "put it last, or give it a `when`".to_owned();
                self.compiler.problem_hint(case, message, Some(hint));
            }
            let Some(steps) = steps else {
                // If there is an unknown key, it was reported already, and is probably what the case does.
                if entries.len() == case.entries() {
                    let hint = "add `do: […]`, its steps".to_owned();
                    self.compiler.problem_hint(case, "a case needs `do`", Some(hint));
                }
                continue;
            };
            let condition = when.and_then(|when| self.compiler.condition(when));
            let jump = self.ops.len();
            self.push(
                condition.map(|condition| Op::Unless { condition, to: 0 }),
                when.unwrap_or(case),
            );
            self.steps(steps);
            if !last {
                to_end.push(self.ops.len());
                self.push(Some(Op::Jump(0)), case);
            }
            let after = self.ops.len();
            if let Some(Op::Unless { to, .. }) = self.ops.get_mut(jump) {
                *to = after;
            }
        }
        let end = self.ops.len();
        for jump in to_end {
            self.ops[jump] = Op::Jump(end);
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

/// What to write for a variable that does not exist.
fn variable_hint(name: &str, variables: &[(String, Type)]) -> String {
    let known = || variables.iter().map(|(known, _)| known.as_str());
    let plain = name.trim_matches(|edge| "${} ".contains(edge));
    let of_state = plain.strip_prefix("state.").unwrap_or(plain);
    if plain.starts_with("store.") && plain != name {
        format!("write `{plain}`")
    } else if known().any(|known| known == of_state) {
        format!("write `{of_state}`")
    } else if let Some(near) = suggest::hint(name, known()) {
        near
    } else if is_identifier(of_state) {
        format!(
            "`store.{of_state}` is shared by all calls; the variables of one call are declared in `state`"
        )
    } else {
        "a variable is `store.name`, or a name that `state` declares".to_owned()
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
        ];
        all.iter().flatten().count()
    }
}
