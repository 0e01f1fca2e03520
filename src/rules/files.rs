//! Which files hold rules, and which seem to hold rules that nobody reads.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Problem};
use crate::folder::{Contents, contents_below, contents_of};
use crate::schema::InputFolder;

/// Endings of names: files in folders with one of them are rules files.
const ENDINGS: [&str; 3] = [".rules.yaml", ".rules.yml", ".rules.json"];

/// How much of a file that is not a rules file is read to see whether it holds rules.
const LOOKED_AT: u64 = 16 * 1024;

/// What was found in files and folders.
#[derive(Debug, Default)]
pub(super) struct FoundFiles {
    /// The rules files, sorted by path.
    pub(super) rules: Vec<PathBuf>,
    /// A warning for each file that holds rules by its looks, and is none by its name.
    pub(super) warnings: Vec<Problem>,
}

/// Whether a file of this name is a rules file if it lies in a folder that is searched.
pub(crate) fn is_rules_file(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// The rules files that `paths` stand for: files themselves, and the rules files in and below folders.
pub(super) fn rules_files(paths: &[PathBuf]) -> Result<FoundFiles, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            add(contents_below(path, is_candidate), &mut files)?;
        } else {
            files.push((path.clone(), true));
        }
    }
    Ok(found(files))
}

/// The rules files in the folders of a schema's inputs.
pub(super) fn rules_files_beside(folders: &[InputFolder]) -> Result<FoundFiles, Error> {
    let mut files = Vec::new();
    for InputFolder { path, whole } in folders {
        let contents = if *whole {
            contents_below(path, is_candidate)
        } else {
            contents_of(path, is_candidate)
        };
        add(contents, &mut files)?;
    }
    Ok(found(files))
}

/// Adds the files of a folder, each with whether it is a rules file.
fn add(contents: Contents, files: &mut Vec<(PathBuf, bool)>) -> Result<(), Error> {
    if let Some((folder, error)) = contents.errors.into_iter().next() {
        return Err(Error::io(
            format!("cannot read the folder {}", folder.display()),
            error,
        ));
    }
    files.extend(contents.files.into_iter().map(|file| {
        let is_rules = file.file_name().is_some_and(is_rules_file);
        (file, is_rules)
    }));
    Ok(())
}

/// Sorted by path, and each file once, however many paths lead to it: a rule with `times` must not count twice.
fn found(mut files: Vec<(PathBuf, bool)>) -> FoundFiles {
    // What was named is a rules file whatever its name.
    files.sort_by(|(one, is_one), (other, is_other)| is_other.cmp(is_one).then_with(|| one.cmp(other)));
    let mut known = BTreeSet::new();
    let mut found = FoundFiles::default();
    for (file, is_rules) in files {
        let is_new = known.insert(fs::canonicalize(&file).unwrap_or_else(|_| file.clone()));
        if is_new && is_rules {
            found.rules.push(file);
        } else if is_new && looks_like_rules(&file) {
            found.warnings.push(not_read(&file));
        }
    }
    found
}

/// Whether a file is a rules file by its name, or may have been meant as one.
fn is_candidate(name: &OsStr) -> bool {
    is_rules_file(name) || may_be_meant(name)
}

/// Whether a file seems to hold rules that nobody reads: by its name it may have been meant as a rules file, and it has what
/// rules files have.
pub(crate) fn is_misnamed(path: &Path) -> bool {
    path.file_name().is_some_and(may_be_misnamed) && looks_like_rules(path)
}

/// Whether a name may have been meant as that of a rules file. Names of JSON must say so: logs are JSON, too.
pub(crate) fn may_be_misnamed(name: &OsStr) -> bool {
    let is_json = |name: &str| {
        name.rsplit('.')
            .next()
            .is_some_and(|ending| ending.starts_with('j'))
    };
    let is_told = |name: &str| !is_json(name) || name.contains("rule");
    !is_rules_file(name)
        && may_be_meant(name)
        && name.to_str().is_some_and(|name| is_told(&name.to_lowercase()))
}

/// Whether a name is that of YAML or JSON, or close to an ending of rules files, such as `.rules.yam`. A name that only
/// goes on, such as `shop.rules.yaml.bak`, is put out of the way on purpose.
fn may_be_meant(name: &OsStr) -> bool {
    // Nearly all files beside protos are protos.
    if name.as_encoded_bytes().ends_with(b".proto") {
        return false;
    }
    let Some(name) = name.to_str().map(str::to_lowercase) else {
        return false;
    };
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let formats = ["yaml", "yml", "json"];
    let is_near = |format: &&str| strsim::damerau_levenshtein(format, ending) <= 1;
    let is_format = |ending: &str| formats.contains(&ending);
    is_format(ending)
        || ending == "rules"
        || ending != "xml" && (formats.iter().any(is_near) || ending.starts_with("json"))
        // As Windows hides and adds it.
        || ending == "txt" && stem.rsplit('.').next().is_some_and(is_format)
}

/// Whether a text has the keys `rules`, at its beginning or that of a line, and `method`.
fn looks_like_rules(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut bytes));
    if read.is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let is_key = |line: &str, key: &str| {
        let rest = line.strip_prefix(key).or_else(|| {
            let quoted = line.strip_prefix('"')?.strip_prefix(key)?;
            quoted.strip_prefix('"')
        });
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let has_rules = text.lines().any(|line| is_key(line, "rules"))
        || text
            .trim_start()
            .strip_prefix('{')
            .is_some_and(|inside| is_key(inside.trim_start(), "rules"));
    let keys = |line: &str| {
        let mut parts = line.split(['{', ',', '-']);
        parts.any(|part| is_key(part.trim_start(), "method"))
    };
    has_rules && text.lines().any(keys)
}

/// The name of a file without the `.rules`, `-rule` or `_rules` in it.
fn without_rules(stem: &str) -> &str {
    let stem = [".yaml", ".yml", ".json"]
        .iter()
        .find_map(|format| stem.strip_suffix(format))
        .unwrap_or(stem);
    let lower = stem.to_ascii_lowercase();
    let is_end = |at: &usize| {
        let word = lower[at + 1..].split('.').next().unwrap_or_default();
        matches!(word, "rule" | "rules")
    };
    let mut ends = lower.match_indices(['.', '-', '_']).map(|(at, _)| at);
    &stem[..ends.find(is_end).unwrap_or(stem.len())]
}

/// The warning for rules that nobody reads.
fn not_read(path: &Path) -> Problem {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = without_rules(&stem);
    let ending = match path.extension().and_then(OsStr::to_str) {
        Some(json) if json.to_lowercase().starts_with("js") => "rules.json",
        _ => "rules.yaml",
    };
    let name = if matches!(stem, "" | "rule" | "rules") {
        format!("all.{ending}")
    } else {
        format!("{stem}.{ending}")
    };
    let problem = Problem::in_file(
        path.display().to_string(),
        "it has rules, and is not read: the names of rules files end with .rules.yaml, .rules.yml or .rules.json",
    );
    let hint = format!("rename it to {name}, or name the file itself with --rules");
    problem.with_hint(hint).into_warning()
}
