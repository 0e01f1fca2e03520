//! The one-pass check accepts exactly the messages that prost-reflect decodes.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::encoding::encode_varint;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use protod::{DynamicCodec, Message, Rules, Schema, Server};
use tonic::codec::Codec as _;

fn schema() -> (Schema, MessageDescriptor) {
    let schema = Schema::from_source(
        "every.proto",
        r#"
        syntax = "proto2";
        message Every {
          optional int32 a = 1; optional sint64 b = 2; optional bool c = 3; optional fixed32 d = 4;
          optional double e = 5; optional string f = 6; optional bytes g = 7; optional Every h = 8;
          repeated int64 i = 9; repeated fixed64 j = 10 [packed = true]; repeated string k = 11;
          repeated Every l = 12; map<string, Every> m = 13; map<int32, bool> n = 14;
          optional group Inner = 15 { optional string x = 1; optional Every y = 2; }
          repeated group Many = 16 { optional int32 x = 1; }
          oneof one { string o = 17; Every p = 18; }
          optional Kind q = 300; enum Kind { ZERO = 0; ONE = 1; }
          extensions 1000 to 2000;
        }
        extend Every { optional string extended = 1000; repeated int32 numbers = 1001 [packed = true]; }
        "#,
    )
    .expect("the source compiles");
    let every = schema.pool().get_message_by_name("Every").expect("it is there");
    (schema, every)
}

/// Field numbers that the type has, and some that it does not have.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1_u64..20, 1 => Just(300), 1 => 1000_u64..1003, 1 => Just(5000), 1 => Just(0)]
}

/// Bytes that look like a message: mostly well formed, sometimes malformed.
fn wire(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let payload = if depth == 0 {
        vec(any::<u8>(), 0..6).boxed()
    } else {
        prop_oneof![3 => wire(depth - 1), 2 => "[a-zé]{0,5}".prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..9)]
            .boxed()
    };
    let field = (number(), 0_u64..6, any::<u64>(), payload, 0..20).prop_map(
        |(number, wire_type, scalar, payload, slip)| {
            let mut bytes = Vec::new();
            encode_varint(number << 3 | wire_type, &mut bytes);
            match wire_type {
                0 => encode_varint(scalar >> (scalar % 64), &mut bytes),
                1 => bytes.extend(scalar.to_le_bytes()),
                2 => {
                    // In one of twenty cases the length is off by one.
                    encode_varint(payload.len() as u64 + u64::from(slip == 0), &mut bytes);
                    bytes.extend(payload);
                }
                3 => {
                    bytes.extend(payload);
                    encode_varint((number + u64::from(slip == 0)) << 3 | 4, &mut bytes);
                }
                4 => bytes.clear(),
                _ => bytes.extend((scalar as u32).to_le_bytes()),
            }
            bytes
        },
    );
    vec(field, 0..6).prop_map(|fields| fields.concat()).boxed()
}

fn agree(bytes: Vec<u8>) -> Result<bool, TestCaseError> {
    thread_local!(static SCHEMA: (Schema, MessageDescriptor) = schema());
    SCHEMA.with(|(schema, every)| {
        let ours = Message::decode(schema, every, bytes.clone());
        let theirs = DynamicMessage::decode(every.clone(), &bytes[..]);
        // prost-reflect reads a map's entry with any wire type of its key; protod follows the wire format.
        let stricter = ours.as_ref().is_err_and(|error| {
            let error = error.to_string();
            error.contains("a field's key")
                || error.contains("field 13 has a wire type")
                || error.contains("field 14 has a wire type")
        });
        // Strings of proto2 may be any bytes; prost-reflect wants UTF-8 in all.
        let more_lenient = theirs
            .as_ref()
            .is_err_and(|error| error.to_string().contains("UTF-8"))
            && ours.as_ref().is_ok_and(|message| message.to_dynamic().is_ok());
        prop_assert!(
            stricter || more_lenient || ours.is_ok() == theirs.is_ok(),
            "ours {:?}, theirs {:?}, {:02x?}",
            ours.err(),
            theirs.err(),
            bytes
        );
        if let (Ok(ours), Ok(theirs)) = (&ours, theirs) {
            prop_assert_eq!(ours.to_dynamic().expect("it was checked"), theirs);
        }
        Ok(ours.is_ok())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_looks_like_a_message_is_judged_alike(bytes in wire(3)) {
        agree(bytes)?;
    }

    #[test]
    fn random_bytes_are_judged_alike(bytes in vec(any::<u8>(), 0..40)) {
        agree(bytes)?;
    }

    #[test]
    fn every_double_survives_json(double in any::<f64>()) {
        thread_local!(static EVERY: MessageDescriptor = schema().1);
        let every = EVERY.with(Clone::clone);
        let mut message = DynamicMessage::new(every.clone());
        message.set_field_by_name("e", prost_reflect::Value::F64(double));
        let json = Message::from(message).to_json().expect("it has a JSON form");
        let read = Message::from_json(every, &json).expect("it was just written").to_dynamic().expect("it is whole");
        let read = read.get_field_by_name("e").and_then(|value| value.as_f64()).expect("a double");
        prop_assert_eq!(read.to_bits(), double.to_bits(), "{}", json);
    }
}

#[test]
fn the_generator_makes_both_good_and_bad_messages() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..1000 {
        let bytes = wire(3).new_tree(&mut runner).expect("a value").current();
        if agree(bytes).expect("they agree") {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn an_overlong_key_is_malformed() {
    let (schema, every) = schema();
    let mut bytes = vec![0x88, 0x80, 0x80, 0x80, 0x00, 0x01];
    assert!(
        Message::decode(&schema, &every, bytes.clone()).is_ok(),
        "five bytes are as many as 32 bits take"
    );
    bytes.insert(1, 0x80);
    assert!(Message::decode(&schema, &every, bytes).is_err());
}

#[test]
fn four_mebibyte_of_empty_messages_stays_under_budget() {
    let (schema, every) = schema();
    // Field 12, length 0: 2,097,152 empty sub-messages, which would take more than 100 MiB when decoded.
    let error =
        Message::decode(&schema, &every, [0x62, 0x00].repeat(2 * 1024 * 1024)).expect_err("over budget");
    assert!(error.is_too_large());
    // So would as many fields in an unknown group, number 2000.
    let group = [
        &[0x83, 0x7d][..],
        &[0x08, 0x00].repeat(2 * 1024 * 1024),
        &[0x84, 0x7d],
    ]
    .concat();
    assert!(
        Message::decode(&schema, &every, group)
            .expect_err("over budget")
            .is_too_large()
    );
    // Packed booleans count one by one: field 9, 4 MiB of single-byte varints.
    let mut packed = vec![0x4a];
    encode_varint(4 * 1024 * 1024, &mut packed);
    packed.resize(packed.len() + 4 * 1024 * 1024, 0);
    assert!(
        Message::decode(&schema, &every, packed)
            .expect_err("over budget")
            .is_too_large()
    );
}

#[test]
fn json_of_an_any_stays_under_budget() {
    let schema = Schema::from_source(
        "list.proto",
        r#"syntax = "proto3"; import "google/protobuf/any.proto"; message List { repeated List lists = 1; bytes data = 2; }"#,
    )
    .expect("the source compiles");
    let any_type = schema.pool().get_message_by_name("google.protobuf.Any");
    let any_type = any_type.expect("it is imported");
    let json_of = |value: Vec<u8>| {
        let type_url = "x/List".to_owned();
        let any = prost_types::Any { type_url, value };
        let any = prost::Message::encode_to_vec(&any);
        Message::decode(&schema, &any_type, any)
            .expect("two elements")
            .to_json()
    };
    // The same number of bytes, in one element and in two million.
    let mut data = Vec::new();
    prost::encoding::bytes::encode(2, &vec![0_u8; 4 * 1024 * 1024], &mut data);
    json_of(data).expect("within the budget");
    let error = json_of([0x0a, 0x00].repeat(2 * 1024 * 1024)).expect_err("over budget");
    assert!(error.is_too_large(), "{error}");
}

#[test]
fn any_of_nothing_is_an_empty_object_in_json_both_ways() {
    // Without google.protobuf.Empty, which nothing here imports.
    let schema = Schema::from_source(
        "holder.proto",
        r#"syntax = "proto3"; import "google/protobuf/any.proto";
        message Holder { google.protobuf.Any any = 1; repeated google.protobuf.Any more = 2; Holder next = 3; }"#,
    )
    .expect("the source compiles");
    for (name, json) in [
        ("Holder", r#"{"any":{},"more":[{},{}],"next":{"any":{}}}"#),
        ("google.protobuf.Any", "{}"),
    ] {
        let descriptor = schema.pool().get_message_by_name(name).expect("it is there");
        let message = Message::from_json(descriptor, json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(message.to_json().expect("it has a JSON form"), json);
    }
}

#[test]
fn everything_that_holds_a_recursive_type_can_be_printed_for_debugging() {
    let schema = Schema::from_source(
        "tree.proto",
        r#"syntax = "proto3"; message Tree { Tree left = 1; } service Trees { rpc Grow(Tree) returns (stream Tree); }"#,
    )
    .expect("the source compiles");
    let rules = "rules: [{method: Trees/Grow, match: {left: {}}, stream: [{send: {left: \"${request}\"}}]}]";
    let rules = Rules::from_text(&schema, "tree.rules.yaml", rules).expect("the rules fit");
    let method = schema.method("Trees/Grow").expect("the source has it");
    let mut codec = DynamicCodec::server(method);
    let printed = format!(
        "{schema:?} {method:?} {rules:?} {codec:?} {:?} {:?}",
        codec.encoder(),
        codec.decoder()
    );
    assert!(
        printed.contains("Trees/Grow") && printed.contains("tree.rules.yaml:1"),
        "{printed}"
    );
    let server = Server::builder(schema).handlers(&rules);
    assert!(format!("{server:?}").contains("Trees/Grow"));
}
