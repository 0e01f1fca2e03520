//! The texts on which the verdicts are compared.

use std::fs;
use std::path::Path;

/// One text: its name, and its files by name.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) files: Vec<(String, String)>,
}

impl Text {
    /// The bytes of one of its files. Those of texts whose names end with `in Latin-1` are no UTF-8. `␀` is a zero byte.
    pub(crate) fn bytes_of(&self, file: &str) -> Vec<u8> {
        let file = file.replace('␀', "\0");
        let letters = file.chars();
        if self.name.ends_with("in Latin-1") {
            letters
                .map(|letter| u8::try_from(letter).expect("it is in Latin-1"))
                .collect()
        } else {
            file.as_bytes().to_vec()
        }
    }
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
