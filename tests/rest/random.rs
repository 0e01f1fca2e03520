//! Random calls over a random schema: what a handler gets is what ProtoJSON's own reader makes of the message that was meant.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, SerializeOptions, Value,
};
use protod::message::Message;
use protod::{Schema, Server};

use crate::support::Running;

const SCHEMAS: u64 = 10;
const CALLS: u64 = 100;

/// Numbers that are the same for a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

const SCALARS: [&str; 17] = [
    "double",
    "float",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "sint32",
    "sint64",
    "fixed32",
    "fixed64",
    "sfixed32",
    "sfixed64",
    "bool",
    "string",
    "bytes",
    "Choice",
    "google.protobuf.Int64Value",
];

/// Four messages, each of which may hold those after it, and a method for each kind of rule.
fn proto(random: &mut Random) -> String {
    let mut text = String::from(
        "syntax = \"proto3\"; package r; import \"google/api/annotations.proto\"; import \"google/protobuf/wrappers.proto\";
         enum Choice { NONE = 0; SOME = 1; MORE = -5; }\n",
    );
    for message in 0..4 {
        let _ = write!(
            text,
            "message M{message} {{ string key = 1; int64 number_key = 2; M{} inner_one = 3; ",
            (message + 1).min(3)
        );
        if message == 0 {
            text += "map<string, int32> counts = 4; repeated M1 others = 5; ";
        }
        for field in 0..4 + random.below(8) {
            let kind = SCALARS[random.below(SCALARS.len())];
            let label = if random.one_in(3) {
                "repeated "
            } else if random.one_in(4) && kind != "google.protobuf.Int64Value" {
                "optional "
            } else {
                ""
            };
            let _ = write!(text, "{label}{kind} field_{field} = {}; ", 10 + field);
        }
        text += "}\n";
    }
    text + r#"service Calls {
        rpc Query(M0) returns (M0) { option (google.api.http).get = "/v1/{key}/{number_key}"; }
        rpc Whole(M0) returns (M0) { option (google.api.http) = { post: "/v1/{key}:whole" body: "*" }; }
        rpc Part(M0) returns (M0) { option (google.api.http) = { put: "/v1/{inner_one.key}/{number_key}" body: "inner_one" }; }
    }"#
}

fn scalar(random: &mut Random, kind: &Kind) -> Value {
    let raw = random.next() >> (random.next() % 64);
    match kind {
        Kind::Double => Value::F64([f64::NAN, f64::INFINITY, -0.5, 1e300, raw as f64][random.below(5)]),
        Kind::Float => Value::F32([f32::NEG_INFINITY, 0.1, -3.5e30, raw as f32][random.below(4)]),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(raw as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(raw as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(raw as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(raw),
        Kind::Bool => Value::Bool(raw & 1 == 1),
        Kind::Bytes => Value::Bytes(raw.to_be_bytes()[..random.below(9)].to_vec().into()),
        Kind::Enum(_) => Value::EnumNumber([0, 1, -5, 77][random.below(4)]),
        Kind::String => {
            let letters = [
                "a", "ü", "/", " ", "+", "%", "&", "=", "?", "#", ":", "\n", "日", "😀", "\"", "\\", ".",
            ];
            Value::String(
                (0..random.below(9))
                    .map(|_| letters[random.below(letters.len())])
                    .collect(),
            )
        }
        Kind::Message(wrapper) => {
            let mut message = DynamicMessage::new(wrapper.clone());
            message.set_field_by_number(1, Value::I64(raw as i64));
            Value::Message(message)
        }
    }
}

fn is_scalar(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => message.full_name().starts_with("google."),
        _ => true,
    }
}

/// A message; without a body it has only what a query can say.
fn message(random: &mut Random, of: &MessageDescriptor, has_body: bool) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of
        .fields()
        .filter(|field| !matches!(field.name(), "key" | "number_key"))
    {
        if random.one_in(2) {
            continue;
        }
        let kind = field.kind();
        let value = if field.is_map() || (!is_scalar(&field) && field.cardinality() == Cardinality::Repeated)
        {
            if !has_body {
                continue;
            }
            match &kind {
                Kind::Message(_) if field.is_map() => {
                    Value::Map([(MapKey::String("a\"b".to_owned()), Value::I32(5))].into())
                }
                Kind::Message(held) => Value::List(
                    (0..random.below(3))
                        .map(|_| Value::Message(self::message(random, held, true)))
                        .collect(),
                ),
                _ => continue,
            }
        } else if let Kind::Message(held) = &kind
            && !is_scalar(&field)
        {
            if held == of {
                continue;
            }
            let inner = self::message(random, held, has_body);
            // A message with nothing in it is no parameter.
            if !has_body && json(&inner) == "{}" {
                continue;
            }
            Value::Message(inner)
        } else if field.is_list() {
            Value::List((0..=random.below(3)).map(|_| scalar(random, &kind)).collect())
        } else {
            scalar(random, &kind)
        };
        message.set_field(&field, value);
    }
    message
}

/// A value as a parameter has it.
fn text(random: &mut Random, kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Enum(of), Value::EnumNumber(number)) => match of.get_value(*number) {
            Some(value) if random.one_in(2) => value.name().to_owned(),
            _ => number.to_string(),
        },
        (_, Value::Bytes(bytes)) => BASE64_URL_SAFE_NO_PAD.encode(bytes),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(truth)) => truth.to_string(),
        (_, Value::I32(number)) => number.to_string(),
        (_, Value::I64(number)) => number.to_string(),
        (_, Value::U32(number)) => number.to_string(),
        (_, Value::U64(number)) => number.to_string(),
        (_, Value::F32(number)) if number.is_finite() => serde_json::json!(number).to_string(),
        (_, Value::F64(number)) if number.is_finite() => serde_json::json!(number).to_string(),
        (_, Value::F32(number)) => ["Infinity", "-Infinity", "NaN"][if number.is_nan() {
            2
        } else {
            usize::from(*number < 0.0)
        }]
        .to_owned(),
        (_, Value::F64(number)) => ["Infinity", "-Infinity", "NaN"][if number.is_nan() {
            2
        } else {
            usize::from(*number < 0.0)
        }]
        .to_owned(),
        (_, Value::Message(wrapper)) => {
            let value = wrapper.get_field_by_number(1).expect("a wrapper").into_owned();
            text(random, &Kind::Int64, &value)
        }
        other => panic!("{other:?} is no parameter"),
    }
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Adds the parameters of a message.
fn parameters(
    random: &mut Random,
    message: &DynamicMessage,
    above: &str,
    without: &[&str],
    query: &mut Vec<String>,
) {
    for (field, value) in message.fields() {
        if without.contains(&field.name()) {
            continue;
        }
        let name = if random.one_in(2) {
            field.name()
        } else {
            field.json_name()
        };
        let name = format!("{above}{name}");
        match value {
            Value::List(items) => {
                for item in items {
                    query.push(format!("{name}={}", escape(&text(random, &field.kind(), item))));
                }
            }
            Value::Message(inner) if !is_scalar(&field) => {
                parameters(random, inner, &format!("{name}."), &[], query);
            }
            value => query.push(format!("{name}={}", escape(&text(random, &field.kind(), value)))),
        }
    }
}

fn json(message: &DynamicMessage) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    message
        .serialize_with_options(&mut serializer, &SerializeOptions::new())
        .expect("it has a form in JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[tokio::test]
async fn a_thousand_calls_are_what_protojson_makes_of_them() {
    for seed in 0..SCHEMAS {
        let mut random = Random(seed);
        let text = proto(&mut random);
        let schema =
            Schema::from_source("random.proto", &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        let of = schema.pool().get_message_by_name("r.M0").expect("it is there");
        let echo = || |request: Message| async { Ok::<_, tonic::Status>(request) };
        let server = Server::builder(schema.clone())
            .unary("r.Calls/Query", echo())
            .unary("r.Calls/Whole", echo())
            .unary("r.Calls/Part", echo());
        let server = Running::start(server).await;
        for _ in 0..CALLS {
            let rule = random.below(3);
            let mut meant = message(&mut random, &of, rule > 0);
            let key = loop {
                match scalar(&mut random, &Kind::String) {
                    Value::String(key) if !key.is_empty() => break key,
                    _ => {}
                }
            };
            let number = random.next() as i64;
            let mut query = Vec::new();
            let (request, body) = match rule {
                0 => {
                    parameters(&mut random, &meant, "", &[], &mut query);
                    meant.set_field_by_name("key", Value::String(key.clone()));
                    meant.set_field_by_name("number_key", Value::I64(number));
                    (format!("GET /v1/{}/{number}", escape(&key)), String::new())
                }
                1 => {
                    let body = json(&meant);
                    meant.set_field_by_name("key", Value::String(key.clone()));
                    (format!("POST /v1/{}:whole", escape(&key)), body)
                }
                _ => {
                    for name in ["counts", "others"] {
                        meant.clear_field_by_name(name);
                    }
                    parameters(&mut random, &meant, "", &["inner_one"], &mut query);
                    let mut inner = meant
                        .get_field_by_name("inner_one")
                        .expect("a field")
                        .into_owned();
                    let inner_message = inner.as_message_mut().expect("a message");
                    let body = json(inner_message);
                    inner_message.set_field_by_name("key", Value::String(key.clone()));
                    meant.set_field_by_name("inner_one", inner);
                    meant.set_field_by_name("number_key", Value::I64(number));
                    (format!("PUT /v1/{}/{number}", escape(&key)), body)
                }
            };
            let request = if query.is_empty() {
                request
            } else {
                format!("{request}?{}", query.join("&"))
            };
            let response = server.json(&request, &body).await;
            assert_eq!(
                response.status,
                200,
                "{request}\n{body}\n{}\n{text}",
                response.text()
            );
            let mut deserializer = serde_json::Deserializer::from_slice(&response.body);
            let found = DynamicMessage::deserialize(of.clone(), &mut deserializer).expect("ProtoJSON");
            // As texts, in which NaN is equal to itself.
            assert_eq!(json(&found), json(&meant), "{request}\n{body}\n{text}");
        }
    }
}
