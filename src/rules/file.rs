//! Rules files: which they are, and what is in them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::compiler::Entry;
use super::node;
use super::node::{Node, Yaml};
use crate::error::SourceText;
use crate::folder::Contents;
use crate::schema::InputFolder;
use crate::{Error, Problem, folder, suggest};

/// What the name of a rules file ends with, in a folder.
const ENDINGS: [&str; 3] = [".rules.yaml", ".rules.yml", ".rules.json"];

/// Whether a file of this name is read for its rules when its folder is.
pub(crate) fn is_rules_file(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// The rules files among `paths`: files as they are named, and those in and below folders; sorted by path.
pub(crate) fn rules_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            add(folder::contents_below(path), &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(in_order(files))
}

/// The rules files in the folders of a schema's inputs, sorted by path.
pub(crate) fn rules_files_beside(folders: &[InputFolder]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for InputFolder { path, whole } in folders {
        let contents = if *whole {
            folder::contents_below(path)
        } else {
            folder::contents_of(path)
        };
        add(contents, &mut files)?;
    }
    Ok(in_order(files))
}

fn add(contents: Contents, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if let Some((folder, error)) = contents.errors.into_iter().next() {
        return Err(Error::io(
            format!("cannot read the folder {}", folder.display()),
            error,
        ));
    }
    let is_rules_file = |path: &PathBuf| path.file_name().is_some_and(is_rules_file);
    files.extend(contents.files.into_iter().filter(is_rules_file));
    Ok(())
}

fn in_order(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort();
    files.dedup();
    files
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
                            problems.push(match suggest::hint(&name, ["rules", "$schema"]) {
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
