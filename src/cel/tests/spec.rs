//! The cases of the CEL specification's conformance tests (cel-spec, v0.25.2) for what the language has, as tables of
//! our own in `spec/`. What it does not have is listed in the guide.
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | what the next cases are about |
//! | `with JSON` | the request of the next cases, up to a `#` |
//! | `of TYPE` | the request's type, up to a `#`; names are looked up in its package |
//! | `A => B` | A gives the value of B, of the same type |
//! | `A => json TYPE JSON` | A gives the message of that type which prost-reflect reads from the JSON |
//! | `A => ! words` | A fails, at load or when it runs, and says something with these words in it |

use std::sync::LazyLock;

use super::{Given, same};
use crate::cel::{Budget, Value};
use crate::message::Message;
use crate::schema::Schema;

const TABLES: &[(&str, &str)] = &[
    ("arithmetic", include_str!("spec/arithmetic.txt")),
    ("basic", include_str!("spec/basic.txt")),
    ("comparisons", include_str!("spec/comparisons.txt")),
    ("conversions", include_str!("spec/conversions.txt")),
    ("fields", include_str!("spec/fields.txt")),
    ("lists", include_str!("spec/lists.txt")),
    ("logic", include_str!("spec/logic.txt")),
    ("macros", include_str!("spec/macros.txt")),
    ("made", include_str!("spec/made.txt")),
    ("maths", include_str!("spec/maths.txt")),
    ("messages", include_str!("spec/messages.txt")),
    ("strings", include_str!("spec/strings.txt")),
    ("syntax", include_str!("spec/syntax.txt")),
    ("times", include_str!("spec/times.txt")),
    ("types", include_str!("spec/types.txt")),
];

static PROTO2: LazyLock<Schema> = LazyLock::new(|| schema("spec2.proto", include_str!("spec/spec2.proto")));
static PROTO3: LazyLock<Schema> = LazyLock::new(|| schema("spec3.proto", include_str!("spec/spec3.proto")));

fn schema(name: &str, text: &str) -> Schema {
    Schema::from_source(name, text).expect("the schema compiles")
}

/// An empty request of the type.
fn of_type(message: &'static str) -> Given {
    let schema = if message.starts_with("spec2.") {
        &PROTO2
    } else {
        &PROTO3
    };
    Given {
        schema,
        message,
        ..Given::nothing()
    }
}

/// What is different from the message that is given by its type and its JSON.
fn difference_from_json(given: &Given, found: &Value<'_>, expected: &str) -> Option<String> {
    let (name, json) = expected.split_once(' ').expect("a type and JSON");
    let descriptor = given
        .schema
        .pool()
        .get_message_by_name(name)
        .expect("the type exists");
    let expected = Message::from_json(descriptor, json).expect("the JSON fits");
    let Value::Message(message) = found else {
        return Some(format!("gives {found:?}"));
    };
    let (found, expected) = (message.to_message().to_dynamic(), expected.to_dynamic());
    let (found, expected) = (found.expect("well formed"), expected.expect("well formed"));
    (found != expected).then(|| format!("gives {found}"))
}

/// What is wrong with a case; nothing if it is as its line says.
fn difference(given: &Given, source: &str, expected: &str) -> Option<String> {
    // An Any stays one, so that it can be copied; what is read of it is what it holds.
    let found = given.eval(source).map(|found| match &found {
        Value::Message(message) => {
            let held = message.unpacked(given.schema.layouts(), &Budget::default());
            held.expect("the Any holds what it says").unwrap_or(found)
        }
        _ => found,
    });
    if let (Ok(found), Some(json)) = (&found, expected.strip_prefix("json ")) {
        return difference_from_json(given, found, json);
    }
    match (found, expected.strip_prefix('!')) {
        (Ok(found), None) => match given.eval(expected) {
            Ok(wanted) if same(&found, &wanted) => None,
            _ => {
                let mut text = String::new();
                found.write_text(&mut text);
                Some(format!("gives {text} ({})", found.type_name()))
            }
        },
        (Ok(_), Some(_)) => Some("does not fail".to_owned()),
        (Err(message), None) => Some(format!("fails: {message}")),
        (Err(message), Some(words)) => {
            let said = !words.trim().is_empty() && message.contains(words.trim());
            (!said).then(|| format!("says {message:?}"))
        }
    }
}

#[test]
fn every_case_of_the_specification_is_as_it_says() {
    let mut differences = Vec::new();
    let mut cases = 0;
    for (name, table) in TABLES {
        let mut given = Given::nothing();
        for (line, number) in table.lines().zip(1..) {
            if line.is_empty() {
            } else if line.starts_with('#') {
                given = Given::nothing();
            } else if let Some(json) = line.strip_prefix("with ") {
                given = Given::json(json);
            } else if let Some(message) = line.strip_prefix("of ") {
                given = of_type(message);
            } else {
                let (source, expected) = line.split_once(" => ").expect("a case has two sides");
                cases += 1;
                let difference = difference(&given, source, expected);
                differences.extend(difference.map(|text| format!("{name}.txt:{number}: {source} {text}")));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(cases > 1800, "{cases} cases");
}
