//! What the parser says of a text that is no expression: the place, the message and the hint.

use super::Given;

/// What the first problem of each text is about.
#[track_caller]
fn check(table: &[(&str, &str, &str, &str)]) {
    for (source, place, message, hint) in table {
        let problems = Given::nothing().problems(source);
        let problem = &problems[0];
        let found = (
            &source[problem.span.clone()],
            problem
                .message
                .strip_prefix("syntax error: ")
                .unwrap_or(&problem.message),
            problem.hint.as_deref().unwrap_or_default(),
        );
        assert_eq!(found, (*place, *message, *hint), "{source}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_what_would() {
    check(&[
        (
            "1 +",
            "",
            "expected an expression, found the end",
            "the expression ends too early",
        ),
        (
            "request.",
            "",
            "expected a name, found the end",
            "the expression ends too early",
        ),
        ("a b", "b", "expected an operator, found `b`", ""),
        ("1abc", "abc", "expected an operator, found `abc`", ""),
        ("[1 2]", "2", "expected `,` or `]`, found `2`", ""),
        ("{'a' 1}", "1", "expected `:`, found `1`", ""),
        (
            "a ? b",
            "",
            "expected `:`, found the end",
            "write `condition ? this : that`",
        ),
        (
            "a ? b ? c : d : e",
            "?",
            "expected `:`, found `?`",
            "put the inner `?:` in brackets",
        ),
        (
            "f(1,)",
            ")",
            "expected an expression, found `)`",
            "leave out the comma",
        ),
        (
            "a.0",
            ".0",
            "expected an operator, found `.0`",
            "an element is read as `list[0]`",
        ),
        (
            "a.in",
            "in",
            "expected a name, found `in`",
            "put the name in backquotes: .`in`",
        ),
        (
            "!-a",
            "-",
            "expected an expression, found `-`",
            "put the operand in brackets",
        ),
    ]);
}

#[test]
fn brackets_that_do_not_match_are_shown() {
    check(&[
        (
            "(1",
            "",
            "expected `)`, found the end",
            "the bracket of `(1` is not closed",
        ),
        (
            "size([1, 2)",
            ")",
            "expected `,` or `]`, found `)`",
            "the bracket of `[1, 2` is not closed",
        ),
        (
            "1 + (request.an_int32 * 20 > 5 && true",
            "",
            "expected `)`, found the end",
            "the bracket of `(request.an_int32 * …` is not closed",
        ),
        ("1)", ")", "`)` closes no bracket", ""),
    ]);
}

#[test]
fn slips_from_other_languages_get_hints() {
    check(&[
        ("a = 1", "=", "expected an operator, found `=`", "`==` compares"),
        (
            "a === 1",
            "=",
            "expected an expression, found `=`",
            "`==` compares",
        ),
        ("a & b", "&", "expected an operator, found `&`", "write `&&`"),
        ("a | b", "|", "expected an operator, found `|`", "write `||`"),
        (
            "a and b",
            "and",
            "expected an operator, found `and`",
            "write `&&`",
        ),
        ("a or b", "or", "expected an operator, found `or`", "write `||`"),
        ("not a", "a", "expected an operator, found `a`", "write `!(…)`"),
        (
            "a not in b",
            "not",
            "expected an operator, found `not`",
            "write `!(…)`",
        ),
        ("a <> b", ">", "expected an expression, found `>`", "write `!=`"),
        (
            "a ^ b",
            "^",
            "expected an operator, found `^`",
            "write `math.bitXor(a, b)`",
        ),
        (
            "“a”",
            "“",
            "expected an expression, found `“`",
            "a string stands in `'…'` or `\"…\"`",
        ),
        (
            "1 # one",
            "#",
            "expected an operator, found `#`",
            "a comment begins with `//`",
        ),
        (
            "if (a) b",
            "if",
            "`if` is a reserved word",
            "write `condition ? this : that`",
        ),
    ]);
}

#[test]
fn literals_without_a_value_are_problems_and_the_rest_is_read() {
    check(&[
        (
            "9223372036854775808",
            "9223372036854775808",
            "the number `9223372036854775808` is out of range",
            "an int has 64 bits; `1.0` is a double",
        ),
        (
            "1e999",
            "1e999",
            "the number `1e999` is out of range",
            "the largest double is about 1.8e308",
        ),
        (
            "'a\\qb'",
            "\\q",
            "`\\q` is not an escape",
            "write `\\\\` for a backslash, or `r` before the quotes",
        ),
        (
            "'é\\x4'",
            "\\x",
            "`\\x` is not an escape",
            "two hexadecimal digits follow `\\x`",
        ),
        (
            "'\\ud800'",
            "\\u",
            "`\\u` is not an escape",
            "`\\u` and four hexadecimal digits name a character that is no surrogate",
        ),
        (
            "b'\\u0041'",
            "\\u",
            "`\\u` is not an escape",
            "bytes have no characters: write their bytes as `\\xff`",
        ),
        (
            "'open",
            "'open",
            "the string is not closed",
            "a string ends with the quote that it begins with, on its line",
        ),
        (
            "'a\nb'",
            "'a",
            "the string is not closed",
            "a string ends with the quote that it begins with, on its line",
        ),
    ]);
    let problems = Given::nothing().problems("['\\q', 1u + 99999999999999999999u, if] + )");
    let places: Vec<usize> = problems.iter().map(|problem| problem.span.start).collect();
    assert_eq!(places, [2, 12, 35, 41]);
}

#[test]
fn optional_syntax_is_refused_with_what_to_write() {
    check(&[
        (
            "request.?pt",
            ".?",
            "unsupported syntax '.?'",
            "write `has(a.b) ? a.b : x`",
        ),
        (
            "[1][?0]",
            "[?",
            "unsupported syntax '[?'",
            "write `k in m ? m[k] : x`",
        ),
        ("[?1]", "?", "unsupported syntax '?'", ""),
        ("{?1: 2}", "?", "unsupported syntax '?'", ""),
    ]);
}

/// Each part may be as deep as the limits, on the stack of a test, which is that of a tokio worker.
#[test]
fn what_nobody_sees_is_written_as_a_code_and_long_numbers_are_cut() {
    check(&[
        (
            "1 +\u{200b} 2",
            "\u{200b}",
            "expected an expression, found `\\u{200b}`",
            "",
        ),
        (
            "1\u{a0}+ 2",
            "\u{a0}",
            "expected an operator, found `\\u{a0}`",
            "",
        ),
        (
            "\u{1b}[2J",
            "\u{1b}",
            "expected an expression, found `\\u{1b}`",
            "",
        ),
        ("1 \\ 2", "\\", "expected an operator, found `\\`", ""),
    ]);
    let number = "1".repeat(5000);
    let problem = &Given::nothing().problems(&number)[0];
    assert_eq!(
        problem.message,
        format!("syntax error: the number `{}…` is out of range", "1".repeat(20))
    );
}

#[test]
fn a_tree_is_as_deep_as_the_limits_and_no_deeper() {
    let brackets = "brackets are nested more than 100 deep";
    let tree = "the expression is nested more than 200 deep";
    for (before, inner, after, levels, expected) in [
        ("(", "1", ")", 100, brackets),
        ("[", "1", "]", 100, brackets),
        ("{1: ", "1", "}", 100, brackets),
        ("dyn(", "1", ")", 100, brackets),
        ("[0][", "0", "]", 100, brackets),
        ("!(", "true", ")", 100, brackets),
        ("-(", "1", ")", 100, brackets),
        ("1 - 1 * (", "1", ")", 99, tree),
        (
            "true || (true && (1 < 1 + 1 * (",
            "1",
            ")) == true)",
            33,
            brackets,
        ),
        ("true ? 1 : ", "1", "", 199, tree),
        ("", "dyn(1)", " + 1", 198, tree),
        ("", "''", ".trim()", 199, tree),
        ("", "{}", ".a", 199, tree),
        ("", "[]", "[0]", 199, tree),
    ] {
        let nested = |levels: usize| format!("{}{inner}{}", before.repeat(levels), after.repeat(levels));
        let deepest = nested(levels);
        let message = Given::nothing().eval(&deepest).err().unwrap_or_default();
        assert!(!message.contains("nested"), "{deepest} says {message}");

        let deeper = nested(levels + 1);
        let problem = &Given::nothing().problems(&deeper)[0];
        assert_eq!(problem.message, expected, "{deeper}");
        assert!(problem.span.len() <= 2, "{deeper}: {:?}", problem.span);
    }
}

#[test]
fn long_chains_of_conditions_are_not_deep() {
    for (operator, value) in [("&&", "true"), ("||", "false")] {
        let chain = vec![value; 1000].join(operator);
        assert!(Given::nothing().eval(&chain).is_ok(), "{operator}");
    }
    assert!(
        Given::nothing()
            .eval(&format!("{}true", "!".repeat(8000)))
            .is_ok()
    );
    assert!(Given::nothing().eval(&format!("{}1", "-".repeat(8000))).is_ok());
}
