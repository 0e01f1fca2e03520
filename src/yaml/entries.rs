//! The entries of a mapping whose keys are known.

use super::comma::cut_by_comma;
use super::node::{Node, Yaml};
use crate::error::{Problem, SourceText};
use crate::suggest;

/// One entry of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'n> {
    pub(crate) name: String,
    pub(crate) key: &'n Node,
    pub(crate) value: &'n Node,
}

/// Returns the entries of a mapping that may have only the keys `known`; other keys are problems. `what` names the
/// mapping in problems, and `meant` says what an unknown key stands for.
pub(crate) fn entries<'n>(
    source: &SourceText,
    problems: &mut Vec<Problem>,
    node: &'n Node,
    what: &str,
    known: &[&str],
    meant: impl Fn(&str) -> Option<String>,
) -> Option<Vec<Entry<'n>>> {
    let Yaml::Map(pairs) = &node.value else {
        let message = format!("expected {what}, found {}", node.kind());
        problems.push(Problem::at(source, node.span.clone(), message));
        return None;
    };
    let mut found = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let name = key.key_text().unwrap_or_default();
        if known.contains(&name.as_str()) {
            found.push(Entry { name, key, value });
            continue;
        }
        let problem = Problem::at(
            source,
            key.span.clone(),
            format!("unknown key `{name}` in {what}"),
        );
        let cut = cut_by_comma(source.text(), pairs.iter(), key);
        let hint = cut
            .or_else(|| meant(&name))
            .or_else(|| suggest::hint(&name, known.iter().copied()));
        // All of them, where none is like it.
        let hint = hint.unwrap_or_else(|| format!("known are `{}`", known.join("`, `")));
        problems.push(problem.with_hint(hint));
    }
    Some(found)
}

/// The entry of that name.
pub(crate) fn find<'e, 'n>(entries: &'e [Entry<'n>], name: &str) -> Option<&'e Entry<'n>> {
    entries.iter().find(|entry| entry.name == name)
}
