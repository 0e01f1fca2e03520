//! What loops of steps and of templates have in common: what they go over, and the names of their variables.

use crate::cel::{Program, Type};
use crate::error::Problem;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::identifier::{as_identifier, hides_root, is_identifier};
use crate::rules::compile::interpolation::Piece;
use crate::rules::compile::stored::StoredLoop;
use crate::rules::plan::KEY_AND_VALUE;
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml};

/// The keys of a loop in a template.
pub(in crate::rules::compile) const LOOP_KEYS: [&str; 7] =
    ["each", "as", "when", "skip", "limit", "key", "value"];

/// The key that only a loop has which makes a field of a message.
pub(in crate::rules::compile) const PAGE: &str = "page";

/// What is due where a loop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::compile) enum Due {
    List,
    /// The list of a message that says where the next page begins.
    Pages,
    Map,
    /// JSON of any kind: with a `key` it is a map.
    Either,
}

/// What other languages call the keys of a loop.
const OTHER_NAMES: [(&str, &str); 13] = [
    ("where", "when"),
    ("if", "when"),
    ("filter", "when"),
    ("offset", "skip"),
    ("take", "limit"),
    ("max", "limit"),
    ("page_size", PAGE),
    ("var", "as"),
    ("name", "as"),
    ("item", "as"),
    ("do", "value"),
    ("then", "value"),
    ("map", "value"),
];

/// How a map is written that has the key `each`, and is no loop.
pub(super) const LITERAL: &str =
    "a map that has the key `each` is written as an expression: `${{'each': …}}`";

/// Whether a node is a loop where a list or a map is due.
pub(in crate::rules::compile) fn is_loop(node: &Node) -> bool {
    node.get("each").is_some()
}

/// The entries of a loop; other keys are problems. `in_list` says that it cannot be meant as a map.
pub(super) fn loop_entries<'n>(
    compiler: &mut RuleCompiler<'_>,
    node: &'n Node,
    in_list: bool,
) -> Vec<Entry<'n>> {
    let Yaml::Map(pairs) = &node.value else {
        return Vec::new();
    };
    let mut entries = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let name = key.key_text().unwrap_or_default();
        if name == PAGE || LOOP_KEYS.contains(&name.as_str()) {
            entries.push(Entry { name, key, value });
            continue;
        }
        let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
        let near = match other {
            Some((_, own)) => Some(format!("did you mean `{own}`?")),
            None => suggest::did_you_mean(&name, LOOP_KEYS.into_iter().chain([PAGE])),
        };
        let hint = match near {
            None if !in_list => Some(LITERAL.to_owned()),
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
        let hint = "such as `${request.items}` or `${['a', 'b']}`".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return None;
    };
    let pieces = compiler.split(node, text)?;
    let [Piece::Expression { source, at }] = pieces.as_slice() else {
        let hint = match pieces.as_slice() {
            [Piece::Literal(text)] => format!("write `${{{text}}}`"),
            _ => "such as `${request.items}`, and nothing beside it".to_owned(),
        };
        compiler.problem_hint(node, "`each` needs a list as one `${…}`", Some(hint));
        return None;
    };
    let list = compiler.expression(node, source, *at)?;
    if !matches!(list.result_type(), Type::List(_) | Type::Map(..) | Type::Dyn) {
        let message = format!("`each` needs a list, this is {}", list.result_type());
        let hint = match list.result_type() {
            Type::String => "`x.split(',')` makes a list of a text",
            Type::Int | Type::Uint => "`lists.range(n)` is a list of so many numbers",
            Type::Message(_) => "name one of its lists",
            _ => "such as `${request.items}` or `${['a', 'b']}`",
        };
        compiler.problem_hint(node, message, Some(hint.to_owned()));
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
        let words = node.text().unwrap_or_default().split([',', ' ']);
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        if let [first, second] = words.as_slice()
            && is_identifier(first)
            && is_identifier(second)
        {
            let hint = Some(format!("two names are a list: `as: [{first}, {second}]`"));
            compiler.constant_problem(node, "`as` needs a name of letters, digits and `_`", hint);
            return [first, second]
                .into_iter()
                .map(|name| (*name).to_owned())
                .zip(two)
                .collect();
        }
        return vec![(loop_name(compiler, node), one)];
    };
    let [first, second] = names.as_slice() else {
        let message = "`as` has one name, or two: `[index, element]` of a list, `[key, value]` of a map";
        let hint = "such as `as: [i, item]`".to_owned();
        compiler.problem_hint(node, message, Some(hint));
        return vec![("item".to_owned(), one)];
    };
    let names = [first, second].map(|node| loop_name(compiler, node));
    if names[0] == names[1] {
        let hint = "the first is the index or the key, and the second the element or the value".to_owned();
        compiler.problem_hint(second, "the two names of `as` are the same", Some(hint));
    }
    names.into_iter().zip(two).collect()
}

/// The place of the store that a loop goes over, if `list` is one.
pub(in crate::rules::compile) fn stored_loop(
    list: &Node,
    variables: &[(String, Type)],
) -> Option<StoredLoop> {
    let source = list.text()?.trim().strip_prefix("${")?.strip_suffix('}')?;
    StoredLoop::over(source, variables.iter().map(|(name, _)| name.clone()))
}

/// The name of a loop's variable.
pub(in crate::rules::compile) fn loop_name(compiler: &mut RuleCompiler<'_>, node: &Node) -> String {
    let name = node.key_text().unwrap_or_default();
    if !is_identifier(&name) {
        let meant = as_identifier(&name);
        let hint = meant.as_ref().map_or_else(
            || "such as `as: item`".to_owned(),
            |name| format!("write `{name}`"),
        );
        compiler.constant_problem(node, "`as` needs a name of letters, digits and `_`", Some(hint));
        return meant.unwrap_or_else(|| "item".to_owned());
    }
    if let Some(message) = hides_root(&name) {
        let hint = "take another name, such as `item`".to_owned();
        compiler.constant_problem(node, message, Some(hint));
    }
    name
}

/// The type of the keys of a map that a loop goes over with one name, which is that of the key.
pub(in crate::rules::compile) fn key_alone(
    list: Option<&Type>,
    variables: &[(String, Type)],
) -> Option<Type> {
    match (list, variables) {
        (Some(Type::Map(key, _)), [_]) => Some((**key).clone()),
        _ => None,
    }
}

/// Gives problems of a loop's body since `before` a hint if they may come from a key of that type in place of its value.
pub(in crate::rules::compile) fn hint_at_keys(compiler: &mut RuleCompiler<'_>, before: usize, key: &Type) {
    let key = key.to_string();
    let is_of_key = |problem: &Problem| {
        let message = problem.to_string();
        message.contains(&format!("found {key}")) || message.contains(&format!("{key} has no fields"))
    };
    let found = compiler.problems.split_off(before).into_iter();
    compiler.problems.extend(found.map(|problem| {
        if is_of_key(&problem) {
            problem.with_hint(KEY_AND_VALUE)
        } else {
            problem
        }
    }));
}
