//! Loops in templates: lists and maps that are made from data.

use crate::message::Message;
use crate::rules::testing::{kinds, message_type, refused, written};

/// What the template writes for the request is the message of the JSON.
#[track_caller]
fn gives(yaml: &str, request: &str, json: &str) {
    let schema = kinds();
    let written = written(&schema, "kinds.All", yaml, request).unwrap_or_else(|why| panic!("{yaml}: {why}"));
    let expected = Message::from_json(message_type(&schema, "kinds.All"), json).unwrap();
    assert!(
        written == expected.to_dynamic().unwrap(),
        "{yaml} for {request}: {written} is not {json}"
    );
}

#[track_caller]
fn fails(yaml: &str, request: &str, expected: &str) {
    let failure = written(&kinds(), "kinds.All", yaml, request).expect_err(yaml);
    assert!(
        failure.contains(expected),
        "{yaml} for {request}: {failure:?} has no {expected:?}"
    );
}

const POINTS: &str = r#"{"int32": 1, "points": [
    {"name": "a", "value": 1}, {"name": "b", "value": 2, "opt": 0}, {"name": "c", "value": 3}
]}"#;

#[test]
fn a_list_is_made_of_the_elements_of_a_list() {
    for (yaml, json) in [
        // Messages, texts, numbers that are packed and some that are not, enums, well-known types.
        (
            "points: {each: '${request.points}', as: p, value: {name: '<${p.name}>', value: '${p.value * 2}'}}",
            r#"{"points":[{"name":"<a>","value":2},{"name":"<b>","value":4},{"name":"<c>","value":6}]}"#,
        ),
        (
            "points: {each: '${request.points}', value: '${item}'}",
            r#"{"points":[{"name":"a","value":1},{"name":"b","value":2,"opt":0},{"name":"c","value":3}]}"#,
        ),
        (
            "names: {each: '${request.points}', value: '${item.name}'}",
            r#"{"names":["a","b","c"]}"#,
        ),
        (
            "names: {each: '${request.points}', value: same}",
            r#"{"names":["same","same","same"]}"#,
        ),
        (
            "names: {each: '${request.points}', value: '${request.int32}.${item.name}'}",
            r#"{"names":["1.a","1.b","1.c"]}"#,
        ),
        (
            "numbers: {each: '${request.points}', value: '${item.value - 1}'}",
            r#"{"numbers":[0,1,2]}"#,
        ),
        (
            "unpacked: {each: '${request.points}', value: '${item.value - 1}'}",
            r#"{"unpacked":["0","1","2"]}"#,
        ),
        (
            "numbers: {each: '${request.points}', value: 300}",
            r#"{"numbers":[300,300,300]}"#,
        ),
        (
            "colours: {each: '${request.points}', value: '${item.value - 1}'}",
            r#"{"colours":["COLOUR_UNSPECIFIED","COLOUR_RED",2]}"#,
        ),
        (
            "durations: {each: '${request.points}', value: '${duration(string(item.value) + \"m\")}'}",
            r#"{"durations":["60s","120s","180s"]}"#,
        ),
        // Within each other, with the names of all around.
        (
            "nested: {points: {each: '${request.points}', as: p, when: p.value < 3, \
             value: {name: '${p.name}', value: '${size(request.points)}'}}}",
            r#"{"nested":{"points":[{"name":"a","value":3},{"name":"b","value":3}]}}"#,
        ),
        (
            "list: {each: '${request.points}', as: p, value: {each: '${[1, 2]}', as: n, \
             value: {each: '${[p.name]}', as: m, value: '${m}${n}${p.value}'}}}",
            r#"{"list":[[["a11"],["a21"]],[["b12"],["b22"]],[["c13"],["c23"]]]}"#,
        ),
        // The inner name hides the outer one.
        (
            "list: {each: '${request.points}', value: {each: '${[item.name]}', value: '${item}'}}",
            r#"{"list":[["a"],["b"],["c"]]}"#,
        ),
        // None at all, and lists of numbers and of the expression's own.
        (
            "{points: {each: '${request.names}', value: {}}, numbers: {each: '${request.names}', value: 1}}",
            "{}",
        ),
        (
            "numbers: {each: '${lists.range(3)}', as: i, value: '${i * i}'}",
            r#"{"numbers":[0,1,4]}"#,
        ),
    ] {
        gives(yaml, POINTS, json);
    }
}

#[test]
fn when_decides_first_and_then_skip_and_limit_count() {
    let of = |rest: &str, names: &str| {
        gives(
            &format!("names: {{each: '${{request.names}}', as: n, {rest}, value: '${{n}}'}}"),
            r#"{"int32":1, "names":["a","x","b","x","c"]}"#,
            &if names.is_empty() {
                "{}".to_owned()
            } else {
                format!(r#"{{"names":[{names}]}}"#)
            },
        );
    };
    of("when: n != 'x'", r#""a","b","c""#);
    of("skip: 2", r#""b","x","c""#);
    of("limit: 2", r#""a","x""#);
    of("when: n != 'x', skip: 1, limit: 1", r#""b""#);
    of(
        "when: n != 'x', skip: '${request.int32}', limit: '${request.int32 * 2}'",
        r#""b","c""#,
    );
    of("skip: 9, limit: 9", "");
    of("limit: 0", "");
    of("when: true", r#""a","x","b","x","c""#);
}

#[test]
fn two_names_are_index_and_element_or_key_and_value() {
    gives(
        "names: {each: '${request.names}', as: [i, name], value: '${i + 1}. ${name}'}",
        r#"{"names":["a","b"]}"#,
        r#"{"names":["1. a","2. b"]}"#,
    );
    gives(
        "points: {each: '${request.counts}', as: [name, count], value: {name: '${name}', value: '${count}'}}",
        r#"{"counts":{"b":2,"a":1}}"#,
        r#"{"points":[{"name":"a","value":1},{"name":"b","value":2}]}"#,
    );
}

#[test]
fn a_map_goes_in_the_order_of_its_keys_however_it_came() {
    let keys = "numbers: {each: '${request.by_number}', value: '${item}'}";
    for request in [
        r#"{"byNumber":{"10":{},"-2":{},"9":{}}}"#,
        r#"{"byNumber":{"9":{},"10":{},"-2":{}}}"#,
    ] {
        gives(keys, request, r#"{"numbers":[-2,9,10]}"#);
    }
    gives(
        "names: {each: '${request.struct}', value: '${item}'}",
        r#"{"struct":{"b":1,"a":2,"10":3,"9":4}}"#,
        r#"{"names":["10","9","a","b"]}"#,
    );
    gives(
        "list: {each: '${{\"b\": 1, 2: 1, 1u: 1, true: 1, \"a\": 1, false: 1}}', value: '${string(item)}'}",
        "{}",
        r#"{"list":["false","true","1","2","a","b"]}"#,
    );
}

#[test]
fn a_map_is_made_with_a_key_beside_the_value() {
    for (yaml, json) in [
        (
            "counts: {each: '${request.points}', as: p, key: '${p.name}', value: '${p.value}'}",
            r#"{"counts":{"a":1,"b":2,"c":3}}"#,
        ),
        (
            "counts: {each: '${request.points}', as: p, key: 'p-${p.name}', value: 7}",
            r#"{"counts":{"p-a":7,"p-b":7,"p-c":7}}"#,
        ),
        (
            "by_number: {each: '${request.points}', as: p, key: '${p.value}', value: {name: '${p.name}'}}",
            r#"{"byNumber":{"1":{"name":"a"},"2":{"name":"b"},"3":{"name":"c"}}}"#,
        ),
        (
            "by_bool: {each: '${request.points}', as: p, limit: 2, key: '${p.value == 1}', value: '${p.name}'}",
            r#"{"byBool":{"true":"a","false":"b"}}"#,
        ),
        // Of equal keys the last counts.
        (
            "counts: {each: '${request.points}', as: p, key: all, value: '${p.value}'}",
            r#"{"counts":{"all":3}}"#,
        ),
        (
            "struct: {each: '${request.points}', as: p, key: '${p.name}', value: {n: '${p.value}'}}",
            r#"{"struct":{"a":{"n":1},"b":{"n":2},"c":{"n":3}}}"#,
        ),
        (
            "any_json: {each: '${request.points}', as: p, key: '${p.name}', value: null}",
            r#"{"anyJson":{"a":null,"b":null,"c":null}}"#,
        ),
    ] {
        gives(yaml, POINTS, json);
    }
}

#[test]
fn json_in_a_message_may_be_made_too() {
    for (yaml, json) in [
        (
            "any_json: {each: '${request.points}', value: '${item.name}'}",
            r#"{"anyJson":["a","b","c"]}"#,
        ),
        (
            "struct: {all: {each: '${request.points}', limit: 1, value: {x: [1, '${item.name}', null]}}}",
            r#"{"struct":{"all":[{"x":[1,"a",null]}]}}"#,
        ),
        (
            "any: {'@type': google.protobuf.ListValue, value: {each: '${request.points}', value: '${item.value}'}}",
            r#"{"any":{"@type":"type.googleapis.com/google.protobuf.ListValue","value":[1,2,3]}}"#,
        ),
        (
            "any: {'@type': kinds.All, names: {each: '${request.points}', value: '${item.name}'}}",
            r#"{"any":{"@type":"type.googleapis.com/kinds.All","names":["a","b","c"]}}"#,
        ),
    ] {
        gives(yaml, POINTS, json);
    }
}

#[test]
fn a_field_of_an_element_is_copied_with_its_presence() {
    gives(
        "points: {each: '${request.points}', as: p, value: {opt: '${p.opt}'}}",
        POINTS,
        r#"{"points":[{},{"opt":0},{}]}"#,
    );
    gives(
        "points: {each: '${request.points}', as: p, value: {opt: '${p.opt + 0}'}}",
        POINTS,
        r#"{"points":[{"opt":0},{"opt":0},{"opt":0}]}"#,
    );
}

#[test]
fn what_is_wrong_in_a_loop_is_known_at_load() {
    for (yaml, expected) in [
        (
            "names: {each: '${request.int32}', value: x}",
            "`each` needs a list, this is int",
        ),
        (
            "names: {each: [a], value: x}",
            "`each` needs a list as `${…}`, found a list",
        ),
        ("names: {each: a, value: x}", "`each` needs a list as one `${…}`"),
        (
            "names: {each: '${request.names}'}",
            "a loop needs a `value` (hint: add `value: …`",
        ),
        (
            "names: {each: '${request.names}', valeu: x}",
            "unknown key `valeu` in a loop (hint: did you mean `value`?)",
        ),
        (
            "names: {each: '${request.names}', where: true, value: x}",
            "unknown key `where` in a loop (hint: did you mean `when`?)",
        ),
        (
            "names: {each: '${request.names}', key: a, value: x}",
            "`key` makes a map, and a list is due here (hint: leave it out)",
        ),
        (
            "counts: {each: '${request.names}', value: 1}",
            "a loop that makes a map needs a `key` (hint: add `key: …` beside `value`; a map that has the key `each`",
        ),
        (
            "struct: {each: 1, other: 2}",
            "unknown key `other` in a loop (hint: a map that has the key `each` is written as an expression: \
             `${{'each': …}}`)",
        ),
        (
            "names: {each: '${request.names}', value: 5}",
            "expected string, found the number 5",
        ),
        (
            "names: {each: '${request.numbers}', value: '${item}'}",
            "expected string for kinds.All.names, found int",
        ),
        (
            "names: {each: '${request.names}', value: null}",
            "a list cannot hold null (hint: leave",
        ),
        (
            "counts: {each: '${request.names}', key: '${item}', value: null}",
            "a map cannot hold null (hint: leave",
        ),
        (
            "counts: {each: '${request.numbers}', key: '${item}', value: 1}",
            "expected string for kinds.All.CountsEntry.key, found int",
        ),
        (
            "names: {each: '${request.names}', as: a-b, value: x}",
            "`as` needs a name of letters",
        ),
        (
            "names: {each: '${request.names}', as: [a, a], value: x}",
            "the two names of `as` are the same",
        ),
        (
            "names: {each: '${request.names}', as: [a, b, c], value: x}",
            "`as` has one name, or two: `[index",
        ),
        (
            "names: {each: '${request.names}', limit: -1, value: x}",
            "`limit` needs a number from 0, found -1",
        ),
        (
            "names: {each: '${request.names}', skip: '${item}', value: x}",
            "unknown name `item`",
        ),
        (
            "names: {each: '${request.names}', skip: '${request.string}', value: x}",
            "`skip` needs a number from 0, found string",
        ),
        (
            "names: {each: '${request.names}', when: item, value: x}",
            "a condition is a bool, this is string",
        ),
        (
            "points: {each: '${request.points}', as: p, value: {name: '${p.nam}'}}",
            "message kinds.Point has no field `nam` (hint: did you mean `name`?)",
        ),
        (
            "points: {each: '${request.points}', as: point, value: {name: '${piont.name}'}}",
            "unknown name `piont` (hint: did you mean `point`?)",
        ),
        (
            "names: ['${item}', {each: '${request.names}', value: x}]",
            "`each` makes a list, and one string is due here (hint: lists are joined by an expression",
        ),
        (
            "points: {name: x}",
            "expected a list of kinds.Point, found a mapping (hint: put `- ` before it",
        ),
        (
            "point: {each: '${request.points}', value: {}}",
            "the message kinds.Point has no field `each` (hint: `each` makes a list or a map",
        ),
    ] {
        refused(&kinds(), "kinds.All", yaml, expected);
    }
    // The name of a loop does not outlive it.
    refused(
        &kinds(),
        "kinds.All",
        "{names: {each: '${request.names}', as: name, value: x}, string: '${name}'}",
        "unknown name `name`",
    );
}

#[test]
fn what_fails_in_a_loop_says_where() {
    for (yaml, request, expected) in [
        (
            "names: {each: '${request.any_json}', value: x}",
            r#"{"anyJson": 5}"#,
            "field kinds.All.names: `each`: 5 is not a list",
        ),
        (
            "names: {each: '${request.names}', limit: '${request.int32}', value: x}",
            r#"{"int32": -1}"#,
            "field kinds.All.names: `limit`: -1 is not a number from 0",
        ),
        (
            "names: {each: '${request.names}', when: 1 / request.int32 == 1, value: x}",
            r#"{"names": ["a"]}"#,
            "field kinds.All.names: `when`: division by zero",
        ),
        (
            "numbers: {each: '${request.list}', value: '${item}'}",
            r#"{"list": [1, "x"]}"#,
            "\"x\" does not fit int32",
        ),
        (
            "numbers: {each: '${request.list}', value: '${item}'}",
            r#"{"list": [1, null]}"#,
            "null does not fit int32",
        ),
        (
            "numbers: '${request.list}'",
            r#"{"list": [1, null]}"#,
            "null does not fit int32",
        ),
        (
            "points: ['${request.any_json}']",
            "{}",
            "null does not fit kinds.Point",
        ),
    ] {
        fails(yaml, request, expected);
    }
}

#[test]
fn a_loop_costs_what_its_rounds_and_its_bytes_cost() {
    // 4,096 rounds of 4,096 each, or as many copies of a text.
    let names = vec!["a"; 4096].join("\",\"");
    for yaml in [
        "list: {each: '${request.names}', value: {each: '${request.names}', value: 1}}",
        "list: {each: '${request.names}', value: {each: '${request.names}', when: item == '', value: 1}}",
        "list: {each: '${request.names}', value: {each: '${request.names}', skip: 5000, value: 1}}",
    ] {
        fails(yaml, &format!(r#"{{"names":["{names}"]}}"#), "costs more than");
    }
    let long = "x".repeat(1 << 16);
    fails(
        "names: {each: '${request.names}', value: '${request.string}'}",
        &format!(r#"{{"names":["{names}"],"string":"{long}"}}"#),
        "costs more than",
    );
}
