//! With every schema, a sample can be encoded, decoded and printed as JSON.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::DynamicMessage;
use protod::{Message, Sampler, Schema};

const MESSAGES: usize = 4;

const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "bool", "string", "bytes",
];

const WELL_KNOWN: [&str; 9] = [
    "Any",
    "Duration",
    "Empty",
    "FieldMask",
    "ListValue",
    "Struct",
    "Timestamp",
    "Value",
    "StringValue",
];

const NAMES: [&str; 12] = [
    "id",
    "name",
    "email",
    "created_at",
    "page_token",
    "price",
    "items",
    "code",
    "status",
    "url",
    "mask",
    "whatever",
];

fn field_type() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(&SCALARS[..]).prop_map(str::to_owned),
        2 => (0..MESSAGES).prop_map(|message| format!("M{message}")),
        2 => proptest::sample::select(&WELL_KNOWN[..]).prop_map(|name| format!("google.protobuf.{name}")),
        1 => Just("E".to_owned()),
    ]
}

/// A field with `N` for its number.
fn field() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(&NAMES[..]);
    let keys = proptest::sample::select(&["int32", "uint64", "bool", "string", "sfixed64"][..]);
    (field_type(), name, keys, 0..6).prop_map(|(field_type, name, key, shape)| match shape {
        0 => format!("repeated {field_type} {name}_N = N;"),
        1 => format!("map<{key}, {field_type}> {name}_N = N;"),
        2 => format!("oneof o_N {{ {field_type} {name}_N = N; M0 other_N = 1N; }}"),
        3 => format!("optional {field_type} {name}_N = N;"),
        _ => format!("{field_type} {name}_N = N;"),
    })
}

fn source() -> impl Strategy<Value = String> {
    vec(vec(field(), 0..8), MESSAGES).prop_map(|messages| {
        let mut source =
            String::from("syntax = \"proto3\"; package t; service S { rpc A(M1) returns (M0); }\n");
        for file in [
            "any",
            "duration",
            "empty",
            "field_mask",
            "struct",
            "timestamp",
            "wrappers",
        ] {
            writeln!(source, "import \"google/protobuf/{file}.proto\";").expect("a string takes all");
        }
        source.push_str("enum E { NONE = 0; ONE = 1; MINUS = -1; }\n");
        for (index, fields) in messages.iter().enumerate() {
            let fields = fields
                .iter()
                .zip(100..)
                .map(|(field, number)| field.replace('N', &format!("{number}")));
            writeln!(source, "message M{index} {{ {} }}", fields.collect::<String>())
                .expect("a string takes all");
        }
        source
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_sample_of_any_schema_can_be_encoded_decoded_and_printed(source in source(), seed: u64) {
        let schema = Schema::from_source("t.proto", &source).expect("the source compiles");
        let method = schema.method("t.S/A").expect("it is there");
        let sampler = Sampler::new(seed);
        let request = sampler.sample_message(method.input(), "request", None, 0);
        for request in [None, Some(&request)] {
            let sample = sampler.sample(method, request, 0);
            let bytes = sample.encode_to_vec();
            prop_assert!(Message::decode(&schema, method.output(), bytes.clone()).is_ok());
            let decoded = DynamicMessage::decode(method.output().clone(), &bytes[..]).expect("it was checked");
            prop_assert!(decoded == sample, "another after decoding");
            let json = serde_json::to_string(&sample);
            let json = json.map_err(|error| TestCaseError::fail(format!("no JSON: {error}")))?;
            let mut reader = serde_json::Deserializer::from_str(&json);
            let read = DynamicMessage::deserialize(method.output().clone(), &mut reader).expect("its own JSON");
            prop_assert!(read == sample, "another after JSON: {}", json);
        }
    }
}
