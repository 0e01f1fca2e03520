//! The texts on which the verdicts are compared.

use std::fs;
use std::path::Path;

/// One text: its name, and its files by name.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// What the names of texts end with that are in Latin-1, and no UTF-8.
const IN_LATIN_1: &str = "in Latin-1";

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
                    .map(|(file, text)| {
                        let bytes = if name.ends_with(IN_LATIN_1) {
                            text.chars()
                                .map(|letter| u8::try_from(letter).expect("in Latin-1"))
                                .collect()
                        } else {
                            text.as_bytes().to_vec()
                        };
                        (file.to_owned(), bytes)
                    })
                    .collect(),
            }
        })
        .collect();
    assert!(!texts.is_empty(), "no texts in {matter}");
    texts
}
