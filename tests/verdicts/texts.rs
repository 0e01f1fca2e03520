//! The texts on which the verdicts are compared.

use std::fs;
use std::path::Path;

/// One text: its name, and its files by name.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) files: Vec<(String, String)>,
}

/// The texts of a matter.
pub(crate) fn of(matter: &str) -> Vec<Text> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/verdicts/texts/{matter}.txt"));
    let all = fs::read_to_string(path).expect("a file of texts");
    let texts = all.split("=== ").skip(1);
    let texts: Vec<Text> = texts
        .map(|text| {
            let (name, contents) = text.split_once('\n').expect("a line for the name");
            let files = match contents.strip_prefix("--- ") {
                Some(files) => files
                    .split("--- ")
                    .map(|file| file.split_once('\n').expect("a name"))
                    .collect(),
                None => vec![("a.proto", contents)],
            };
            Text {
                name: name.to_owned(),
                files: files
                    .into_iter()
                    .map(|(name, text)| (name.to_owned(), text.to_owned()))
                    .collect(),
            }
        })
        .collect();
    assert!(!texts.is_empty(), "no texts in {matter}");
    texts
}
