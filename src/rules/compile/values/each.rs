//! Compiles loops: what they go over, the names of their variables, and for templates which elements are taken.

use crate::cel::{Program, Type};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::identifier::is_identifier;
use crate::rules::compile::interpolation::Piece;
use crate::rules::compile::values::value::compile_value;
use crate::rules::plan::{Each, ValueTemplate, count_of};
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml, find};

/// The keys of a loop in a template.
pub(in crate::rules::compile) const LOOP_KEYS: [&str; 7] =
    ["each", "as", "when", "skip", "limit", "key", "value"];

/// What other languages call the keys of a loop.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("where", "when"),
    ("if", "when"),
    ("filter", "when"),
    ("offset", "skip"),
    ("take", "limit"),
    ("max", "limit"),
    ("var", "as"),
    ("name", "as"),
    ("item", "as"),
    ("do", "value"),
    ("then", "value"),
    ("map", "value"),
];

/// How a map is written that has the key `each`, and is no loop.
const LITERAL: &str = "a map that has the key `each` is written as an expression: `${{'each': …}}`";

/// What is due where a loop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::compile) enum Due {
    List,
    Map,
    /// JSON of any kind: with a `key` it is a map.
    Either,
}

/// A loop whose variables are in scope, so that what it makes can be compiled. [`end`](Self::end) must follow.
pub(in crate::rules::compile) struct OpenEach<'n> {
    /// `None` if it has a problem; what it makes is compiled all the same, to find its problems.
    each: Option<Each>,
    /// Makes the key of an entry, if the loop makes a map.
    pub(in crate::rules::compile) key: Option<&'n Node>,
    pub(in crate::rules::compile) value: &'n Node,
}

impl OpenEach<'_> {
    /// The loop. `cost` is what its key and its value cost in a round.
    pub(in crate::rules::compile) fn end(self, compiler: &mut RuleCompiler<'_>, cost: u64) -> Option<Each> {
        compiler.rounds.pop();
        self.each.map(|each| Each {
            cost: each.cost + cost,
            ..each
        })
    }
}

/// Whether a node is a loop where a list or a map is due.
pub(in crate::rules::compile) fn is_loop(node: &Node) -> bool {
    node.get("each").is_some()
}

/// Compiles what a loop of a template goes over, and brings its variables into scope.
pub(in crate::rules::compile) fn begin_each<'n>(
    compiler: &mut RuleCompiler<'_>,
    node: &'n Node,
    due: Due,
) -> Option<OpenEach<'n>> {
    let before = compiler.problems.len();
    let entries = loop_entries(compiler, node, due);
    let entry = |name: &str| find(&entries, name);
    let value = |name: &str| entry(name).map(|entry| entry.value);
    let count = |compiler: &mut RuleCompiler<'_>, name: &str| {
        value(name).and_then(|node| compile_count(compiler, node, name))
    };
    let (skip, limit) = (count(compiler, "skip"), count(compiler, "limit"));
    let list = value("each").and_then(|node| compile_list(compiler, node));
    let variables = loop_variables(compiler, value("as"), list.as_ref().map(Program::result_type));
    match (entry("key"), due) {
        (Some(key), Due::List) => {
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
            cost,
        });
    Some(OpenEach {
        each,
        key: value("key"),
        value: made,
    })
}

/// The entries of a loop; other keys are problems.
fn loop_entries<'n>(compiler: &mut RuleCompiler<'_>, node: &'n Node, due: Due) -> Vec<Entry<'n>> {
    let Yaml::Map(pairs) = &node.value else {
        return Vec::new();
    };
    let mut entries = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let name = key.key_text().unwrap_or_default();
        if LOOP_KEYS.contains(&name.as_str()) {
            entries.push(Entry { name, key, value });
            continue;
        }
        let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
        let near = match other {
            Some((_, own)) => Some(format!("did you mean `{own}`?")),
            None => suggest::did_you_mean(&name, LOOP_KEYS),
        };
        let hint = match near {
            None if due != Due::List => Some(LITERAL.to_owned()),
            None => Some(format!("a loop has `{}`", LOOP_KEYS.join("`, `"))),
            near => near,
        };
        compiler.problem_hint(key, format!("unknown key `{name}` in a loop"), hint);
    }
    entries
}

/// The list or the map that `each` names.
pub(in crate::rules::compile) fn compile_list(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
) -> Option<Program> {
    let Some(text) = node.text() else {
        let message = format!("`each` needs a list as `${{…}}`, found {}", node.kind());
        compiler.problem(node, message);
        return None;
    };
    let pieces = compiler.split(node, text)?;
    let [Piece::Expression { source, at }] = pieces.as_slice() else {
        compiler.problem(node, "`each` needs a list as one `${…}`");
        return None;
    };
    let list = compiler.expression(node, source, *at)?;
    if !matches!(list.result_type(), Type::List(_) | Type::Map(..) | Type::Dyn) {
        let message = format!("`each` needs a list, this is {}", list.result_type());
        compiler.problem(node, message);
        return None;
    }
    Some(list)
}

/// The variables of a loop with their types: the element, or the key of a map; with two names, the index and the element, or
/// the key and the value.
pub(in crate::rules::compile) fn loop_variables(
    compiler: &mut RuleCompiler<'_>,
    names: Option<&Node>,
    list: Option<&Type>,
) -> Vec<(String, Type)> {
    let (one, two) = match list {
        Some(Type::List(element)) => ((**element).clone(), [Type::Int, (**element).clone()]),
        Some(Type::Map(key, value)) => ((**key).clone(), [(**key).clone(), (**value).clone()]),
        _ => (Type::Dyn, [Type::Dyn, Type::Dyn]),
    };
    let Some(node) = names else {
        return vec![("item".to_owned(), one)];
    };
    let Yaml::List(names) = &node.value else {
        return vec![(loop_name(compiler, node), one)];
    };
    let [first, second] = names.as_slice() else {
        let message = "`as` has one name, or two: `[index, element]` of a list, `[key, value]` of a map";
        compiler.problem(node, message);
        return vec![("item".to_owned(), one)];
    };
    let names = [first, second].map(|node| loop_name(compiler, node));
    if names[0] == names[1] {
        compiler.problem(second, "the two names of `as` are the same");
    }
    names.into_iter().zip(two).collect()
}

/// The name of a loop's variable.
pub(in crate::rules::compile) fn loop_name(compiler: &mut RuleCompiler<'_>, node: &Node) -> String {
    match node.text() {
        Some(name) if is_identifier(name) => name.to_owned(),
        _ => {
            compiler.problem(node, "`as` needs a name of letters, digits and `_`");
            "item".to_owned()
        }
    }
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
    compiler.problem(node, format!("`{key}` needs a number from 0, found {found}"));
    None
}
