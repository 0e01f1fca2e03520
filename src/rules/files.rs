//! Which files hold rules.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use crate::error::Error;
use crate::folder::{Contents, contents_below, contents_of};
use crate::schema::InputFolder;

/// Endings of names: files in folders with one of them are rules files.
const ENDINGS: [&str; 3] = [".rules.yaml", ".rules.yml", ".rules.json"];

/// Whether a file of this name is a rules file if it lies in a folder that is searched.
pub(crate) fn is_rules_file(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// The rules files that `paths` stand for, sorted: files themselves, and the rules files in and below folders.
pub(super) fn rules_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            add(contents_below(path, is_rules_file), &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(in_order(files))
}

/// The rules files in the folders of a schema's inputs, sorted by path.
pub(super) fn rules_files_beside(folders: &[InputFolder]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for InputFolder { path, whole } in folders {
        let contents = if *whole {
            contents_below(path, is_rules_file)
        } else {
            contents_of(path, is_rules_file)
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
    files.extend(contents.files);
    Ok(())
}

/// Sorted by path, and each file once, however many paths lead to it: a rule with `times` must not count twice.
fn in_order(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort();
    let mut known = BTreeSet::new();
    files.retain(|file| known.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
    files
}
