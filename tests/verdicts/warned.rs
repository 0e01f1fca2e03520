//! Of what protoc takes and warns, protod warns, too: of the same kinds of things, in the same lines.

use std::path::Path;
use std::process::Command;

use protod::Schema;

use crate::compiled::protoc;
use crate::texts::Text;

/// The kinds of warnings: what protoc says of them, and what protod does.
const KINDS: [(&str, &str); 7] = [
    ("is unused.", "is not used"),
    ("is not a valid identifier", "can have the reserved name"),
    ("JSON name of field", "have one name in JSON"),
    ("Enum name", "have one name in languages"),
    ("Generic services", "generic services are deprecated"),
    ("has been deprecated in", "is deprecated in"),
    ("has already been used in", "has the extension"),
];

/// A warning: its file and line, if it has one, and its kind.
type Warned = (String, Option<String>, usize);

/// What is warned of by one of the two alone.
pub(crate) fn otherwise(text: &Text, folder: &Path) -> Option<String> {
    let (mut theirs, mut ours) = (of_protoc(text, folder), of_protod(folder));
    theirs.sort();
    ours.sort();
    let differ = theirs.len() != ours.len()
        || theirs.iter().zip(&ours).any(|(one, other)| {
            // protoc names no line for some.
            let same_line = one.1.is_none() || one.1 == other.1;
            one.0 != other.0 || one.2 != other.2 || !same_line
        });
    differ.then(|| format!("{}: other warnings:\n{theirs:?}\n{ours:?}", text.name))
}

fn of_protoc(text: &Text, folder: &Path) -> Vec<Warned> {
    let output = Command::new(protoc())
        .current_dir(folder)
        .args(["-I.", "-owarned.set"])
        .args(text.files.iter().map(|(name, _)| name))
        .output()
        .expect("protoc runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let warnings = said.lines().filter(|line| line.contains(": warning: "));
    warnings
        .filter_map(|line| {
            let kind = KINDS.iter().position(|(theirs, _)| line.contains(theirs))?;
            let mut parts = line.split(':');
            let file = parts.next()?.to_owned();
            let line = parts.next().filter(|part| part.parse::<u32>().is_ok());
            Some((file, line.map(str::to_owned), kind))
        })
        .collect()
}

fn of_protod(folder: &Path) -> Vec<Warned> {
    let schema = Schema::load(folder).expect("it has just been loaded");
    let warnings = schema.warnings().into_iter();
    warnings
        .filter_map(|warning| {
            assert!(warning.is_warning());
            let said = warning.to_string();
            let kind = KINDS.iter().position(|(_, ours)| said.contains(ours))?;
            let file = warning.file()?;
            let name = Path::new(&file).file_name()?.to_str()?.to_owned();
            let line = warning.position().map(|(line, _)| line.to_string());
            Some((name, line, kind))
        })
        .collect()
}
