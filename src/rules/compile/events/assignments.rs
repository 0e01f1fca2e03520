//! Compiles the variables that a step sets, or that a rule declares beside its answer.
//!
//! A variable of the call keeps the type of its first value. A place of the store is shared by all calls, and has whatever was
//! set last.

use super::set_places::{SetPlaces, emptied_first};
use super::steps::StepsCompiler;
use super::variables::variable_name;
use crate::cel::Type;
use crate::rules::compile::identifier::is_identifier;
use crate::rules::compile::stored::Kind;
use crate::rules::compile::values::value::{assignable, compile_value};
use crate::rules::plan::{Assignment, IntAssignment, Op, ValueTemplate, Variable};
use crate::suggest;
use crate::yaml::{Node, Yaml};

impl StepsCompiler<'_, '_> {
    /// Warns of a name of the language where a text would be stored or logged: `set: {store.last: request}`.
    pub(super) fn warn_of_root(&mut self, node: &Node) {
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

    pub(super) fn set(&mut self, node: &Node) -> Option<Op> {
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
                program: *program,
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
        self.warn_of_emptied(entries.iter());
        Some(assignments)
    }

    /// Warns of a map that these entries of `set` empty before they set something in it.
    fn warn_of_emptied<'n>(&mut self, entries: impl Iterator<Item = &'n (Node, Node)>) {
        if let Some((value, map, entry)) = emptied_first(entries) {
            let message = format!("this empties `{map}` each time, so that it holds no more than `{entry}`");
            let hint = format!("leave `{map}` out: what is set in a map makes it");
            self.compiler.warn(value, message, hint);
        }
    }

    /// The same, where one step empties it, and the next sets something in it.
    pub(super) fn warn_of_emptied_before(&mut self, steps: &[Node]) {
        for pair in steps.windows(2) {
            let (Some(first), Some(second)) = (set_alone(&pair[0]), set_alone(&pair[1])) else {
                continue;
            };
            let is_told = |entries: &[(Node, Node)]| emptied_first(entries.iter()).is_some();
            if !is_told(first) && !is_told(second) {
                self.warn_of_emptied(first.iter().chain(second));
            }
        }
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
}

/// What a step sets, if it does nothing else.
fn set_alone(step: &Node) -> Option<&[(Node, Node)]> {
    match &step.get("set")?.value {
        Yaml::Map(entries) if step.entries() == 1 => Some(entries),
        _ => None,
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
