//! One rules file: its text, and the rules in it as nodes.

use std::fs;
use std::path::Path;

use crate::error::{Problem, SourceText};
use crate::suggest;
use crate::yaml::{Node, Yaml, parse};

/// A rules file that was read, but not compiled.
pub(crate) struct RulesFile {
    pub(crate) source: SourceText,
    pub(crate) rules: Vec<Node>,
}

impl RulesFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| vec![Problem::in_file(&name, format!("cannot be read: {error}"))])?;
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(&name, text),
            Err(_) => Err(vec![Problem::in_file(&name, "is not UTF-8")]),
        }
    }

    pub(crate) fn parse(name: &str, text: String) -> Result<Self, Vec<Problem>> {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let source = SourceText::new(name, text);
        let root = parse(&source)?;
        let mut problems = Vec::new();
        let mut rules = Vec::new();
        match root.value {
            Yaml::Map(entries) => {
                for (key, value) in entries {
                    match (key.text(), value.value) {
                        (Some("rules"), Yaml::List(items)) => rules = items,
                        (Some("rules"), Yaml::Null) => {}
                        (Some("rules"), _) => {
                            problems.push(Problem::at(&source, value.span, "expected a list of rules"));
                        }
                        // Editors find the JSON Schema by this key; see `protod schema`.
                        (Some("$schema"), Yaml::Text(_)) => {}
                        (Some("$schema"), _) => {
                            let message = "`$schema` is the address of a JSON Schema, a string";
                            problems.push(Problem::at(&source, value.span, message));
                        }
                        _ => {
                            let name = key.key_text().unwrap_or_default();
                            let problem = Problem::at(
                                &source,
                                key.span.clone(),
                                format!("unknown key `{name}` in a rules file"),
                            );
                            problems.push(problem.with_hint_if(suggest::hint(&name, ["rules", "$schema"])));
                        }
                    }
                }
            }
            // An empty file, or one with comments only, has no rules.
            Yaml::Null => {}
            _ => problems.push(
                Problem::at(&source, root.span, "expected a mapping with the key `rules`")
                    .with_hint("begin the file with `rules:`"),
            ),
        }
        if problems.is_empty() {
            Ok(Self { source, rules })
        } else {
            Err(problems)
        }
    }
}
