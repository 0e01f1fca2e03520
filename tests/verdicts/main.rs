//! protod's verdict on a text is protoc's: what one takes, the other takes, with the same descriptors.
//!
//! The texts are in `texts/`, one file for each matter. A line `=== NAME` begins a text, and `--- FILE` a file of it where
//! there are several. No verdict is written down: protoc gives it when the tests run.

mod alike;
#[path = "../support/compiled.rs"]
mod compiled;
mod generated;
mod generator;
mod large;
mod places;
mod sets;
mod texts;
mod warned;

use std::fs;
use std::path::Path;
use std::process::Command;

use protod::Schema;

use crate::compiled::{File, protoc, records};
use crate::texts::Text;

/// What a compiler makes of a text: the problems, or the files.
type Verdict = Result<Vec<File>, String>;

/// What protoc says.
fn of_protoc(text: &Text, folder: &Path) -> Verdict {
    let set = folder.join("protoc.set");
    // As protod finds them in the folder.
    let mut names: Vec<&String> = text.files.iter().map(|(name, _)| name).collect();
    names.sort();
    let output = Command::new(protoc())
        .current_dir(folder)
        .args([
            "-I.",
            "--include_imports",
            "--include_source_info",
            "-oprotoc.set",
        ])
        .args(names)
        .output()
        .expect("protoc runs");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let set = fs::read(set).expect("protoc wrote it");
    Ok(records(&set).map(|(_, _, file)| File::new(file)).collect())
}

/// What protod says.
fn of_protod(folder: &Path) -> Verdict {
    let schema = Schema::load(folder).map_err(|error| format!("{:?}", error.problems()))?;
    let files = schema.files().iter();
    Ok(files.map(|file| File::new(&file.descriptor)).collect())
}

/// What differs when protoc compiles what protod prints of a text that it took.
fn printed_otherwise(text: &Text, folder: &Path, compiled: &[File]) -> Option<String> {
    let schema = Schema::load(folder).expect("it has just been loaded");
    let written = |file: &&File| text.files.iter().any(|(name, _)| *name == file.name);
    let files = compiled.iter().filter(written).map(|file| {
        let printed = schema.proto_text(&file.name).expect("the file is there");
        (file.name.clone(), printed)
    });
    let printed = Text {
        name: text.name.clone(),
        files: files.collect(),
    };
    for (name, text) in &printed.files {
        fs::write(folder.join(name), text).expect("a file");
    }
    let without_source = |files: &[File]| -> Vec<(String, Vec<u8>)> {
        let files = files.iter();
        files
            .map(|file| (file.name.clone(), file.bytes.clone()))
            .collect()
    };
    let differs = match of_protoc(&printed, folder) {
        Ok(files) => {
            (without_source(&files) != without_source(compiled)).then(|| "it compiles to another".to_owned())
        }
        Err(problems) => Some(problems),
    };
    differs.map(|why| format!("{}: printed otherwise: {why}\n{:?}", text.name, printed.files))
}

/// Compares the verdicts on texts. Every text that is judged in two ways is named.
fn compare(matter: &str, texts: Vec<Text>) {
    let mut differences = Vec::new();
    for text in texts {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join(".git")).expect("a folder");
        for (name, contents) in &text.files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text.bytes_of(contents)).expect("a file");
        }
        let theirs = of_protoc(&text, folder.path());
        let ours = of_protod(folder.path());
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                if theirs != ours {
                    differences.push(format!(
                        "{}: the descriptors differ:\n{theirs:?}\n{ours:?}",
                        text.name
                    ));
                }
                let set = fs::read(folder.path().join("protoc.set")).expect("protoc wrote it");
                let otherwise = alike::as_set(&set)
                    .into_iter()
                    .chain(alike::by_reflection(&set).err());
                differences.extend(otherwise.map(|why| format!("{}: {why}", text.name)));
                differences.extend(warned::otherwise(&text, folder.path()));
                differences.extend(printed_otherwise(&text, folder.path(), &theirs));
            }
            // Where things are in a text that nobody takes is no question.
            (Err(problems), Err(_)) if matter == "source_info" => {
                differences.push(format!("{}: is refused: {problems}", text.name));
            }
            (Err(_), Err(_)) => {}
            (Ok(_), Err(problems)) => differences.push(format!("{}: protoc takes it: {problems}", text.name)),
            (Err(problems), Ok(_)) => {
                differences.push(format!("{}: protoc refuses it: {problems}", text.name));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} texts:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

macro_rules! compare {
    ($($name:ident)*) => {
        $(#[test] fn $name() { compare(stringify!($name), texts::of(stringify!($name))); })*
    };
}

compare! {
    numbers names enums json_names options lite_and_sets syntax lexical edition_2023 edition_2024 edition_2026 features source_info warnings no_utf_8
}

#[test]
fn limits_of_edition_2026() {
    compare("limits", large::texts());
}
