//! The steps that write to collections, and the loops that read them.

use super::steps::{Modifiers, StepsCompiler};
use crate::cel::{CollectionType, FieldReader, Program, Type};
use crate::rules::compile::other_words::REMOVES_VARIABLE;
use crate::rules::compile::template::compile_template;
use crate::rules::compile::values::each::loop_variables;
use crate::rules::compile::values::pause::compile_pause;
use crate::rules::compile::values::value::{compile_count, compile_value};
use crate::rules::plan::{Change, Op, RowsStep, StoreStep, ValueTemplate};
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml};

/// The actions that write to collections.
pub(in crate::rules::compile) const WRITES: [&str; 4] = ["append", "put", "delete", "clear"];

impl StepsCompiler<'_, '_> {
    /// Adds the writes of `append`, `put`, `delete` or `clear`, in the order in which they are written.
    pub(super) fn write(&mut self, action: &Entry<'_>) {
        let node = action.value;
        if node.text().is_some_and(|text| text.starts_with("store.")) {
            let message = format!(
                "expected a collection, found `{}`",
                node.text().unwrap_or_default()
            );
            return self
                .compiler
                .add(node.span.clone(), message, Some(REMOVES_VARIABLE.to_owned()));
        }
        if action.name == "clear" {
            if node.text().is_none() {
                let message = format!("expected the name of a collection, found {}", node.kind());
                let hint = Some("such as `clear: books`".to_owned());
                return self.compiler.problem_hint(node, message, hint);
            }
            let place = self.collection_named(node, node.text().unwrap_or_default());
            let op = place.map(|place| store(place, Change::Clear));
            return self.push(op, node);
        }
        let entries = match &node.value {
            Yaml::Map(entries) if !entries.is_empty() => entries,
            found => {
                let what = if action.name == "delete" {
                    "${request.id}"
                } else {
                    "${request}"
                };
                let found = match found {
                    Yaml::Map(_) => "an empty mapping",
                    _ => node.kind(),
                };
                let message = format!("expected the name of a collection and what is written, found {found}");
                let hint = format!("such as `{}: {{books: \"{what}\"}}`", action.name);
                return self.compiler.problem_hint(node, message, Some(hint));
            }
        };
        for (key, value) in entries {
            let Some(place) = self.collection_named(key, &key.key_text().unwrap_or_default()) else {
                continue;
            };
            let of = self.compiler.collections[place].clone();
            if !self.fits(&action.name, key, &of) {
                continue;
            }
            let change = match action.name.as_str() {
                "delete" => self.key_of(value, &of).map(Change::Delete),
                _ => compile_template(self.compiler, value, &of.message).map(Change::Put),
            };
            self.push(change.map(|change| store(place, change)), value);
        }
    }

    /// Whether the collection has a key where the action needs one, and none where it would be lost.
    fn fits(&mut self, action: &str, key: &Node, of: &CollectionType) -> bool {
        let name = &of.name;
        let (message, hint) = match (action, &of.key) {
            ("append", Some(field)) => (
                format!("the collection `{name}` has the key `{}`", field.name()),
                format!("write `put: {{{name}: …}}`, which takes the place of the message with the same key"),
            ),
            ("put", None) => (
                format!("the collection `{name}` has no key"),
                format!("write `append: {{{name}: …}}`, or declare a `key`"),
            ),
            ("delete", None) => (
                format!("the collection `{name}` has no key"),
                format!("declare a `key`; `clear: {name}` takes away all messages"),
            ),
            _ => return true,
        };
        self.compiler.constant_problem(key, message, Some(hint));
        false
    }

    /// The place of the collection that a node names.
    fn collection_named(&mut self, node: &Node, name: &str) -> Option<usize> {
        let collections = &self.compiler.collections;
        if let Some(place) = collections.iter().position(|of| of.name == name) {
            return Some(place);
        }
        let hint = match collections.len() {
            0 => Some(
                "declare it at the top of a rules file: `collections: {name: package.Message}`".to_owned(),
            ),
            _ => suggest::hint(name, collections.iter().map(|of| of.name.as_str())),
        };
        let message = match name {
            "" => format!("expected the name of a collection, found {}", node.kind()),
            name => format!("there is no collection `{name}`"),
        };
        self.compiler.constant_problem(node, message, hint);
        None
    }

    /// The key of the message that `delete` takes away.
    fn key_of(&mut self, node: &Node, of: &CollectionType) -> Option<ValueTemplate> {
        let (value, found) = compile_value(self.compiler, node)?;
        let due = FieldReader::of(of.key.as_ref()?).value_type();
        if found == due
            || matches!(
                (&found, &due),
                (Type::Dyn, _) | (Type::Int, Type::Uint | Type::Enum(_))
            )
        {
            return Some(value);
        }
        let message = format!("the key of `{}` is {due}, found {found}", of.name);
        self.compiler.problem_hint(node, message, None);
        None
    }

    /// Adds a loop over the messages of a collection.
    pub(super) fn rows(&mut self, list: Program, modifiers: &Modifiers<'_>, action: &Entry<'_>) {
        let place = modifiers.each.unwrap_or(action.key);
        let variables = loop_variables(self.compiler, modifiers.name, Some(list.result_type()));
        let follow = self.follow(modifiers, &list);
        let after = modifiers.after.and_then(|node| self.after(node));
        let limit = modifiers
            .limit
            .and_then(|node| compile_count(self.compiler, node, "limit"));
        let every = modifiers
            .every
            .and_then(|every| compile_pause(self.compiler, every, "every"));
        let begin = self.ops.len();
        let step = RowsStep {
            list,
            pairs: variables.len() == 2,
            after,
            limit,
            follow,
            next: 0,
        };
        self.push(Some(Op::Rows(Box::new(step))), place);
        let around = self.compiler.locals.len();
        self.compiler.locals.extend(variables);
        self.compiler.stored.begin_loop(None);
        self.conditional(modifiers, action);
        self.compiler.stored.end_loop();
        self.compiler.locals.truncate(around);
        let end = self.ops.len();
        self.push(
            Some(Op::NextRow { begin, every }),
            modifiers.every.unwrap_or(place),
        );
        if let Some(Op::Rows(step)) = self.ops.get_mut(begin) {
            step.next = end;
        }
    }

    fn follow(&mut self, modifiers: &Modifiers<'_>, list: &Program) -> bool {
        let Some(node) = modifiers.follow else {
            return false;
        };
        match node.value {
            Yaml::Bool(false) => false,
            Yaml::Bool(true) => {
                if list.rows().is_some_and(|rows| !rows.is_oldest_first()) {
                    let hint = "leave out `.newest()`: what comes is newer than all that is there".to_owned();
                    let message = "`follow` goes on with what comes, and this begins with the newest";
                    self.compiler.problem_hint(node, message, Some(hint));
                }
                true
            }
            _ => {
                let message = format!("`follow` is true or false, found {}", node.kind());
                self.compiler.problem_hint(node, message, None);
                false
            }
        }
    }

    /// The position after which a loop begins: a number, or the text of one.
    fn after(&mut self, node: &Node) -> Option<ValueTemplate> {
        let (value, found) = compile_value(self.compiler, node)?;
        if matches!(found, Type::Int | Type::Uint | Type::String | Type::Dyn) {
            return Some(value);
        }
        let hint = "such as `after: \"${request.page_token}\"`; `as: [position, item]` names the position"
            .to_owned();
        let message = format!("`after` needs a position, found {found}");
        self.compiler.problem_hint(node, message, Some(hint));
        None
    }
}

fn store(collection: usize, change: Change) -> Op {
    Op::Store(Box::new(StoreStep { collection, change }))
}
