//! The content of a specimen's file.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::yaml;

/// One file of `tests/corpus/`.
pub(crate) struct Specimen {
    /// The name of the file, without its ending.
    pub(crate) name: String,
    pub(crate) proto: String,
    pub(crate) rules: String,
    pub(crate) calls: Vec<Call>,
}

/// A call and its answer.
pub(crate) struct Call {
    /// The full name.
    pub(crate) method: String,
    pub(crate) metadata: Vec<(String, String)>,
    /// Each as JSON.
    pub(crate) requests: Vec<String>,
    pub(crate) expected: Expected,
    /// Why grpcurl shows another answer, or cannot send the request.
    pub(crate) not_by_grpcurl: Option<String>,
}

/// The expected answer: these messages, and then this status.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    pub(crate) messages: Vec<Value>,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// All specimens, by name.
pub(crate) fn all() -> Vec<Specimen> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut specimens: Vec<Specimen> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| Specimen::read(&path))
        .collect();
    specimens.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!specimens.is_empty(), "no specimen was found");
    specimens
}

impl Specimen {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a file has a name").to_string_lossy();
        let file = yaml::parse(&fs::read_to_string(path).expect("it can be read"));
        expect_keys(&file, &["proto", "rules", "calls"], &name);
        let calls = file["calls"].as_array().expect("`calls` is a list");
        Self {
            proto: text(&file["proto"]),
            rules: text(&file["rules"]),
            calls: calls.iter().map(|call| Call::read(call, &name)).collect(),
            name: name.into_owned(),
        }
    }
}

impl Call {
    fn read(call: &Value, specimen: &str) -> Self {
        let keys = [
            "method",
            "metadata",
            "request",
            "requests",
            "answer",
            "answers",
            "status",
            "not_by_grpcurl",
        ];
        expect_keys(call, &keys, specimen);
        let metadata = call["metadata"].as_object().into_iter().flatten();
        let status = &call["status"];
        expect_keys(status, &["code", "message"], specimen);
        let answers = one_or_many(call, "answer", "answers").into_iter();
        let json = |answer: String| {
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{specimen}: {error}: {answer}"))
        };
        Self {
            method: format!("corpus.{specimen}.Case/{}", text(&call["method"])),
            metadata: metadata
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            requests: one_or_many(call, "request", "requests"),
            not_by_grpcurl: call.get("not_by_grpcurl").map(text),
            expected: Expected {
                messages: answers.map(json).collect(),
                code: status["code"].as_str().unwrap_or("OK").to_owned(),
                message: status["message"].as_str().unwrap_or_default().to_owned(),
            },
        }
    }
}

fn one_or_many(call: &Value, one: &str, many: &str) -> Vec<String> {
    let many = call[many].as_array().into_iter().flatten();
    call.get(one).into_iter().chain(many).map(text).collect()
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} should be a text"))
        .to_owned()
}

/// A key that is not read is a test that does not run.
fn expect_keys(value: &Value, known: &[&str], specimen: &str) {
    for key in value.as_object().into_iter().flat_map(|entries| entries.keys()) {
        assert!(known.contains(&key.as_str()), "{specimen}: unknown key {key}");
    }
}
