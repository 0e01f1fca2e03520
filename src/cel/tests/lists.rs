//! Lists and maps: `lists`, `fields`, and the lists extension.

use super::{Given, Type, Value, fails, gives, holds};

#[test]
fn elements_and_entries() {
    gives(&[
        ("[7, 8, 9][0]", "7"),
        ("[7, 8, 9][2]", "9"),
        ("[7, 8, 9][dyn(0.0)]", "7"),
        ("[7, 8, 9][dyn(1u)]", "8"),
        ("{'k': 'v'}['k']", "'v'"),
        ("{'k': 'v'}.k", "'v'"),
        ("{0: 1, 2: 2, 5: true}[5]", "true"),
        ("{1u: 'x'}[dyn(1)]", "'x'"),
        ("{true: 1, false: 2}[true]", "1"),
        ("{'a': {'b': [1, 2]}}.a.b[1]", "2"),
    ]);
    fails(&[
        ("[7, 8, 9][3]", "index out of range: 3 in a list of 3"),
        ("[7, 8, 9][-1]", "index out of range: -1"),
        ("[7, 8, 9][dyn(0.1)]", "index out of range"),
        ("[7, 8, 9]['a']", "list(int) has no element for string"),
        ("{'k': 'v'}['x']", "no such key: x"),
        ("{'k': 'v'}.x", "no such key: x"),
        ("{'k': 1, 'k': 2}", "comes twice"),
        ("{1.5: 1}", "double cannot be the key of a map"),
        ("'text'[0]", "string has no element for int"),
        ("dyn('text')[0]", "[] does not take (string, int)"),
        ("5.x", "int has no fields"),
        ("'a'.x", "string has no fields"),
    ]);
}

#[test]
fn membership() {
    holds(&[
        "7 in [7, 8, 9]",
        "!(7 in [])",
        "'a' in ['b', 'a']",
        "1 in [1.0]",
        "'key' in {'key': 1}",
        "!('x' in {'key': 1})",
        "1u in {1: 'x'}",
        "null in [null]",
        "[1] in [[1], [2]]",
        "has({'a': 1}.a)",
        "!has({'a': 1}.b)",
    ]);
    fails(&[
        ("'a' in [1]", "string is never in list(int)"),
        ("1 in 'a'", "int is never in string"),
        ("1 in dyn(1)", "in does not take"),
    ]);
}

#[test]
fn the_lists_extension() {
    gives(&[
        ("[1, 2, 3, 4].slice(0, 4)", "[1, 2, 3, 4]"),
        ("[1, 2, 3, 4].slice(1, 3)", "[2, 3]"),
        ("[1, 2, 3, 4].slice(2, 2)", "dyn([])"),
        ("[[1, 2, 3], [4]].flatten()", "[1, 2, 3, 4]"),
        ("[1, [2, [3, [4]]]].flatten(2)", "[1, 2, 3, [4]]"),
        ("[1, [2]].flatten(0)", "[1, [2]]"),
        ("[-2, 5, -2, 1, 1, 5, -2, 1].distinct()", "[-2, 5, 1]"),
        ("['c', 'a', 'a', 'b', 'a'].distinct()", "['c', 'a', 'b']"),
        ("[1, 1u, 1.0, 'a', [2], [2]].distinct()", "[1, 'a', [2]]"),
        ("[4, 3, 2, 1].sort()", "[1, 2, 3, 4]"),
        ("['d', 'a', 'c'].sort()", "['a', 'c', 'd']"),
        ("[true, false].sort()", "[false, true]"),
        ("[3.0, 2.0].sort()", "[2.0, 3.0]"),
        ("[5, 1, 2].reverse()", "[2, 1, 5]"),
        ("lists.range(4)", "[0, 1, 2, 3]"),
        ("lists.range(0)", "dyn([])"),
        ("[1, 2, 3].first()", "1"),
        ("[1, 2, 3].last()", "3"),
        ("[1, 2, 3].sum()", "6"),
        ("[1u, 2u].sum()", "3u"),
        ("[0.5, 1.25].sum()", "1.75"),
        ("[duration('1m'), duration('2s')].sum()", "duration('62s')"),
        ("[dyn(1), dyn(2)].sum()", "3"),
        ("[].sum()", "0"),
        ("[1].filter(x, false).sum() + 1", "1"),
        ("[1u].filter(x, false).sum() + 1u", "1u"),
        ("[1.0].filter(x, false).sum() + 1.0", "1.0"),
        (
            "[duration('1s')].filter(x, false).sum() + duration('1s')",
            "duration('1s')",
        ),
        ("['foo', 'quux', 'a'].sortBy(e, size(e))", "['a', 'foo', 'quux']"),
        ("[-3, 1, -5].sortBy(e, e * e)", "[1, -3, -5]"),
        ("['b', 'aa', 'a'].sortBy(e, size(e))", "['b', 'a', 'aa']"),
    ]);
    fails(&[
        ("[1, 2].slice(0, 3)", "in a list of 2"),
        ("[1, 2].slice(-1, 1)", "slice"),
        ("[1, 2].slice(2, 1)", "slice"),
        ("[1].flatten(-1)", "negative"),
        ("[1, 'a'].sort()", "cannot order"),
        ("[1, 1u].sort()", "cannot order"),
        ("[0.0 / 0.0, 1.0].sort()", "cannot order"),
        ("[[1], [2]].sort()", "cannot order"),
        ("[1, 2].sortBy(e, e == 1 ? dyn('a') : dyn(2))", "cannot order"),
        ("lists.range(-1)", "not between"),
        ("lists.range(1000001)", "not between"),
        ("[9223372036854775807, 1].sum()", "overflow"),
        ("['a', 'b'].sum()", "`sum` does not take (list(string))"),
        (
            "dyn(['a', 'b']).sum()",
            "sum: string is no number and no duration",
        ),
        ("[dyn(1), dyn(1.0)].sum()", "+ does not take"),
        ("{'a': 1}.sum()", "`sum` does not take (map(string, int))"),
        ("[].first()", "the list is empty"),
        ("{'a': 1}.sortBy(k, k)", "goes over a list"),
    ]);
}

#[test]
fn variables_are_read_without_a_copy_and_give_the_same() {
    let list = Value::List((0..5).map(Value::Int).collect());
    let map = Value::Map(vec![(
        Value::text("a"),
        Value::List(vec![Value::text("x"), Value::text("y")]),
    )]);
    let given = Given::nothing().state("list", Type::list(Type::Int), list).local(
        "map",
        Type::map(Type::String, Type::list(Type::String)),
        map,
    );
    given.gives(&[
        ("state.list[3]", "3"),
        ("state['list'][3]", "3"),
        ("map.a[1]", "'y'"),
        ("map['a'][0]", "'x'"),
        ("state.list.filter(x, x > 2)", "[3, 4]"),
        ("map.map(k, k)", "['a']"),
        ("map.a.map(e, e + '!')", "['x!', 'y!']"),
        ("2 in state.list && 'a' in map && 'y' in map.a", "true"),
        ("has(map.b) || has(map.a)", "true"),
        ("size(state.list)", "5"),
    ]);
    given.fails(&[
        ("map.b", "no such key: b"),
        ("state.list[9]", "index out of range: 9"),
    ]);
}
