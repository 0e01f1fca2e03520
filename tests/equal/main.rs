//! Rules run on bytes. For random schemas, messages, expressions and templates they give the same as a simple
//! implementation on `DynamicMessage`, and expressions give the same as the cel crate's interpreter.

mod built;
mod choices;
mod expression;
mod interpreter;
#[path = "../support/lists_for_maps.rs"]
mod lists_for_maps;
mod message;
mod path;
mod schema;
mod server;
mod source;
mod straight;
mod template;
mod typed;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};
use protod::{Call, Message, Schema, Server, Typed};
use serde_json::json;

use crate::choices::Choices;
use crate::expression::{Expr, Type, Writer};
use crate::interpreter::interpret;
use crate::lists_for_maps::with_lists_for_maps;
use crate::schema::{COMPUTE, MAKE};
use crate::straight::{Failure, Given};
use crate::typed::{Fault, Fitting, Wrong};

/// A schema, and messages of the type that its service takes.
struct Case {
    schema: Schema,
    input: MessageDescriptor,
    requests: Vec<Vec<u8>>,
}

impl Case {
    fn new(schema: &[u8], messages: &[Vec<u8>]) -> Result<Self, TestCaseError> {
        let schema = schema::schema(&mut Choices::new(schema));
        let input = schema.method(MAKE).expect("the schema has it").input().clone();
        let requests = messages
            .iter()
            .map(|choices| request(&input, &mut Choices::new(choices)));
        Ok(Self {
            requests: requests.collect::<Result<_, _>>()?,
            schema,
            input,
        })
    }

    fn decoded(&self, request: &[u8]) -> DynamicMessage {
        DynamicMessage::decode(self.input.clone(), request).expect("it is well formed")
    }

    fn given(&self, request: &[u8], round: i64) -> Given {
        Given {
            request: self.decoded(request),
            round,
            elements: Vec::new(),
        }
    }
}

/// The bytes of a random message, in an unusual order.
fn request(descriptor: &MessageDescriptor, choices: &mut Choices<'_>) -> Result<Vec<u8>, TestCaseError> {
    let message = normal(&message::message(descriptor, 3, choices));
    let mut bytes = message::bytes(&message, choices);
    let decoded = DynamicMessage::decode(descriptor.clone(), &bytes[..]).expect("it is well formed");
    prop_assert!(
        decoded == message,
        "shuffled, {message} became {decoded}: {bytes:02x?}"
    );
    if choices.one_in(3) {
        bytes.extend(message::unknown(3, choices));
    }
    Ok(bytes)
}

/// The message without fields that are set to their defaults. prost-reflect treats -0.0 as a default, but rules write it.
fn normal(message: &DynamicMessage) -> DynamicMessage {
    DynamicMessage::decode(message.descriptor(), &message.encode_to_vec()[..]).expect("it was just encoded")
}

/// Tests a property on random choices of a schema, messages and operations. `PROPTEST_CASES` sets how often, 256 times by
/// default.
fn holds(property: fn(&Case, &[u8]) -> Result<(), TestCaseError>) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let choices = (
        vec(any::<u8>(), 20..200),
        vec(vec(any::<u8>(), 0..200), 1..4),
        vec(any::<u8>(), 10..80),
    );
    let outcome = TestRunner::new(config).run(&choices, |(schema, messages, choices)| {
        property(&Case::new(&schema, &messages)?, &choices)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (schema, ..))) => {
            let schema = schema::schema(&mut Choices::new(&schema));
            panic!("{reason}\nwhere\n{}", schema::described(&schema));
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_expression_gives_what_interpreter_and_dynamic_message_give() {
    holds(|case, choices| {
        let paths = path::paths(&case.input);
        let mut choices = Choices::new(choices);
        let wanted = *choices.pick(&Type::ALL);
        let expr = Writer {
            paths: &paths,
            looped: false,
            choices: &mut choices,
        }
        .expr(wanted, 4);
        let field = ["int", "uint", "double", "text", "bytes", "truth"][wanted as usize];
        let reply = json!({field: format!("${{{}}}", expr.source())});
        let server = match server::server(&case.schema, COMPUTE, ("reply", reply)) {
            Ok(server) => server,
            Err(_) if expr.has_faulty_constant(&Given::nothing(&case.input)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error)),
        };
        for request in &case.requests {
            let given = case.given(request, 0);
            let straight = expr.value(&given);
            agree(&expr, "interpreter", &straight, &interpret(&expr, &given))?;
            let answer = server::call(&server, COMPUTE, std::slice::from_ref(request));
            let found = answer.messages.first().ok_or(Failure);
            let found = found.map(|bytes| value_of(&case.schema, field, bytes));
            // A path that is the whole value copies presence too.
            let copies_unset = matches!(&expr, Expr::Field(path) if path.stays_unset(&given.request));
            match found {
                Ok(None) if copies_unset => {}
                found => agree(
                    &expr,
                    "rule",
                    &straight,
                    &found.and_then(|value| value.ok_or(Failure)),
                )?,
            }
        }
        Ok(())
    });
}

/// The member of the `Result`'s oneof, if it is set.
fn value_of(schema: &Schema, field: &str, bytes: &[u8]) -> Option<Value> {
    let result = schema.method(COMPUTE).expect("it is there").output().clone();
    let field = result.get_field_by_name(field).expect("it is there");
    let message = DynamicMessage::decode(result, bytes).expect("rules write well-formed messages");
    message
        .has_field(&field)
        .then(|| message.get_field(&field).into_owned())
}

fn agree(
    expr: &Expr,
    whose: &str,
    straight: &Result<Value, Failure>,
    found: &Result<Value, Failure>,
) -> Result<(), TestCaseError> {
    let same = match (straight, found) {
        (Ok(straight), Ok(found)) => straight == found,
        (Err(Failure), Err(Failure)) => true,
        _ => false,
    };
    prop_assert!(
        same,
        "{} is {straight:?}, but {found:?} to the {whose}",
        expr.source()
    );
    Ok(())
}

#[test]
fn a_template_writes_what_setting_the_fields_of_a_dynamic_message_gives() {
    const ROUNDS: i64 = 2;
    holds(|case, choices| {
        let paths = path::paths(&case.input);
        let output = case.schema.method(MAKE).expect("it is there").output().clone();
        let template = template::template(&output, &paths, 3, &mut Choices::new(choices));
        let send = template.json();
        let step = json!({"repeat": ROUNDS, "as": "round", "send": send});
        let session = ("session", json!({"message": [step]}));
        let server = match server::server(&case.schema, MAKE, session) {
            Ok(server) => server,
            Err(_) if template.has_faulty_constant(&Given::nothing(&case.input)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(format!("{send}: {error}"))),
        };
        // All in one call, so that the test sees if anything of one message remains for the next.
        let server::Answer { messages, error } = server::call(&server, MAKE, &case.requests);
        let mut messages = messages.into_iter();
        let rounds = case
            .requests
            .iter()
            .flat_map(|request| (0..ROUNDS).map(|round| case.given(request, round)));
        for given in rounds {
            let request = &given.request;
            let Ok(straight) = template.build(&output, &given) else {
                prop_assert!(
                    error.is_some() && messages.next().is_none(),
                    "{send}\nfor {request} must fail"
                );
                return Ok(());
            };
            let Some(found) = messages.next() else {
                return Err(TestCaseError::fail(format!(
                    "{send}\nfor {request}\nis {straight}\nbut: {error:?}"
                )));
            };
            let found = DynamicMessage::decode(output.clone(), found);
            let found = normal(&found.expect("rules write well-formed messages"));
            let straight = normal(&straight);
            prop_assert!(
                found == straight,
                "{send}\nfor {request}\nis {straight}\nbut {found} was written"
            );
        }
        prop_assert!(error.is_none() && messages.next().is_none(), "{send}: {error:?}");
        Ok(())
    });
}

#[test]
fn a_dynamic_message_is_written_as_prost_reflect_writes_it() {
    holds(|case, _| {
        for request in &case.requests {
            let decoded = case.decoded(request);
            let written = Message::from(decoded.clone()).to_bytes();
            // prost-reflect writes the entries of a map in any order.
            let sorted = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes.sort_unstable();
                bytes
            };
            let theirs = decoded.encode_to_vec();
            let read = DynamicMessage::decode(case.input.clone(), written.clone());
            prop_assert!(
                sorted(&written) == sorted(&theirs) && read.is_ok_and(|read| read == decoded),
                "{decoded} is written as {written:02x?}"
            );
        }
        Ok(())
    });
}

#[test]
fn a_message_is_accepted_by_both_decoders_or_by_none() {
    holds(|case, choices| {
        let mut choices = Choices::new(choices);
        let with_lists = with_lists_for_maps(&case.input);
        for request in &case.requests {
            let ours = Message::decode(&case.schema, &case.input, request.clone());
            let decoded = case.decoded(request);
            prop_assert!(ours.expect("well formed").to_dynamic().expect("checked") == decoded);
            let written = decoded.encode_to_vec();
            prop_assert!(Message::decode(&case.schema, &case.input, written).is_ok());
            let mut broken = request.clone();
            if !broken.is_empty() {
                let place = choices.below(broken.len().min(1 << 16));
                broken[place] ^= 1 << choices.below(8);
            }
            let ours = Message::decode(&case.schema, &case.input, broken.clone());
            let theirs = DynamicMessage::decode(case.input.clone(), &broken[..]);
            // prost-reflect reads a map's entry with any wire type, but not an element of a list of messages.
            let strict = DynamicMessage::decode(with_lists.clone(), &broken[..]);
            // Strings of proto2 may be any bytes; prost-reflect wants UTF-8 in all.
            let is_lenient = |error: &prost::DecodeError| error.to_string().contains("UTF-8");
            let more_lenient = strict.as_ref().is_err_and(is_lenient)
                && ours.as_ref().is_ok_and(|message| message.to_dynamic().is_ok());
            prop_assert!(
                more_lenient || ours.is_ok() == strict.is_ok() && (theirs.is_ok() || ours.is_err()),
                "ours {ours:?}, theirs {:?}, with lists {:?}: {broken:02x?}",
                theirs.err(),
                strict.err()
            );
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                let ours = ours.to_dynamic().expect("checked");
                prop_assert!(
                    ours == theirs || theirs.to_string().contains("NaN"),
                    "ours {ours}, theirs {theirs}: {broken:02x?}"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn a_type_that_fits_is_read_and_written_as_prost_reflect_does_it() {
    holds(|case, _| {
        typed::with(&case.input, None, || {
            for request in &case.requests {
                let expected = typed::known(&case.decoded(request));
                let message =
                    Message::decode(&case.schema, &case.input, request.clone()).expect("well formed");
                let found: Fitting = message
                    .parse()
                    .map_err(|error| TestCaseError::fail(format!("{expected}: {error}")))?;
                let (found, normal) = (normal(&found.0), normal(&expected));
                prop_assert!(found == normal, "{normal} is read as {found}");
                let written = Message::from_value(&case.schema, &case.input, &Fitting(expected.clone()))
                    .map_err(|error| TestCaseError::fail(format!("{expected}: {error}")))?;
                let (written, bytes) = (written.to_bytes(), expected.encode_to_vec());
                prop_assert!(
                    written == bytes,
                    "{expected} is written as {written:02x?}, not {bytes:02x?}"
                );
            }
            Ok(())
        })
    });
}

#[test]
fn a_type_reads_whatever_bytes_come_as_prost_reflect_does() {
    holds(|case, choices| {
        let mut choices = Choices::new(choices);
        typed::with(&case.input, None, || {
            for request in &case.requests {
                let mut broken = request.clone();
                for _ in 0..choices.below(6).min(broken.len()) {
                    let place = choices.below(broken.len().min(1 << 16));
                    broken[place] = choices.bits() as u8;
                }
                let Ok(message) = Message::decode(&case.schema, &case.input, broken.clone()) else {
                    continue;
                };
                let decoded = message.to_dynamic().expect("it was checked");
                if typed::has_unnamed(&decoded) {
                    continue;
                }
                let found: Fitting = message
                    .parse()
                    .map_err(|error| TestCaseError::fail(format!("{decoded}: {error}: {broken:02x?}")))?;
                let (found, expected) = (normal(&found.0), normal(&typed::known(&decoded)));
                prop_assert!(
                    found == expected || expected.to_string().contains("NaN"),
                    "{expected} is read as {found}: {broken:02x?}"
                );
            }
            Ok(())
        })
    });
}

/// The error of a server that has a handler of [`Fitting`] with this fault.
fn build_error(case: &Case, fault: Option<Fault>) -> Option<String> {
    let handler = |_: Call<Typed<Fitting>, Typed<Fitting>>| async { Ok(()) };
    let server = Server::builder(case.schema.clone()).bidi(MAKE, handler);
    let built = typed::with(&case.input, fault, || server.build());
    built.err().map(|error| error.to_string())
}

#[test]
fn a_type_that_fits_is_built_and_one_with_a_fault_is_not() {
    holds(|case, choices| {
        let error = build_error(case, None);
        prop_assert!(error.is_none(), "{error:?}");
        let mut choices = Choices::new(choices);
        let fields = typed::fields(&case.input);
        for what in [Wrong::Name, Wrong::Kind] {
            let fault = Fault {
                field: choices.pick(&fields).clone(),
                what,
            };
            let error = build_error(case, Some(fault.clone())).unwrap_or_default();
            let told = match what {
                Wrong::Name => format!("misspelt_{}`", fault.field.name()),
                Wrong::Kind => format!("{}` is ", typed::told_name(&fault.field)),
            };
            prop_assert!(
                error.contains(MAKE) && error.contains(&told),
                "{what:?} of {}: {error:?}",
                fault.field.full_name()
            );
        }
        Ok(())
    });
}
