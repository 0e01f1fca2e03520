//! Schemas whose types hold each other to a great depth, and protos and sets that are nested in themselves.

use std::fmt::Write as _;
use std::path::Path;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::{Message, Sampler, Schema};

use crate::nested;
use crate::program::{Server, protod};

/// A way for a type to hold the next one: the fields of the message `M0`, in which `M1` is the next type.
const LINKS: [(&str, &str); 8] = [
    ("proto3", "M1 next = 1; string name = 2;"),
    ("proto3", "repeated M1 next = 1;"),
    ("proto3", "map<string, M1> next = 1;"),
    ("proto3", "oneof kind { M1 next = 1; }"),
    ("proto3", "google.protobuf.Any any = 1; M1 next = 2;"),
    ("proto3", "M1 left = 1; M1 right = 2;"),
    ("proto2", "required M1 next = 1;"),
    ("proto2", "optional group Group = 1 { optional M1 next = 1; }"),
];

/// A proto with a chain of types, and a method for its first.
fn chain(levels: usize, (syntax, fields): (&str, &str)) -> String {
    let mut text = format!(
        "syntax = '{syntax}'; package t; import 'google/protobuf/any.proto'; service S {{ rpc Get(M0) returns (M0); }}\n"
    );
    for level in 0..levels {
        let fields = fields.replace("M1", &format!("M{}", level + 1));
        writeln!(text, "message M{level} {{ {fields} }}").expect("a String takes all");
    }
    writeln!(text, "message M{levels} {{ optional string end = 1; }}").expect("a String takes all");
    text
}

fn depth(message: &DynamicMessage) -> usize {
    let of_value = |value: &Value| value.as_message().map_or(0, depth);
    let below = message.fields().map(|(_, value)| match value {
        Value::List(values) => values.iter().map(of_value).max().unwrap_or(0),
        Value::Map(entries) => entries.values().map(of_value).max().unwrap_or(0),
        value => of_value(value),
    });
    1 + below.max().unwrap_or(0)
}

#[test]
fn a_sample_of_types_that_hold_each_other_is_of_bounded_depth() {
    for link in LINKS {
        let schema = Schema::from_source("t.proto", &chain(1000, link)).expect("it loads");
        let method = schema.method("t.S/Get").expect("it is there");
        for seed in 0..2 {
            let sample = Sampler::new(seed).sample(method, None, 0);
            let depth = depth(&sample);
            assert!((10..=66).contains(&depth), "{depth} levels of {link:?}");
            let message = Message::from_dynamic(sample);
            message.to_json().expect("it can be printed");
            Message::decode(&schema, method.output(), message.to_bytes()).expect("it can be read");
        }
    }
}

#[test]
fn the_longest_chain_of_types_has_a_sample() {
    let schema = Schema::from_source("t.proto", &chain(10_000, LINKS[0])).expect("it loads");
    let method = schema.method("t.S/Get").expect("it is there");
    let sample = Sampler::default().sample(method, None, 0);
    Message::from_dynamic(sample)
        .to_json()
        .expect("it can be printed");
}

#[test]
fn a_sample_that_copies_a_deep_request_is_no_deeper_than_messages_may_be() {
    let text = "syntax = 'proto3'; package t; service S { rpc Get(Node) returns (Tree); }
        message Node { Node next = 1; Inner inner = 2; string name = 3; }
        message Tree { Node root = 1; Outer outer = 2; }
        message Outer { Inner inner = 1; Node next = 2; }
        message Inner { Node next = 1; }";
    let schema = Schema::from_source("t.proto", text).expect("it loads");
    let method = schema.method("t.S/Get").expect("it is there");
    for levels in [10, 50, 64, 90, 98] {
        let request = nested(levels, r#"{"name": "a", "next": "#, "{}", "}");
        let request = Message::from_json(method.input().clone(), &request).expect("it is not too deep");
        let request = request.to_dynamic().expect("it is not too deep");
        let sample = Message::from_dynamic(Sampler::default().sample(method, Some(&request), 0));
        Message::decode(&schema, method.output(), sample.to_bytes())
            .unwrap_or_else(|error| panic!("{levels}: {error}"));
    }
}

/// Writes `t.proto` into a new folder.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("t.proto"), text).expect("it can be written");
    folder
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test]
async fn every_command_takes_a_schema_of_types_that_hold_each_other() {
    for link in [LINKS[0], LINKS[2]] {
        let folder = folder(&chain(1000, link));
        let protos = path(folder.path());
        let server = Server::start(&[protos]).await;
        let proto = path(&folder.path().join("t.proto")).to_owned();
        let address = server.address();
        let commands: [&[&str]; 11] = [
            &["check", protos],
            &["list", address],
            &["describe", address, "t.M0"],
            &["describe", address, "--template", "t.M0"],
            &["describe", protos, "--template", "t.M0"],
            &["describe", protos, "t.S"],
            &["call", address, "t.S/Get", "-d", "{}"],
            &["call", address, "t.S/Get", "--proto", protos, "-d", "{}"],
            &["bench", address, "t.S/Get", "-n", "2", "--warm-up", "0s"],
            &["init", "--from", &proto],
            // With the rules that `init` wrote, whose replies are samples.
            &["explain", "t.S/Get", protos],
        ];
        for args in commands {
            let output = protod(args).await;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{link:?}: {args:?} gave {}: {said}",
                output.status
            );
        }
        let (status, log) = server.stop().await;
        assert!(status.success(), "{log:?}");
    }
}

#[test]
fn protos_that_are_nested_without_end_are_refused_with_a_place() {
    let head = "syntax = 'proto3'; package t;\n";
    let option = "import 'google/protobuf/descriptor.proto'; message O { O o = 1; }
        extend google.protobuf.FileOptions { O deep = 50000; }\n";
    for levels in [1000, 10_000, 100_000] {
        let texts = [
            format!("{head}{}", nested(levels, "message M { ", "", "}")),
            format!(
                "{head}{option}option (deep) = {};",
                nested(levels, "{ o: ", "{}", "}")
            ),
            format!(
                "{head}{option}option (deep) = {};",
                nested(levels, "{ o < ", "", ">}")
            ),
            format!(
                "{head}{option}option (deep).{} = {{}};",
                nested(levels, "o.", "o", "")
            ),
            format!(
                "{head}message M {{ int32 a = 1 {}; }}",
                nested(levels, "[", "", "]")
            ),
            format!("{head}{}", nested(levels, "service S { ", "", "}")),
            format!(
                "syntax = 'proto2'; {}",
                nested(levels, "message M { optional group G = 1 { ", "", "}}")
            ),
        ];
        for text in texts {
            let begin: String = text.chars().take(200).collect();
            let refused = Schema::from_source("deep.proto", &text);
            let error = refused.err().unwrap_or_else(|| panic!("{levels} of {begin}"));
            assert!(!error.problems().is_empty(), "{error}");
        }
    }
}

#[test]
fn names_and_packages_of_many_parts_load_or_are_refused() {
    for levels in [1000, 10_000] {
        let package = nested(levels, "a.", "b", "");
        let text =
            format!("syntax = 'proto3'; package {package}; message M {{ M m = 1; .{package}.M n = 2; }}");
        drop(Schema::from_source("deep.proto", &text));
    }
}

#[test]
fn descriptors_that_are_nested_without_end_are_refused() {
    for levels in [1000, 10_000, 100_000] {
        // A message in a message: field 3 of a DescriptorProto.
        let mut message = b"\x0a\x01M".to_vec();
        for _ in 0..levels.min(20_000) {
            let mut outer = b"\x0a\x01M\x1a".to_vec();
            prost::encoding::encode_varint(message.len() as u64, &mut outer);
            outer.append(&mut message);
            message = outer;
        }
        let mut file = b"\x0a\x01f\x22".to_vec();
        prost::encoding::encode_varint(message.len() as u64, &mut file);
        file.append(&mut message);
        // Groups within groups, in an unknown field.
        let groups = [vec![0x0b; levels], vec![0x0c; levels]].concat();
        let file_of_groups = [b"\x0a\x01f".to_vec(), groups].concat();
        // An option that was not looked up yet, whose name has that many parts.
        let part = b"\x12\x05\x0a\x01a\x10\x00".repeat(levels);
        let mut option = vec![0xba, 0x3e];
        prost::encoding::encode_varint(part.len() as u64, &mut option);
        option.extend_from_slice(&part);
        let mut file_of_option = b"\x0a\x01f\x42".to_vec();
        prost::encoding::encode_varint(option.len() as u64, &mut file_of_option);
        file_of_option.append(&mut option);
        for file in [file, file_of_groups, file_of_option] {
            let mut set = vec![0x0a];
            prost::encoding::encode_varint(file.len() as u64, &mut set);
            set.extend_from_slice(&file);
            Schema::from_descriptor_set(&set).expect_err("it is too deep");
        }
    }
}

#[test]
fn a_descriptor_set_of_types_that_hold_each_other_loads() {
    let schema = Schema::from_source("t.proto", &chain(1000, LINKS[0])).expect("it loads");
    let mut set = Vec::new();
    for file in schema.files() {
        prost::encoding::bytes::encode(1, &file.descriptor, &mut set);
    }
    let schema = Schema::from_descriptor_set(&set).expect("it loads");
    let method = schema.method("t.S/Get").expect("it is there");
    let sample = Sampler::default().sample(method, None, 0);
    assert!(depth(&sample) < 66);
    assert!(sample.encoded_len() > 0);
}

/// Each file imports the next.
#[tokio::test]
async fn a_chain_of_a_thousand_imports_is_loaded_and_answered_by_reflection() {
    const FILES: usize = 1000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in 0..FILES {
        let (import, field) = if file + 1 < FILES {
            (
                format!("import 'f{}.proto';", file + 1),
                format!("M{} next = 1;", file + 1),
            )
        } else {
            Default::default()
        };
        let service = if file == 0 {
            "service S { rpc Get(M0) returns (M0); }"
        } else {
            ""
        };
        let text = format!("syntax = 'proto3'; package t; {import} {service} message M{file} {{ {field} }}");
        let path = folder.path().join(format!("f{file}.proto"));
        std::fs::write(path, text).expect("it can be written");
    }
    let server = Server::start(&[path(folder.path())]).await;
    let client = protod::Client::builder(server.address().to_owned())
        .connect()
        .await;
    let client = client.expect("the whole chain comes by reflection");
    let method = client.method("t.S/Get").expect("it is there");
    method.unary(method.request()).await.expect("a sample");
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log:?}");
}
