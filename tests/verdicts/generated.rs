//! Texts made by chance: protod's verdict on each is protoc's, with the same descriptors, and what protod prints of them
//! compiles to the same.
//!
//! `PROTOD_TEXTS` says how many there are, and `PROTOD_FIRST_TEXT` which is the first, to look for more than one run does.

use std::fs;
use std::path::Path;

use protod::Schema;

use crate::generator::{BASE, Generator};
use crate::texts::Text;
use crate::{File, Verdict, alike, of_protoc};

/// How many texts protoc compiles at once: it starts as often as there are texts, otherwise.
const AT_ONCE: u64 = 25;

const TEXTS: u64 = 1000;

/// protoc counts how deep messages nest from the first message of a file. It refuses one in a group of an extension that comes
/// before that, at whatever depth.
const NESTING_OF_PROTOC: &str = "Reached maximum recursion limit for nested messages";

#[test]
fn of_texts_made_by_chance_the_verdict_is_protocs() {
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first: u64 = given("PROTOD_FIRST_TEXT").unwrap_or(0);
    let texts: u64 = given("PROTOD_TEXTS").unwrap_or(TEXTS);
    let mut differences = Vec::new();
    let mut taken = 0;
    for start in (first..first + texts).step_by(usize::try_from(AT_ONCE).expect("a small number")) {
        let seeds = start..(start + AT_ONCE).min(first + texts);
        taken += compare(seeds, &mut differences);
    }
    assert!(
        differences.is_empty(),
        "{} of {texts} texts:\n{}",
        differences.len(),
        differences.join("\n")
    );
    // Texts that nobody takes would test little.
    assert!(taken * 4 > texts, "only {taken} of {texts} texts are right");
}

/// What protod makes of one text.
struct Taken {
    seed: u64,
    file: File,
    printed: String,
    /// What differs when it is loaded as a set.
    as_set: Vec<String>,
}

/// Compares the texts of some seeds, and returns how many are taken.
fn compare(seeds: std::ops::Range<u64>, differences: &mut Vec<String>) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("base.proto"), BASE).expect("a file");
    let mut taken = Vec::new();
    for seed in seeds {
        let text = Generator::text(seed);
        fs::write(folder.path().join(name(seed)), &text).expect("a file");
        let mut differs = |why: &str| differences.push(format!("text {seed}: {why}\n{text}\n"));
        match of_protod(seed, &text) {
            Ok(file) => {
                file.as_set.iter().for_each(|why| differs(why));
                taken.push(file);
            }
            Err(problems) => {
                if protoc(&[seed], folder.path()).is_ok() {
                    differs(&format!("protoc takes it: {problems}"));
                }
            }
        }
    }
    expect_same(
        &taken,
        folder.path(),
        "the descriptors differ",
        |ours, theirs| ours == theirs,
        differences,
    );
    for text in &taken {
        fs::write(folder.path().join(name(text.seed)), &text.printed).expect("a file");
    }
    let same_bytes = |ours: &File, theirs: &File| ours.bytes == theirs.bytes;
    expect_same(
        &taken,
        folder.path(),
        "printed otherwise",
        same_bytes,
        differences,
    );
    taken.len() as u64
}

/// Lets protoc compile the files of texts that protod takes, all at once or, if it refuses one, each by itself.
fn expect_same(
    taken: &[Taken],
    folder: &Path,
    what: &str,
    is_same: fn(&File, &File) -> bool,
    differences: &mut Vec<String>,
) {
    let seeds: Vec<u64> = taken.iter().map(|text| text.seed).collect();
    let all = protoc(&seeds, folder);
    for text in taken {
        let alone;
        let files = if all.is_ok() {
            all.as_ref()
        } else {
            alone = protoc(&[text.seed], folder);
            alone.as_ref()
        };
        let why = match files {
            Err(problems) if problems.contains(NESTING_OF_PROTOC) => continue,
            Err(problems) => format!("protoc refuses it: {problems}"),
            Ok(files) => match files.iter().find(|file| file.name == name(text.seed)) {
                Some(theirs) if is_same(&text.file, theirs) => continue,
                theirs => format!("{:?}\nis not\n{theirs:?}", text.file),
            },
        };
        let source = fs::read_to_string(folder.join(name(text.seed))).expect("it was written");
        let seed = text.seed;
        differences.push(format!("text {seed}: {what}: {why}\n{source}\n"));
    }
}

fn name(seed: u64) -> String {
    format!("g{seed}.proto")
}

fn protoc(seeds: &[u64], folder: &Path) -> Verdict {
    if seeds.is_empty() {
        return Ok(Vec::new());
    }
    let files = seeds.iter().map(|seed| (name(*seed), String::new()));
    let text = Text {
        name: String::new(),
        files: files.collect(),
    };
    of_protoc(&text, folder)
}

fn of_protod(seed: u64, text: &str) -> Result<Taken, String> {
    let builder = Schema::builder()
        .source("base.proto", BASE)
        .source(name(seed), text);
    let schema = builder
        .build()
        .map_err(|error| format!("{:?}", error.problems()))?;
    let file = schema.files().iter().find(|file| file.name == name(seed));
    let printed = schema.proto_text(&name(seed));
    Ok(Taken {
        seed,
        file: File::new(&file.expect("it is there").descriptor),
        printed: printed.expect("it is there"),
        as_set: alike::as_set(&schema.descriptor_set().source_info(true).encode()),
    })
}
