//! Compiles what a step does, once it is known when and how often it does it.
//!
//! Most actions are one operation; samples, files with pauses and `choose` are several.

use super::collections::WRITES;
use super::steps::StepsCompiler;
use crate::cel::{Type, Value};
use crate::rules::compile::signals::RaisedSignal;
use crate::rules::compile::template::{compile_template, constant_template};
use crate::rules::compile::values::message_file::compile_message_file;
use crate::rules::compile::values::metadata::{MetadataKind, compile_metadata};
use crate::rules::compile::values::pause::compile_pause;
use crate::rules::compile::values::sample::compile_sample;
use crate::rules::compile::values::status::compile_status;
use crate::rules::compile::values::text::compile_text_node;
use crate::rules::plan::{Op, Pause, Sampler, SignalStep, Text, ValueTemplate};
use crate::yaml::{Entry, Node, Yaml, find};

impl StepsCompiler<'_, '_> {
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
            name if WRITES.contains(&name) => {
                self.write(action);
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
            let value = |name| find(&entries, name).map(|entry| entry.value);
            let (when, steps) = (value("when"), value("do"));
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
                condition.map(|condition| Op::Unless {
                    condition: Box::new(condition),
                    to: 0,
                }),
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
}
