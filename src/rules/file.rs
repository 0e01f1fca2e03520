//! One rules file: its text, and the rules in it as nodes.

use std::fs;
use std::path::Path;

use crate::error::{Problem, SourceText};
use crate::suggest;
use crate::yaml::{Alias, Document, Node, Yaml, parse_document};

/// What to do about a key beside `rules`.
const MISPLACED: &str = "indent what belongs to a rule, so that it stands below its `method`; what is only there for aliases \
    has a key `x-…`";

/// Keys of files of other tools, and what to do.
const OTHER_KEYS: [(&[&str], &str); 3] = [
    (
        &["version", "apiVersion", "kind", "syntax", "schema"],
        "leave it out: rules files have no version",
    ),
    (
        &["include", "includes", "import", "imports", "extends", "files"],
        "leave it out: all rules files of a folder are read, and `--rules PATH` names others",
    ),
    (
        &[
            "defaults", "default", "global", "globals", "settings", "config", "common",
        ],
        "what is for all methods is a rule: `method: \"*/*\"` with `then: next`; what is only there for aliases has a key `x-…`",
    ),
];
/// What to do about a file without rules.
const BEGIN: &str = "begin the file with `rules:`, a list of rules";

/// The collections that a rules file declares.
#[derive(Debug, Clone)]
pub(crate) struct FileCollections {
    pub(crate) source: SourceText,
    /// Their names, and what is said of them.
    pub(crate) entries: Vec<(Node, Node)>,
}

/// A rules file that was read, but not compiled.
pub(crate) struct RulesFile {
    pub(crate) source: SourceText,
    pub(crate) rules: Vec<Node>,
    pub(crate) collections: FileCollections,
    /// What is hardly meant in the text, whatever its rules are.
    pub(crate) warnings: Vec<Problem>,
    /// The aliases in it: what is wrong with a node may be wrong only where an alias stands for it.
    pub(crate) aliases: Vec<Alias>,
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
        let Document {
            root,
            mut warnings,
            aliases,
        } = parse_document(&source)?;
        let span = root.span.clone();
        let mut problems = Vec::new();
        let (mut rules, mut collections) = (None, Vec::new());
        match root.value {
            Yaml::Map(entries) => {
                let has_rules = entries.iter().any(|(key, _)| key.text() == Some("rules"));
                for (key, value) in entries {
                    match (key.text(), value.value) {
                        (Some("rules"), Yaml::List(items)) => rules = Some(items),
                        (Some("rules"), Yaml::Null) => {}
                        (Some("rules"), _) => {
                            let problem = Problem::at(&source, value.span, "expected a list of rules");
                            problems.push(problem.with_hint("put a `- ` before each rule"));
                        }
                        (Some("collections"), Yaml::Map(entries)) => collections = entries,
                        (Some("collections"), Yaml::Null) => {}
                        (Some("collections"), _) => {
                            let message = "expected a mapping of collections, by their names";
                            let problem = Problem::at(&source, value.span, message);
                            problems
                                .push(problem.with_hint("such as `collections: {points: package.Point}`"));
                        }
                        // What aliases stand for has a place of its own there, as in Compose files.
                        (Some(name), _) if name.starts_with("x-") => {}
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
                            let hint = if name.starts_with("//") || name.starts_with("/*") {
                                "a comment begins with `#`, also in JSON".to_owned()
                            } else if let Some((_, hint)) = OTHER_KEYS
                                .iter()
                                .find(|(words, _)| words.contains(&name.as_str()))
                            {
                                (*hint).to_owned()
                            } else if let Some(near) =
                                suggest::did_you_mean(&name, ["rules", "collections", "$schema"])
                            {
                                near
                            } else if has_rules {
                                MISPLACED.to_owned()
                            } else {
                                BEGIN.to_owned()
                            };
                            problems.push(problem.with_hint(hint));
                        }
                    }
                }
            }
            // An empty file, or one with comments only, has no rules.
            Yaml::Null => {}
            _ => problems.push(
                Problem::at(&source, root.span, "expected a mapping with the key `rules`").with_hint(BEGIN),
            ),
        }
        if problems.is_empty() {
            if rules.is_none() && collections.is_empty() {
                let problem = Problem::at(&source, span, "this file has no rules");
                warnings.push(problem.with_hint(BEGIN).into_warning());
            }
            Ok(Self {
                rules: rules.unwrap_or_default(),
                collections: FileCollections {
                    source: source.clone(),
                    entries: collections,
                },
                source,
                warnings,
                aliases,
            })
        } else {
            Err(problems)
        }
    }
}
