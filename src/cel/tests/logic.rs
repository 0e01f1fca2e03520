//! Logic and comparisons of all types: `logic`, `comparisons`, `basic`.

use super::{Given, fails, gives, holds};

#[test]
fn an_error_gives_way_to_what_is_decided_without_it() {
    holds(&[
        "true || 1 / 0 > 0",
        "1 / 0 > 0 || true",
        "!(false && 1 / 0 > 0)",
        "!(1 / 0 > 0 && false)",
        "true || 1 / 0 > 0 || 2 / 0 > 0",
        "true ? true : 1 / 0 > 0",
        "(false ? 1 / 0 : 17) == 17",
    ]);
    fails(&[
        ("false || 1 / 0 > 0", "division by zero"),
        ("1 / 0 > 0 && true", "division by zero"),
        ("1 / 0 > 0 ? 1 : 2", "division by zero"),
        ("true ? 1 / 0 : 2", "division by zero"),
    ]);
}

#[test]
fn errors_at_run_time_are_absorbed_like_those_at_load() {
    let given = Given::json(r#"{"anInt32": 0}"#);
    given.holds(&[
        "1 / request.an_int32 > 0 || request.an_int32 == 0",
        "request.an_int32 == 0 || 1 / request.an_int32 > 0",
        "!(1 / request.an_int32 > 0 && request.an_int32 == 1)",
    ]);
    given.fails(&[
        (
            "1 / request.an_int32 > 0 || request.an_int32 == 1",
            "division by zero",
        ),
        (
            "1 / request.an_int32 > 0 && request.an_int32 == 0",
            "division by zero",
        ),
    ]);
}

#[test]
fn a_constant_that_cannot_be_computed_is_a_problem_where_it_matters() {
    let given = Given::nothing();
    assert_eq!(
        given.problems("request.an_int32 > 0 || 1 / 0 > 0")[0].span,
        24..29
    );
    assert_eq!(
        given.problems("request.an_int32 + 1 / 0")[0].message,
        "division by zero"
    );
    assert_eq!(given.problems("[1, 2].map(x, x / 0)").len(), 1);
}

#[test]
fn logic_takes_bools_only() {
    fails(&[
        ("1 && true", "`&&` takes a bool, not int"),
        ("true || 'text'", "`||` takes a bool, not string"),
        ("!1", "`!` takes a bool, not int"),
        ("'text' ? 1 : 2", "`?:` takes a bool, not string"),
        ("dyn(1) || false", "a bool is wanted here, not int"),
    ]);
}

#[test]
fn the_ternary_takes_one_branch() {
    gives(&[
        ("true ? 1 : 2", "1"),
        ("false ? 'foo' : 'bar'", "'bar'"),
        ("(true && false) ? 1 : 2", "2"),
        ("true ? (false ? 1 : 2) : 3", "2"),
        ("1 > 0 ? 1 : 'text'", "1"),
    ]);
}

#[test]
fn equality_holds_within_a_type() {
    holds(&[
        "'' == ''",
        "'a' != 'A'",
        "b'\\303\\277' == b'\\303\\277'",
        "b'abc' != b'abd'",
        "null == null",
        "true != false",
        "[] == []",
        "[1, 2] == [1, 2]",
        "[1, 2] != [2, 1]",
        "[1, 2] == [1.0, 2.0]",
        "[[1], [2, 3]] == [[1], [2, 3]]",
        "{} == {}",
        "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}",
        "{'a': 1} != {'a': 2}",
        "{1: 'x'} == {1u: 'x'}",
        "{'a': 1, 'b': 2} != {'a': 1}",
        "dyn(1) != 'text'",
        "dyn(null) != 1",
        "[1, 'text'] != [1, 2]",
        "[null] == [null]",
    ]);
    fails(&[
        ("1 == 'text'", "`==` does not take int and string"),
        ("[1] == ['a']", "does not take list(int) and list(string)"),
        ("null == 1", "does not take null and int"),
    ]);
}

#[test]
fn order_is_that_of_the_type() {
    holds(&[
        "'a' < 'b'",
        "'a' < 'aa'",
        "'Z' < 'a'",
        "!('B' < 'A')",
        "'\\u00e9' > 'e'",
        "b'a' < b'b'",
        "b'a' >= b'a'",
        "false < true",
        "!(true < true)",
        "duration('1s') < duration('2s')",
        "timestamp(1) < timestamp(2)",
        "timestamp('2001-02-03T02:03:05Z') >= timestamp('2001-02-03T02:03:04Z')",
    ]);
    fails(&[
        ("1 < 'a'", "`<` does not take int and string"),
        ("[1] < [2]", "`<` does not take list(int) and list(int)"),
        ("null < null", "`<` does not take"),
        ("dyn('a') < 1", "< does not take (string, int)"),
    ]);
}

#[test]
fn literals_are_read_as_cel_writes_them() {
    gives(&[
        ("'\\u2764'", "'❤'"),
        ("'\\U0001F431'", "'\u{1f431}'"),
        ("\"a'b\"", "'a' + \"'\" + 'b'"),
        ("r'\\n'", "'\\\\n'"),
        ("'''a\nb'''", "'a\\nb'"),
        ("b'\\x61b\\143'", "b'abc'"),
        ("b'ÿ'", "b'\\303\\277'"),
        ("-2.3e+1", "-23.0"),
        ("0x1F", "31"),
        ("0xfu", "15u"),
    ]);
}
