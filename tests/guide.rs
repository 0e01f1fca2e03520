//! The guides to rules are correct: their rules load, their calls get the answers they show, and their commands print what they
//! show.
//!
//! | block | meaning |
//! |---|---|
//! | `proto` | a file of the schema; its first line is `// NAME` |
//! | `json NAME` | a file of that name beside the rules |
//! | `yaml` | rules, which must load and conform to the JSON Schema |
//! | `yaml wrong` | rules for the commands after it, which must not load |
//! | `call` | calls to a server with the rules before it, in order |
//! | `console` | commands, run next to the protos and the rules before it, and what they print |
//!
//! A call is a line `> METHOD JSON…` with its requests, and optional lines `> NAME: VALUE` with metadata. The lines `<`
//! after it are the whole answer, in order: the named headers and trailers, messages, a status other than OK, and its
//! details.

#[path = "support/calls.rs"]
mod calls;
#[path = "support/code.rs"]
mod code;
#[path = "support/json.rs"]
mod json;
#[path = "support/yaml.rs"]
mod yaml;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use protod::rules::JSON_SCHEMA;
use protod::{Message, Rules, Schema};
use serde_json::Value;
use tonic::metadata::MetadataMap;

use crate::calls::{Answer, Running};
use crate::code::code_name;
use crate::json::same_json;

const RULES: &str = "shop.rules.yaml";

/// A fenced block.
struct Block {
    guide: &'static str,
    kind: String,
    text: String,
    /// The number of its first line in the guide.
    line: usize,
}

fn blocks(guide: &'static str) -> Vec<Block> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(guide)).expect("the guide is there");
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (text, line) in text.lines().zip(1..) {
        match text.strip_prefix("```") {
            Some(kind) if !open => {
                open = true;
                blocks.push(Block {
                    guide,
                    kind: kind.to_owned(),
                    text: String::new(),
                    line: line + 1,
                });
            }
            Some(_) => open = false,
            None if open => {
                let block = blocks.last_mut().expect("one is open");
                block.text += text;
                block.text.push('\n');
            }
            None => {}
        }
    }
    blocks
}

#[tokio::test]
async fn the_guide_to_rules_is_true() {
    is_true("docs/rules.md").await;
}

#[tokio::test]
async fn the_guide_to_collections_is_true() {
    is_true("docs/collections.md").await;
}

async fn is_true(guide: &'static str) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let blocks = blocks(guide);
    for block in blocks.iter().filter(|block| block.kind == "proto") {
        let name = block
            .text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("// "));
        let path = folder.path().join(name.expect("a proto begins with its name"));
        fs::write(path, &block.text).expect("files can be written");
    }
    let schema = Schema::load(folder.path()).unwrap_or_else(|error| panic!("{error:?}"));
    let validator = serde_json::from_str(JSON_SCHEMA).expect("it is JSON");
    let validator = jsonschema::validator_for(&validator).expect("it is a JSON Schema");
    let mut server = None;
    let mut wrong = Vec::new();
    for block in &blocks {
        let at = format!("{guide}:{}", block.line);
        match block.kind.as_str() {
            "yaml" | "yaml wrong" => {
                fs::write(folder.path().join(RULES), &block.text).expect("files can be written");
                // Files that they name lie in the folder.
                let name = folder.path().join(RULES).display().to_string();
                let rules = Rules::from_text(&schema, &name, &block.text);
                server = None;
                if block.kind == "yaml" {
                    let rules = rules.unwrap_or_else(|error| panic!("{at}: {error:?}"));
                    server = Some(Running::start(schema.clone(), &rules).await);
                    let file = yaml::parse(&block.text);
                    if let Err(error) = validator.validate(&file) {
                        panic!("{at}: {error}");
                    }
                } else {
                    assert!(rules.is_err(), "{at}: nothing is wrong with it");
                }
            }
            "call" => {
                let server = server.as_ref().expect("rules come before calls");
                wrong.extend(wrong_calls(server, block).await);
            }
            "console" => wrong.extend(wrong_commands(folder.path(), block)),
            "proto" | "sh" => {}
            json if json.starts_with("json ") => {
                fs::write(folder.path().join(&json[5..]), &block.text).expect("files can be written");
            }
            other => panic!("{at}: nobody tests a block of {other:?}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A call in the guide, and its expected answer.
#[derive(Default)]
struct Call {
    line: usize,
    method: String,
    requests: Vec<String>,
    metadata: Vec<(String, String)>,
    expected: Vec<String>,
}

fn parse_calls(block: &Block) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for (text, line) in block.text.lines().zip(block.line..) {
        if let Some(came) = text.strip_prefix("< ") {
            let call = calls.last_mut().expect("a call comes before its answer");
            call.expected.push(came.to_owned());
        } else if let Some(sent) = text.strip_prefix("> ") {
            match sent.split_once(": ") {
                Some((name, value)) if !name.contains(['/', ' ']) => {
                    let call = calls.last_mut().expect("a call comes before its metadata");
                    call.metadata.push((name.to_owned(), value.to_owned()));
                }
                _ => {
                    let (method, json) = sent.split_once(' ').unwrap_or((sent, ""));
                    let requests = serde_json::Deserializer::from_str(json).into_iter::<Value>();
                    calls.push(Call {
                        line,
                        method: method.to_owned(),
                        requests: requests
                            .map(|request| request.expect("requests are JSON").to_string())
                            .collect(),
                        ..Call::default()
                    });
                }
            }
        } else {
            assert_eq!(text, "", "{}:{line}: neither sent nor received", block.guide);
        }
    }
    calls
}

/// The calls of a block whose answers differ.
async fn wrong_calls(server: &Running, block: &Block) -> Vec<String> {
    let mut wrong = Vec::new();
    for call in parse_calls(block) {
        let answer = server.call(&call.method, &call.requests, &call.metadata).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}:{}: {error}", block.guide, call.line));
        let found = lines(&answer, &call.expected);
        let same = found.len() == call.expected.len()
            && found
                .iter()
                .zip(&call.expected)
                .all(|(found, expected)| same_line(found, expected));
        if !same {
            wrong.push(format!(
                "{}:{}: {}\n< {}",
                block.guide,
                call.line,
                call.method,
                found.join("\n< ")
            ));
        }
    }
    wrong
}

/// The whole answer as the guide writes it, with only the metadata that the guide names.
fn lines(answer: &Answer, expected: &[String]) -> Vec<String> {
    let mut lines = metadata(&answer.headers, expected);
    lines.extend(answer.messages.iter().cloned());
    let status = &answer.status;
    match (status.code(), status.message()) {
        (tonic::Code::Ok, _) => {}
        (code, "") => lines.push(code_name(code)),
        (code, message) => lines.push(format!("{}: {message}", code_name(code))),
    }
    lines.extend(details(status.details()));
    lines.extend(metadata(&answer.trailers, expected));
    lines
}

fn metadata(map: &MetadataMap, expected: &[String]) -> Vec<String> {
    let headers = map.as_ref().iter();
    let lines = headers.map(|(name, value)| format!("{name}: {}", value.to_str().expect("it is text")));
    let named = |line: &String| {
        let name = line.split(": ").next().expect("a name stands before the colon");
        expected
            .iter()
            .any(|expected| expected.starts_with(&format!("{name}: ")))
    };
    lines.filter(named).collect()
}

/// The types of details: the guide's own and those of `google.rpc`. Made once, as that takes as long as many calls.
static DETAIL_TYPES: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET).expect("it is sound");
    let guide = Schema::from_source("shop.proto", &blocks("docs/rules.md")[0].text).expect("it compiles");
    for file in guide.pool().file_descriptor_protos() {
        if pool.get_file_by_name(file.name()).is_none() {
            pool.add_file_descriptor_proto(file.clone())
                .expect("what it imports is there");
        }
    }
    pool
});

/// The details of a status.
fn details(bytes: &[u8]) -> Vec<String> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let status = tonic_types::Status::decode(bytes).expect("a google.rpc.Status");
    let any = DETAIL_TYPES
        .get_message_by_name("google.protobuf.Any")
        .expect("it is there");
    let detail = |detail: &prost_types::Any| {
        let message = DynamicMessage::decode(any.clone(), detail.encode_to_vec().as_slice());
        let message = Message::from(message.expect("an Any"));
        format!("detail {}", message.to_json().expect("its type is known"))
    };
    status.details.iter().map(detail).collect()
}

/// Compares JSON by its values, and everything else as text.
fn same_line(found: &str, expected: &str) -> bool {
    let parse = |line: &str| {
        let json = line.strip_prefix("detail ").unwrap_or(line);
        serde_json::from_str::<Value>(json).ok()
    };
    match (parse(found), parse(expected)) {
        (Some(found), Some(expected)) => same_json(&found, &expected),
        _ => found == expected,
    }
}

/// The commands of a block whose output differs.
fn wrong_commands(folder: &Path, block: &Block) -> Vec<String> {
    let mut wrong = Vec::new();
    for session in block.text.split("$ protod ").skip(1) {
        let (arguments, expected) = session.split_once('\n').expect("a command ends its line");
        let output = Command::new(env!("CARGO_BIN_EXE_protod"))
            .args(words(arguments))
            .current_dir(folder)
            .output()
            .expect("protod can be started");
        let found = String::from_utf8([output.stdout, output.stderr].concat()).expect("it prints UTF-8");
        if found.trim_end() != expected.trim_end() {
            wrong.push(format!(
                "{}:{}: protod {arguments}\n{found}",
                block.guide, block.line
            ));
        }
    }
    wrong
}

/// The words of a command line. Text in single quotes is one word.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (text, quoted) in line.split('\'').zip([false, true].into_iter().cycle()) {
        if quoted {
            words.push(text);
        } else {
            words.extend(text.split_whitespace());
        }
    }
    words
}
