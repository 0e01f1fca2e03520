//! Random calls over random schemas: what a handler gets is what ProtoJSON's own reader makes of the message that was meant, and
//! what a client gets is what its writer makes of it.
//!
//! A call is told from a message: the fields in the path, the parameters and the body are parts of it, written by
//! prost-reflect. `PROTOD_TEST_SEED` repeats a run that failed.

mod api;
mod choice;
mod messages;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};
use protod::message::Message;
use protod::{Schema, Server};

use self::api::{Api, Body, Rule};
use self::choice::Random;
use self::messages::{body_json, json, mask_of, prune, random_message, set_path, text_of};
use crate::support::{Response, Running};

const SCHEMAS: u64 = 10;
const CALLS: u64 = 100;

/// A call, and the message that it stands for.
struct Call {
    request: String,
    body: String,
    meant: DynamicMessage,
}

fn call(random: &mut Random, rule: &Rule, of: &MessageDescriptor) -> Call {
    let mut meant = random_message(random, of, 0);
    // What is in the path comes from there; the body may have it, too.
    let variables: Vec<(String, Value)> = rule
        .variables
        .iter()
        .map(|variable| (variable.field.clone(), variable.value(random, of)))
        .collect();
    let mut query = Vec::new();
    let mut body = String::new();
    match &rule.body {
        Body::Whole => {
            if random.one_in(10) {
                meant = DynamicMessage::new(of.clone());
            } else {
                body = body_json(random, &meant);
            }
        }
        Body::None => prune(&mut meant, &rule.names(), None),
        Body::Field(name) => {
            prune(&mut meant, &rule.names(), Some(name));
            let field = of.get_field_by_name(name).expect("it is there");
            if meant.has_field(&field) {
                let mut only = DynamicMessage::new(of.clone());
                only.set_field(&field, meant.get_field(&field).into_owned());
                let whole: serde_json::Value =
                    serde_json::from_str(&body_json(random, &only)).expect("an object");
                let member = whole.as_object().and_then(|object| object.values().next());
                body = member.map(ToString::to_string).unwrap_or_default();
                // An empty list or text is not in the object.
                if body.is_empty() {
                    meant.clear_field(&field);
                }
            }
        }
    }
    if rule.body != Body::Whole {
        let without: Vec<&str> = match &rule.body {
            Body::Field(name) => vec![name],
            _ => Vec::new(),
        };
        messages::parameters(random, &meant, "", &without, &mut query);
    }
    let mut path = rule.start.clone();
    let body_before = match &rule.body {
        Body::Field(name) => Some((name, meant.get_field_by_name(name).expect("a field").into_owned())),
        _ => None,
    };
    for ((field, value), variable) in variables.iter().zip(&rule.variables) {
        path.push('/');
        path.push_str(&variable.before);
        path.push_str(&variable.escaped(&text_of(random, of, field, value)));
        set_path(&mut meant, field, value.clone());
    }
    path.push_str(&rule.end);
    if let Some((name, value)) = body_before
        && rule.verb == "PATCH"
        && !meant.has_field_by_name("update_mask")
        && !body.is_empty()
        && let Value::Message(message) = &value
        && of.get_field_by_name(name).is_some_and(|field| !field.is_list())
        && message.descriptor().full_name().starts_with("r.")
    {
        set_path(&mut meant, "update_mask", mask_of(message));
    }
    let question = if query.is_empty() { "" } else { "?" };
    Call {
        request: format!("{} {path}{question}{}", rule.verb, query.join("&")),
        body,
        meant,
    }
}

/// A message as JSON, in which NaN is equal to itself, and maps and masks have no order.
fn comparable(message: &DynamicMessage) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(&json(message)).expect("it is JSON");
    if let Some(serde_json::Value::String(mask)) = value.get_mut("updateMask") {
        let mut paths: Vec<&str> = mask.split(',').collect();
        paths.sort_unstable();
        *mask = paths.join(",");
    }
    value
}

/// Whether a response is what the rule makes of a message.
fn check_answer(response: &Response, rule: &Rule, meant: &DynamicMessage) -> Result<(), String> {
    if response.status != 200 {
        return Err(format!("status {}", response.status));
    }
    let of = meant.descriptor();
    let same = |found: &[u8], expected: &DynamicMessage| {
        let mut deserializer = serde_json::Deserializer::from_slice(found);
        let found = DynamicMessage::deserialize(of.clone(), &mut deserializer);
        let found = found.map_err(|error| error.to_string())?;
        (comparable(&found) == comparable(expected))
            .then_some(())
            .ok_or_else(|| json(expected))
    };
    let Some(name) = &rule.response_body else {
        return same(&response.body, meant);
    };
    let field = of.get_field_by_name(name).expect("it is there");
    let mut expected = DynamicMessage::new(of.clone());
    if meant.has_field(&field) {
        expected.set_field(&field, meant.get_field(&field).into_owned());
        let object = format!("{{\"{}\":{}}}", field.json_name(), response.text());
        return same(object.as_bytes(), &expected);
    }
    let default = match field.kind() {
        _ if field.is_map() => "{}",
        _ if field.is_list() => "[]",
        prost_reflect::Kind::Message(held) if held.full_name().starts_with("r.") => "{}",
        prost_reflect::Kind::Message(_) => "null",
        prost_reflect::Kind::Bool => "false",
        prost_reflect::Kind::String | prost_reflect::Kind::Bytes => "\"\"",
        prost_reflect::Kind::Enum(_) => "\"NONE\"",
        kind if format!("{kind:?}").contains("64") => "\"0\"",
        _ => "0",
    };
    (response.text() == default)
        .then_some(())
        .ok_or(default.to_owned())
}

#[expect(clippy::print_stdout, reason = "a run that fails has to be repeated")]
#[tokio::test]
async fn a_thousand_random_calls_are_what_protojson_makes_of_them() {
    let first = Random::seed();
    println!("PROTOD_TEST_SEED={first}");
    for seed in first..first + SCHEMAS {
        let mut random = Random(seed);
        let api = Api::random(&mut random);
        let text = &api.proto;
        let schema =
            Schema::from_source("random.proto", text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        let of = schema.pool().get_message_by_name("r.M0").expect("it is there");
        let echo = || |request: Message| async { Ok::<_, tonic::Status>(request) };
        let methods = 0..api.rules.len();
        let server = methods.fold(Server::builder(schema.clone()), |server, number| {
            server.unary(format!("r.Calls/Do{number}"), echo())
        });
        let server = Running::start(server).await;
        assert_eq!(server.warnings, 0, "a rule is left out\n{text}");
        for _ in 0..CALLS {
            let rule = &api.rules[random.below(api.rules.len())];
            let Call { request, body, meant } = call(&mut random, rule, &of);
            let response = server.json(&request, &body).await;
            if let Err(expected) = check_answer(&response, rule, &meant) {
                panic!(
                    "PROTOD_TEST_SEED={seed}\n{request}\n{body}\nfound    {} {}\nexpected {expected}\nof {}\n{text}",
                    response.status,
                    response.text(),
                    json(&meant),
                );
            }
        }
    }
}
