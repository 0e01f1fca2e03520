//! Compiles values that are not fields of a message: the variables of `state`, numbers of rounds, keys. Loops that make
//! lists and maps begin here also where they make fields, since what they skip is such a value.

use std::borrow::Cow;

use super::each::{
    Due, LITERAL, compile_list, hint_at_keys, is_loop, key_alone, loop_entries, loop_variables, stored_loop,
};
use super::page::compile_page;
use super::text::compile_text_pieces;
use crate::cel::{Program, Type, Value};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::interpolation::Piece;
use crate::rules::plan::{Each, EachValue, ValueTemplate, count_of};
use crate::yaml::{Node, Yaml, find};

/// Compiles a node; also returns the type of its value.
pub(in crate::rules::compile) fn compile_value(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
) -> Option<(ValueTemplate, Type)> {
    let (value, found) = match &node.value {
        Yaml::Null => (Value::Null, Type::Dyn),
        Yaml::Bool(truth) => (Value::Bool(*truth), Type::Bool),
        Yaml::Float(number) => (Value::Double(*number), Type::Double),
        Yaml::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => (Value::Int(number), Type::Int),
            (_, Ok(number)) => (Value::Uint(number), Type::Uint),
            _ => {
                compiler.problem(node, format!("{number} does not fit 64 bits"));
                return None;
            }
        },
        Yaml::Text(text) => return compile_string(compiler, node, text),
        Yaml::List(items) => {
            let items: Vec<_> = items.iter().map(|item| compile_value(compiler, item)).collect();
            let items: Vec<_> = items.into_iter().collect::<Option<_>>()?;
            let element = common_type(items.iter().map(|(_, found)| found));
            let items = items.into_iter().map(|(item, _)| item).collect();
            return Some((folded(ValueTemplate::List(items)), Type::List(Box::new(element))));
        }
        Yaml::Map(_) if is_loop(node) => return compile_loop(compiler, node),
        Yaml::Map(entries) => {
            let mut values = Some(Vec::new());
            for (key, value) in entries {
                let name = compiler.written(key).unwrap_or_default();
                let value = compile_value(compiler, value);
                values = values.zip(value).map(|(mut values, (value, _))| {
                    values.push((name, value));
                    values
                });
            }
            let map = Type::Map(Box::new(Type::String), Box::new(Type::Dyn));
            return Some((folded(ValueTemplate::Map(values?.into())), map));
        }
    };
    Some((ValueTemplate::Constant(value), found))
}

/// A loop whose variables are in scope, so that what it makes can be compiled. [`end`](Self::end) must follow.
pub(in crate::rules::compile) struct OpenEach<'n> {
    /// `None` if it has a problem; what it makes is compiled all the same, to find its problems.
    each: Option<Each>,
    /// Makes the key of an entry, if the loop makes a map.
    pub(in crate::rules::compile) key: Option<&'n Node>,
    pub(in crate::rules::compile) value: &'n Node,
    /// The type of a map's keys, if only they have a name.
    key_alone: Option<Type>,
    /// How many problems there were before what it makes.
    before: usize,
}

impl OpenEach<'_> {
    /// The loop. `cost` is what its key and its value cost in a round.
    pub(in crate::rules::compile) fn end(self, compiler: &mut RuleCompiler<'_>, cost: u64) -> Option<Each> {
        compiler.rounds.pop();
        compiler.stored.end_loop();
        if let Some(key) = &self.key_alone {
            hint_at_keys(compiler, self.before, key);
        }
        self.each.map(|each| Each {
            cost: each.cost + cost,
            ..each
        })
    }
}

/// Compiles what a loop of a template goes over, and brings its variables into scope.
pub(in crate::rules::compile) fn begin_each<'n>(
    compiler: &mut RuleCompiler<'_>,
    node: &'n Node,
    due: Due,
) -> Option<OpenEach<'n>> {
    let before = compiler.problems.len();
    let entries = loop_entries(compiler, node, matches!(due, Due::List | Due::Pages));
    let entry = |name: &str| find(&entries, name);
    let value = |name: &str| entry(name).map(|entry| entry.value);
    let count = |compiler: &mut RuleCompiler<'_>, name: &str| {
        value(name).and_then(|node| compile_count(compiler, node, name))
    };
    let (skip, limit) = (count(compiler, "skip"), count(compiler, "limit"));
    if let (Some(node), Some(ValueTemplate::Constant(Value::Int(0)))) = (value("limit"), &limit) {
        let hint = "without `limit` the list has all elements";
        compiler.warn(node, "with `limit: 0` this list is always empty", hint);
    }
    let page = entry("page").and_then(|page| compile_page(compiler, page, due, &entries));
    let list = value("each").and_then(|node| compile_list(compiler, node));
    let variables = loop_variables(compiler, value("as"), list.as_ref().map(Program::result_type));
    match (entry("key"), due) {
        (Some(key), Due::List | Due::Pages) => {
            let hint = Some("leave it out".to_owned());
            compiler.problem_hint(key.key, "`key` makes a map, and a list is due here", hint);
        }
        (None, Due::Map) => {
            let hint = Some(format!("add `key: …` beside `value`; {LITERAL}"));
            compiler.problem_hint(node, "a loop that makes a map needs a `key`", hint);
        }
        _ => {}
    }
    let Some(made) = value("value") else {
        // If there is an unknown key, it was reported already, and is probably `value` misspelt.
        if entries.len() == node.entries() {
            let hint = Some("add `value: …`, what is made of each element".to_owned());
            compiler.problem_hint(node, "a loop needs a `value`", hint);
        }
        return None;
    };
    let pairs = variables.len() == 2;
    let key_alone = key_alone(list.as_ref().map(Program::result_type), &variables);
    let of_store = value("each").and_then(|list| stored_loop(list, &variables));
    compiler.stored.begin_loop(of_store);
    compiler.rounds.push(variables);
    let when = value("when").and_then(|node| compiler.condition(node));
    let cost = 1 + when.as_ref().map_or(0, Program::fixed_cost);
    let each = list
        .filter(|_| compiler.problems.len() == before)
        .map(|list| Each {
            list,
            pairs,
            when,
            skip,
            limit,
            page: page.map(Box::new),
            cost,
        });
    Some(OpenEach {
        each,
        key: value("key"),
        value: made,
        key_alone,
        before: compiler.problems.len(),
    })
}

/// A number from 0: of rounds, or of elements.
pub(in crate::rules::compile) fn compile_count(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    key: &str,
) -> Option<ValueTemplate> {
    let (count, found) = compile_value(compiler, node)?;
    let fits = match &count {
        ValueTemplate::Constant(value) => count_of(value).is_some(),
        _ => matches!(found, Type::Int | Type::Uint | Type::Dyn),
    };
    if fits {
        return Some(count);
    }
    let found = match (node.text(), node.key_text()) {
        (None, Some(number)) => number,
        _ => found.to_string(),
    };
    let message = format!("`{key}` needs a number from 0, found {found}");
    let hint = match node.text() {
        Some(text) if text.parse::<u64>().is_ok() => format!("leave out the quotes: `{key}: {text}`"),
        _ if key == "repeat" => {
            "such as `repeat: 3`; `every: 1s` without `repeat` goes on until the call ends".to_owned()
        }
        _ => format!(
            "such as `{key}: 10`, or an expression that gives a number: `{key}: \"${{request.count}}\"`"
        ),
    };
    compiler.problem_hint(node, message, Some(hint));
    None
}

/// Compiles a loop that makes a list, or with a `key` a map.
fn compile_loop(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<(ValueTemplate, Type)> {
    let open = begin_each(compiler, node, Due::Either)?;
    let key = open.key.map(|key| compile_value(compiler, key));
    let value = compile_value(compiler, open.value);
    if let (Some(Some((_, found))), Some(node)) = (&key, open.key)
        && !found.may_be_key()
    {
        compiler.problem(node, format!("{found} cannot be the key of a map"));
    }
    let cost = |part: &Option<(ValueTemplate, Type)>| part.as_ref().map_or(0, |(part, _)| part.fixed_cost());
    let cost = cost(&value) + key.as_ref().map_or(0, cost);
    let each = open.end(compiler, cost);
    let (value, element) = value?;
    let (key, found) = match key {
        None => (None, Type::List(Box::new(element))),
        Some(key) => {
            let (key, keys) = key?;
            (Some(key), Type::Map(Box::new(keys), Box::new(element)))
        }
    };
    let each = each?;
    Some((
        ValueTemplate::Each(Box::new(EachValue { each, key, value })),
        found,
    ))
}

fn compile_string(compiler: &mut RuleCompiler<'_>, node: &Node, text: &str) -> Option<(ValueTemplate, Type)> {
    let mut pieces = compiler.split(node, text)?;
    match pieces.as_mut_slice() {
        [Piece::Expression { source, at }] => {
            let program = compiler.expression(node, source, *at)?;
            let found = program.result_type().clone();
            Some(match program.constant() {
                Some(value) => (ValueTemplate::Constant(value), found),
                None => (ValueTemplate::Program(Box::new(program)), found),
            })
        }
        [Piece::Literal(text)] => {
            let value = Value::String(Cow::Owned(std::mem::take(text)));
            Some((ValueTemplate::Constant(value), Type::String))
        }
        _ => Some((
            ValueTemplate::Text(compile_text_pieces(compiler, node, pieces)?),
            Type::String,
        )),
    }
}

/// Makes a list or map of constants a constant.
fn folded(template: ValueTemplate) -> ValueTemplate {
    let constant = |template: &ValueTemplate| match template {
        ValueTemplate::Constant(value) => Some(value.clone()),
        _ => None,
    };
    let folded = match &template {
        ValueTemplate::List(items) => items.iter().map(constant).collect::<Option<_>>().map(Value::List),
        ValueTemplate::Map(entries) => entries
            .iter()
            .map(|(name, value)| Some((Value::String(Cow::Owned(name.clone())), constant(value)?)))
            .collect::<Option<_>>()
            .map(Value::Map),
        _ => None,
    };
    folded.map_or(template, ValueTemplate::Constant)
}

fn common_type<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else {
        return Type::Dyn;
    };
    if types.all(|other| other == first) {
        first.clone()
    } else {
        Type::Dyn
    }
}

/// Whether a variable of that type may be set to a value of the other.
pub(in crate::rules::compile) fn assignable(variable: &Type, found: &Type) -> bool {
    match (variable, found) {
        (Type::Dyn, _)
        | (_, Type::Dyn)
        | (Type::List(_), Type::List(_))
        | (Type::Map(..), Type::Map(..))
        | (Type::Double, Type::Int | Type::Uint) => true,
        _ => variable == found,
    }
}
