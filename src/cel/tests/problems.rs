//! What is wrong with an expression is said at load, all of it, each with its place and a hint.

use super::Given;

/// What each expression's problems are about: the text at their place, their message, their hint.
#[track_caller]
fn check(source: &str, expected: &[(&str, &str, &str)]) {
    let found: Vec<(String, String, String)> = Given::nothing()
        .problems(source)
        .into_iter()
        .map(|problem| {
            (
                source[problem.span].to_owned(),
                problem.message,
                problem.hint.unwrap_or_default(),
            )
        })
        .collect();
    let found: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|(place, message, hint)| (place.as_str(), message.as_str(), hint.as_str()))
        .collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn unknown_fields_are_named_with_the_nearest() {
    check(
        "request.pt.valu + 1",
        &[(
            "valu",
            "message shapes.Point has no field `valu`",
            "did you mean `value`?",
        )],
    );
    check(
        "has(request.pt.nam)",
        &[(
            "nam",
            "message shapes.Point has no field `nam`",
            "did you mean `name`?",
        )],
    );
    check(
        "request.pt.zzzzzz",
        &[(
            "zzzzzz",
            "message shapes.Point has no field `zzzzzz`",
            "known are `name`, `value`, `next`",
        )],
    );
    check(
        "request.points.map(p, p.nmae)",
        &[(
            "nmae",
            "message shapes.Point has no field `nmae`",
            "did you mean `name`?",
        )],
    );
    check("request.an_int32.x", &[("x", "int has no fields", "")]);
}

#[test]
fn unknown_names_are_named_with_the_nearest() {
    check(
        "requst.pt",
        &[("requst", "unknown name `requst`", "did you mean `request`?")],
    );
    check(
        "a_string == ''",
        &[(
            "a_string",
            "unknown name `a_string`",
            "did you mean `request.a_string`?",
        )],
    );
    check(
        "stat.x",
        &[("stat", "unknown name `stat`", "did you mean `state`?")],
    );
    check(
        "lenght(request.names)",
        &[(
            "lenght",
            "unknown function `lenght`",
            "`size(x)` counts characters, bytes, elements or entries",
        )],
    );
    check(
        "request.a_string.startWith('a')",
        &[(
            "startWith",
            "unknown function `startWith`",
            "did you mean `startsWith`?",
        )],
    );
    check(
        "math.abz(1)",
        &[("abz", "unknown function `math.abz`", "did you mean `math.abs`?")],
    );
    check(
        "shapes.Status.ACTIV == request.status",
        &[(
            "ACTIV",
            "enum shapes.Status has no value `ACTIV`",
            "did you mean `ACTIVE`?",
        )],
    );
}

#[test]
fn names_of_enum_values_are_checked_where_they_are_compared() {
    let problem = (
        "'ACTVE'",
        "enum shapes.Status has no value `ACTVE`",
        "did you mean `ACTIVE`?",
    );
    check("request.status == 'ACTVE'", &[problem]);
    check("'ACTVE' != request.status", &[problem]);
    check(
        "request.status in ['ACTVE', 'GONE']",
        &[("['ACTVE', 'GONE']", problem.1, problem.2)],
    );
    check("request.statuses.exists(s, s == 'ACTVE')", &[problem]);
}

#[test]
fn types_that_do_not_fit_are_problems() {
    check(
        "'n: ' + request.an_int32",
        &[(
            "'n: ' + request.an_int32",
            "`+` does not take string and int",
            "`string(…)` makes text of a value",
        )],
    );
    check(
        "request.a_uint32 + 1",
        &[(
            "request.a_uint32 + 1",
            "`+` does not take uint and int",
            "CEL does not mix types of numbers: convert with `int(…)`, `uint(…)` or `double(…)`",
        )],
    );
    check(
        "request.a_string == 1",
        &[(
            "request.a_string == 1",
            "`==` does not take string and int",
            "put the number in quotes: `'1'`",
        )],
    );
    check(
        "request.a_string.substring('a')",
        &[(
            "substring",
            "`substring` does not take (string, string)",
            "it takes (string, int)",
        )],
    );
    check(
        "size(1)",
        &[(
            "size",
            "`size` does not take (int)",
            "it takes (string) or (bytes) or (list) or (map)",
        )],
    );
    check(
        "startsWith('a', 'b')",
        &[(
            "startsWith",
            "`startsWith` is not called this way",
            "write it as `x.startsWith()`",
        )],
    );
    check(
        "'a'.int()",
        &[("int", "`int` is not called this way", "write it as `int(x)`")],
    );
    check(
        "'a'.substring()",
        &[(
            "substring",
            "`substring` does not take 0 arguments",
            "with what stands before the dot, it takes (string, int) or (string, int, int)",
        )],
    );
    check(
        "'a'.matches('[')",
        &[(
            "'['",
            "not a regular expression: unclosed character class",
            r"a character such as `(` or `[` stands for itself after `\`, or in brackets: `[(]`",
        )],
    );
}

#[test]
fn all_problems_are_told_in_order() {
    let found = Given::nothing().problems("request.nope + request.pt.nope + foo(1) + (1 + 'a')");
    let places: Vec<usize> = found.iter().map(|problem| problem.span.start).collect();
    assert_eq!(places, [8, 26, 33, 43]);
}

#[test]
fn one_mistake_is_one_problem() {
    for source in [
        "request.nope.deeper + 1",
        "nope.all(x, x.y > 1)",
        "[nope, 1].size() > 'a'.size()",
        "-nope == 5",
    ] {
        assert_eq!(Given::nothing().problems(source).len(), 1, "{source}");
    }
}

#[test]
fn syntax_errors_have_places() {
    for (source, start) in [
        ("1 +", 3),
        ("request.", 8),
        ("(1", 2),
        ("a b", 2),
        ("'open", 0),
        ("'é' + ", 7),
        ("", 0),
    ] {
        let problems = Given::nothing().problems(source);
        assert!(
            problems[0].message.starts_with("syntax error: "),
            "{source}: {problems:?}"
        );
        assert_eq!(
            problems[0].span.start,
            source.floor_char_boundary(start),
            "{source}: {problems:?}"
        );
        assert!(problems[0].span.end <= source.len(), "{source}: {problems:?}");
    }
}

#[test]
fn syntax_errors_say_what_was_probably_meant() {
    for (source, hint) in [
        ("", "the expression is empty"),
        ("1 <", "the expression ends too early"),
        (
            "${1 < 2}",
            "leave out `${` and `}`: an expression stands alone here",
        ),
        ("1 = 2", "`==` compares"),
        ("true and false", "write `&&`"),
        ("true or false", "write `||`"),
    ] {
        let problems = Given::nothing().problems(source);
        assert_eq!(problems[0].hint.as_deref(), Some(hint), "{source}: {problems:?}");
    }
    assert_eq!(Given::nothing().problems("a b")[0].hint, None);
}

#[test]
fn places_are_bytes_where_text_is_not_ascii() {
    check(
        "'é❤' + request.valu",
        &[("valu", "message shapes.Shapes has no field `valu`", "")],
    );
    check(
        "'é❤' + 1",
        &[(
            "'é❤' + 1",
            "`+` does not take string and int",
            "`string(…)` makes text of a value",
        )],
    );
}

#[test]
fn what_the_language_does_not_have_is_said() {
    check(
        "optional.none()",
        &[(
            "none",
            "unknown function `optional.none`",
            "write `has(a.b) ? a.b : x`",
        )],
    );
    check(
        "cel.bind(x, 1, x + 1)",
        &[(
            "bind",
            "unknown function `cel.bind`",
            "write the value out, or keep it: a variable of the call is one of `state`",
        )],
    );
    check(
        "[1].all(i, v, i < v)",
        &[(
            "all",
            "`all` takes a variable and an expression",
            "write x.all(v, …v…)",
        )],
    );
    for (source, place) in [("request.?pt", ".?"), ("[1][?0]", "[?")] {
        let problems = Given::nothing().problems(source);
        let expected = format!("syntax error: unsupported syntax '{place}'");
        assert_eq!(problems[0].message, expected, "{source}");
    }
}

#[test]
fn expressions_too_long_or_too_deep_are_problems_and_no_more() {
    let long = format!("'{}'", "a".repeat(9000));
    assert!(
        Given::nothing().problems(&long)[0]
            .message
            .contains("longer than 8 KiB")
    );
    let chain = vec!["1"; 4000].join("+");
    assert!(
        Given::nothing().problems(&chain)[0]
            .message
            .contains("nested more than 200 deep")
    );
    let deep = format!("{}1{}", "(".repeat(4000), ")".repeat(4000));
    assert!(!Given::nothing().problems(&deep).is_empty());
    let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
    assert!(Given::nothing().eval(&deep).is_ok());
    // As deep as can be, on the stack of a test, which is that of a tokio worker.
    let sum = vec!["dyn(request.an_int32)"; 190].join("+");
    assert!(Given::nothing().eval(&sum).is_ok());
    let choice = format!("{}true", "request.a_bool ? false : ".repeat(80));
    assert!(Given::nothing().eval(&choice).is_ok());
    let nots = format!("{}true", "!".repeat(8000));
    let _ = Given::nothing().eval(&nots);
    let dots = format!("request{}", ".next".repeat(1600));
    assert!(!Given::nothing().problems(&dots).is_empty());
}

#[test]
fn a_request_that_is_not_there_is_a_problem() {
    use crate::cel::{Program, Scope};
    use crate::message::Picker;
    let schema = &super::SCHEMA;
    let layouts = schema.layouts();
    let mut picker = Picker::new(layouts, layouts.find("shapes.Shapes").expect("it is there"));
    let mut scope = Scope {
        counted: false,
        schema,
        within: "",
        request: None,
        picker: &mut picker,
        state: &[],
        locals: &[],
        rounds: &[],
        collections: &[],
        constraint: None,
    };
    let problems = Program::compile("request.pt.name + 'a'", &mut scope).expect_err("there is no request");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "there is no request here");
    assert!(Program::compile("metadata['a'] == 'b'", &mut scope).is_ok());
}
