//! What is read, tested or given element by element where it stands is what it is as a value.

use super::{Given, Type, Value, same};
use crate::cel::EvalError;

fn full() -> Given {
    Given::json(
        r#"{"aBool": true, "aString": "tea and cup", "numbers": [3, 1, 2, 3, -1], "names": ["tea", "", "pöt", "tea"],
            "points": [{"name": "a", "value": 3, "next": {"name": "b", "value": 1}}, {}, {"value": -2, "next": {}}],
            "pt": {"name": "tea", "value": 5, "next": {"next": {"name": "deep", "value": 9}}},
            "statuses": ["GONE", "ACTIVE"], "loose": ["5", "-7"], "things": ["x", [1, [2]], null],
            "anys": [{"@type": "type.googleapis.com/shapes.Point", "value": 8}, {"@type": "type.googleapis.com/shapes.Point"}]}"#,
    )
}

const LISTS: [&str; 8] = [
    "request.numbers",
    "request.names",
    "request.points",
    "request.statuses",
    "request.loose",
    "request.anys",
    "request.things",
    "[request.numbers, [7, 8]]",
];

/// With `L` for a list.
const OF_ANY_LIST: [&str; 12] = [
    "L",
    "L.map(x, x)",
    "L.map(x, x == L[0], [x])",
    "L.filter(x, x != L[0])",
    "L.map(x, L.filter(y, y == x).size())",
    "L.all(x, x in L)",
    "L.exists(x, x == L[1])",
    "L.exists_one(x, x == L[0])",
    "L.map(x, L.map(y, [x, y]))",
    "L.flatten()",
    "[L, L].flatten()",
    "[[L], L].flatten(2)",
];

/// A value that the compiler knows the type of, and nothing else: it is made before anything reads it.
fn as_value(list: &str) -> String {
    format!("(request.a_bool ? {list} : {list})")
}

#[test]
fn lists_give_the_same_where_they_stand_as_in_lists_of_values() {
    let given = full();
    for list in LISTS {
        for expression in OF_ANY_LIST {
            let in_place = expression.replace('L', list);
            given.gives(&[(&in_place, &expression.replace('L', &as_value(list)))]);
        }
    }
    let of_some = [
        ("request.points", "L.map(x, x.name + x.next.name)"),
        ("request.points", "L.map(x, x.value + x.next.value)"),
        ("request.points", "L.filter(x, has(x.next) && !has(x.next.next))"),
        ("request.points", "L.sortBy(x, x.value)"),
        ("request.points", "L.filter(x, x.next.value == x.value - 2)"),
        ("request.names", "L.filter(x, x.contains('e') || x.endsWith('t'))"),
        ("request.names", "L.map(x, x + '!')"),
        ("request.numbers", "L.map(x, x > 1, x * 2).sum()"),
        ("request.loose", "L.exists(x, x < 0)"),
    ];
    for (list, expression) in of_some {
        given.gives(&[(
            &expression.replace('L', list),
            &expression.replace('L', &as_value(list)),
        )]);
    }
}

#[test]
fn a_list_gives_its_elements_one_by_one_as_it_gives_them_together() {
    let given = full();
    let lists = LISTS
        .iter()
        .chain(&["[1, 2 + request.an_int32]", "(request.names + ['x'])"]);
    for list in lists {
        for expression in OF_ANY_LIST {
            let source = expression.replace('L', list);
            let (together, one_by_one) = given
                .with_program(&source, |program, env| {
                    let mut values = Vec::new();
                    let given: Result<(), EvalError> = program.each_element(env, &mut |value| {
                        values.push(value.into_owned());
                        Ok(())
                    });
                    let together = program.eval(env).map(Value::into_owned);
                    (together, given.map(|()| Value::List(values)))
                })
                .unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
            match (&together, &one_by_one) {
                // What gives a bool is no list.
                (Ok(Value::Bool(_)), Err(_)) => {}
                (Ok(together), Ok(one_by_one)) => assert!(same(together, one_by_one), "{source}"),
                _ => panic!("{source}: {together:?} {one_by_one:?}"),
            }
        }
    }
}

#[test]
fn what_fails_fails_in_place_as_well() {
    let given = full();
    for list in ["request.numbers", "request.loose"] {
        for (expression, words) in [
            ("L.map(x, 1 / (x - x))", "divi"),
            ("L.all(x, 1 / (x - x) == 1)", "divi"),
            ("L.flatten(-1)", "negative"),
            ("L.exists_one(x, 1 / (x - L[1]) == 1)", "divi"),
        ] {
            given.fails(&[
                (&expression.replace('L', list), words),
                (&expression.replace('L', &as_value(list)), words),
            ]);
        }
    }
    // What decides outweighs what fails.
    given.gives(&[("request.numbers.exists(x, 1 / (x - 1) == 1)", "true")]);
}

#[test]
fn texts_are_tested_where_they_stand_as_values_are() {
    let given = full().state("s", Type::String, Value::String("tea".into()));
    for text in [
        "request.a_string",
        "request.pt.name",
        "state.s",
        "'a tea'",
        "request.text",
    ] {
        for part in ["'tea'", "''", "request.pt.name", "state.s", "request.text"] {
            for test in ["contains", "startsWith", "endsWith"] {
                given.gives(&[(
                    &format!("{text}.{test}({part})"),
                    &format!("dyn({text}).{test}(dyn({part}))"),
                )]);
            }
        }
    }
    given.fails(&[("dyn(request.numbers).contains('x')", "contains")]);
}

#[test]
fn messages_in_pieces_are_read_in_lists_as_one() {
    // Two pieces of `pt`, and of its `next`.
    let given = Given::bytes(b"\x8a\x01\x07\x1a\x05\x0a\x01b\x10\x01\x8a\x01\x04\x1a\x02\x10\x02");
    given.gives(&[
        ("request.pt.next.name", "'b'"),
        ("request.pt.next.value", "2"),
        ("[request.pt].map(x, x.next.name)", "['b']"),
        ("[request.pt].map(x, x.next.value)", "[2]"),
    ]);
}
