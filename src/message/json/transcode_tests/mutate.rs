//! Random JSON, near to that of messages, read as the reference reads it.

use serde_json::{Value, json};

use super::generate::{Order, message};
use super::{Random, message_type, reference};
use crate::message::check::check;
use crate::message::json::to_wire::json_to_wire;
use crate::message::typed::MessageType;

/// Puts other values into some places, and takes some away.
fn mutate(random: &mut Random, value: &mut Value, one_in: usize) {
    if random.once_in(one_in) {
        let others = [
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(2_147_483_648_u64),
            json!(1.5),
            json!(1e3),
            json!(1e300),
            json!(""),
            json!("1"),
            json!("-0"),
            json!("+1"),
            json!("1e2"),
            json!("1.5"),
            json!("NaN"),
            json!("-Infinity"),
            json!("OPEN_ONE"),
            json!("CLOSED_TWO"),
            json!("NULL_VALUE"),
            json!("a_-_"),
            json!("AAAA"),
            json!("YQ"),
            json!("YQ=="),
            json!("aB,cD.eF"),
            json!("1970-01-01T00:00:00Z"),
            json!("1.000000001s"),
            json!([]),
            json!([null]),
            json!([1, "2"]),
            json!({}),
            json!({"a": null}),
            json!({"1": 2}),
            json!({"true": "ZERO_ONE"}),
            json!({"aInt32": 1}),
            json!({"@type": "x/every.Point", "latitude": 1}),
            json!({"@type": "x/google.protobuf.Value", "value": [1]}),
        ];
        *value = random.pick(&others).clone();
        return;
    }
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| mutate(random, element, one_in)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| mutate(random, member, one_in));
            if random.once_in(one_in) {
                let names = [
                    "a_int32",
                    "oString",
                    "o_int32",
                    "oValue",
                    "[every.x_int32]",
                    "nope",
                    "größe",
                    "renamed",
                ];
                members.insert((*random.pick(&names)).to_owned(), json!("1"));
            }
        }
        _ => {}
    }
}

/// The text, with members in any order, spaces, and if `twice` seldom a member twice.
fn print(random: &mut Random, value: &Value, twice: bool, text: &mut String) {
    let space = *random.pick(&["", "", " ", "\n"]);
    text.push_str(space);
    match value {
        Value::Object(members) => {
            text.push('{');
            let mut members: Vec<_> = members.iter().collect();
            if random.once_in(3) && !members.is_empty() {
                let middle = random.below(members.len());
                members.rotate_left(middle);
            }
            if twice && random.once_in(60) && !members.is_empty() {
                members.push(*random.pick(&members.clone()));
            }
            for (index, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(space);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(space);
                text.push(':');
                print(random, member, twice, text);
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                print(random, element, twice, text);
            }
            text.push(']');
        }
        value => text.push_str(&value.to_string()),
    }
    text.push_str(space);
}

/// What the bytes print as, for both ways; `None` if the JSON is refused.
pub(super) fn read_by_both(of: MessageType<'_>, json: &str) -> Option<String> {
    let mut wire = b"before".to_vec();
    let ours = json_to_wire(of, json.as_bytes(), &mut wire)
        .and_then(|()| Ok(check(of.layouts, of.layout, &wire[6..], of.bounds)?));
    let theirs = reference::json_to_wire(of, json.as_bytes());
    match (ours, theirs) {
        (Ok(()), Ok(theirs)) => {
            let print = |wire: &[u8]| reference::wire_to_json(of, wire).map_err(|error| error.to_string());
            let (ours, theirs) = (print(&wire[6..]), print(&theirs));
            // A tree leaves out a negative zero in an entry of a map, so that it is read as a positive one.
            let unsigned = |json: &Result<String, _>| json.clone().map(|json| json.replace("-0.0", "0.0"));
            assert_eq!(unsigned(&ours), unsigned(&theirs), "{json}");
            Some(ours.unwrap_or_default())
        }
        (Err(_), Err(_)) => None,
        (ours, theirs) => panic!("{ours:?} {theirs:?}: {json}"),
    }
}

#[test]
fn json_that_is_nearly_a_message_is_read_or_refused_as_its_tree_is() {
    let of = message_type("every.Every");
    let mut random = Random(11);
    let mut counts = [0, 0];
    for case in 0..8_000 {
        let mut wire = Vec::new();
        let depth = random.below(4);
        message(&mut random, of.layouts, of.layout, Order::Usual, depth, &mut wire);
        let Ok(json) = reference::wire_to_json(of, &wire) else {
            continue;
        };
        let mut value: Value = serde_json::from_str(&json).unwrap();
        if case % 2 == 1 {
            mutate(&mut random, &mut value, 12);
        }
        let mut text = String::new();
        // A tree has lost what was twice where an Any is read that has its type last.
        let twice = !json.contains("@type");
        print(&mut random, &value, twice, &mut text);
        let is_read = read_by_both(of, &text).is_some();
        counts[usize::from(is_read)] += 1;
    }
    assert!(counts[0] > 1_000 && counts[1] > 2_000, "{counts:?}");
}
