//! Rules files: which they are, and what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::compiler::Entry;
use super::node::{Node, Yaml};
use super::{names, node};
use crate::error::SourceText;
use crate::schema::InputFolder;
use crate::{Error, Problem};

/// What the name of a rules file ends with, where a folder is searched.
const ENDINGS: [&str; 3] = [".rules.yaml", ".rules.yml", ".rules.json"];

/// The rules files among `paths`: files as they are named, folders searched to the bottom; sorted by path.
pub(crate) fn rules_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, true, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(in_order(files))
}

/// The rules files in the folders of a schema's inputs, sorted by path.
pub(crate) fn rules_files_beside(folders: &[InputFolder]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for folder in folders {
        search(&folder.path, folder.whole, &mut files)?;
    }
    Ok(in_order(files))
}

fn in_order(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort();
    files.dedup();
    files
}

fn search(folder: &Path, below: bool, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::io(format!("cannot read the folder {}", folder.display()), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Not the target of a link: a link may lead back up.
        if entry.file_type().map_err(failed)?.is_dir() {
            if below && !name.starts_with('.') {
                search(&path, below, files)?;
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
    Ok(())
}

/// A rules file, read but not checked.
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
        let root = node::parse(&source)?;
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
                        // Where an editor finds the schema; see `protod schema`.
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
                            problems.push(match names::hint(&name, ["rules", "$schema"]) {
                                Some(hint) => problem.with_hint(hint),
                                None => problem,
                            });
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

/// The entry of that name.
pub(crate) fn find<'e, 'n>(entries: &'e [Entry<'n>], name: &str) -> Option<&'e Entry<'n>> {
    entries.iter().find(|entry| entry.name == name)
}
