//! Macros: `macros`, and how they nest.

use super::{Given, fails, gives, holds};

#[test]
fn all_and_exists_absorb_errors() {
    holds(&[
        "[].all(e, e > 0)",
        "[1, 2, 3].all(e, e > 0)",
        "![1, 2, 3].all(e, e == 2)",
        "![1, 2, 3].all(e, 6 / (2 - e) == 6)",
        "![0, 1].all(e, 1 / e == 2)",
        "{'key1': 1, 'key2': 2}.all(k, k.startsWith('key'))",
        "![].exists(e, e == 2)",
        "[1, 2, 3].exists(e, e > 1)",
        "[1, 2, 3].exists(e, true)",
        "[0, 1].exists(e, 1 / e == 1)",
        "[1, 'foo', 3].exists(e, e != '1')",
        "!{'key1': 1}.exists(k, k == 'key7')",
        "{'key1': 1, 'key2': 2}.exists(k, k == 'key2')",
    ]);
    fails(&[
        ("[0, 1].all(e, 1 / e == 1)", "division by zero"),
        ("[0, 1].exists(e, 1 / e == 2)", "division by zero"),
    ]);
}

#[test]
fn exists_one_counts() {
    holds(&[
        "![].exists_one(e, e == 7)",
        "[7].exists_one(e, e == 7)",
        "![7, 8, 7].exists_one(e, e == 7)",
        "[5, 7, 8].existsOne(e, e == 7)",
        "{6: 'six', 7: 'seven'}.exists_one(k, k == 7)",
    ]);
    fails(&[("[3, 2, 1, 0].exists_one(n, 12 / n > 1)", "division by zero")]);
}

#[test]
fn map_and_filter_make_lists() {
    gives(&[
        ("[].map(n, n / 2)", "dyn([])"),
        ("[2, 4, 6].map(n, n / 2)", "[1, 2, 3]"),
        ("[[1], [2]].map(x, x.map(x, x + x))", "[[2], [4]]"),
        ("[1, 2, 3].map(y, y % 2 == 1, y + 1)", "[2, 4]"),
        ("{'John': 'smart'}.map(key, key)", "['John']"),
        ("[].filter(e, e > 0)", "dyn([])"),
        ("[1, 2, 3, 4].filter(e, e > 2)", "[3, 4]"),
        ("['signer', 'buyer'].filter(t, t.startsWith('b'))", "['buyer']"),
        ("{'a': 1, 'b': 2}.filter(k, k == 'b')", "['b']"),
        ("[1, 2].map(x, [10, 20].map(y, x * y))", "[[10, 20], [20, 40]]"),
        ("[1, 2].map(x, [3].filter(y, y > x).size() + x)", "[2, 3]"),
    ]);
    fails(&[
        ("[2, 1, 0].map(n, 4 / n)", "division by zero"),
        ("[0].filter(n, 4 / n > 1)", "division by zero"),
    ]);
}

#[test]
fn a_macro_that_fails_inside_another_leaves_its_variable() {
    holds(&[
        "[1, 0].exists(x, [x, 0].map(y, 1 / y).size() > 5 || x == 0)",
        "[1, 2].all(x, [0].map(y, x / y).size() == 1 || x > 0)",
    ]);
    Given::json(r#"{"numbers": [3, 0, 1]}"#).holds(&[
        "request.numbers.exists(x, [1, 0].map(y, x / y).size() == 9 || x == 1)",
        "request.numbers.map(x, request.numbers.filter(y, y > x).size()) == [0, 2, 1]",
    ]);
}

#[test]
fn variables_shadow_other_names() {
    Given::json(r#"{"aString": "r"}"#).gives(&[
        ("['a'].map(request, request)", "['a']"),
        ("['a'].map(math, math)", "['a']"),
        ("[1].map(x, [2].map(x, x)[0] + x)", "[3]"),
        ("['a'].map(x, x + request.a_string)", "['ar']"),
    ]);
}

#[test]
fn misused_macros_are_problems() {
    fails(&[
        ("[1].map(1, 2)", "the variable has to be a simple name"),
        ("1.all(x, true)", "goes over a list or a map, not int"),
        (
            "'abc'.all(x, true)",
            "`all` goes over a list or a map, not string",
        ),
        ("[1].all(x, x)", "`all` takes a bool, not int"),
        ("[1].filter(x, 'a')", "`filter` takes a bool, not string"),
        ("has(1)", "`has` takes one field"),
        ("has(request)", "`has` takes one field"),
        ("dyn(1).all(x, true)", "all does not take (int)"),
    ]);
}
