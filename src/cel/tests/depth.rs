//! Nesting: what is nested too deep is a problem, however it is nested, and what is not runs. All of it on the stack
//! of a tokio worker and in a debug build, where frames are largest.

use super::Given;

/// What tokio gives its workers.
const STACK: usize = 2 << 20;

/// A way to nest: what stands before and after the innermost part, once a level, and how many levels compile.
///
/// An expression has 200 levels at most, and 100 brackets within each other. Some of the ways take more than one each
/// time, and some take none.
struct Nesting(&'static str, &'static str, &'static str, usize);

const NESTINGS: &[Nesting] = &[
    Nesting("(", "request.an_int32", ")", 100),
    Nesting("[", "1", "]", 100),
    Nesting("[", "request.an_int32", "]", 100),
    Nesting("[", "request.an_int32", "][0]", 99),
    Nesting("{1: ", "request.an_int32", "}", 100),
    Nesting("{'a': ", "request.an_int32", "}.a", 99),
    Nesting("int(", "request.an_int32", ")", 100),
    Nesting("math.greatest(", "request.an_int32", ", 1)", 100),
    Nesting("", "request.a_string", ".trim()", 198),
    Nesting("", "request.pt", ".next", 198),
    Nesting("", "dyn(request.pt)", ".next", 197),
    Nesting("!(", "request.a_bool", ")", 100),
    Nesting("-(", "request.an_int32", ")", 100),
    Nesting("!", "request.a_bool", "", 8178),
    Nesting("-", "request.an_int32", "", 8176),
    Nesting("", "request.an_int32", " + 1", 198),
    Nesting("", "dyn(request.an_int32)", " - 1", 197),
    Nesting("1 * (", "request.an_int32", ")", 100),
    Nesting("", "'a' == request.a_string", " == true", 197),
    Nesting("", "1 == request.an_int32", " in [true]", 197),
    Nesting("true in [", "request.a_bool", "]", 99),
    Nesting("request.a_bool ? false : ", "request.a_bool", "", 198),
    Nesting("(", "request.a_bool", " ? request.a_bool : false)", 100),
    Nesting("request.a_bool && ", "request.a_bool", "", 454),
    Nesting("", "request.a_bool", " || request.a_bool", 454),
    Nesting("request.a_bool && (false || ", "request.a_bool", ")", 99),
    Nesting("(", "request.a_bool", " && true) || false", 100),
    Nesting("[1].all(a, ", "request.a_bool", ")", 100),
    Nesting("[1].exists(a, ", "a == request.an_int32", ")", 100),
    Nesting("[1].exists(a, ", "request.a_bool", " == true)", 99),
    Nesting("[1].all(a, has({'a': ", "request.a_bool", "}.a))", 33),
    Nesting("[1].filter(a, [1] == ", "[request.an_int32]", ")", 98),
    Nesting("[1].map(a, ", "request.an_int32", ")", 100),
    Nesting("[1].map(a, true, ", "[a + request.an_int32]", ")", 99),
    Nesting("", "[request.an_int32]", ".filter(a, a < 1)", 197),
    Nesting("", "[request.an_int32]", ".map(a, a + 1)", 197),
    // All precedences of the grammar between one bracket and the next.
    Nesting(
        "true || true && 1 < 1 + 1 * -(",
        "request.a_bool",
        " ? 1 : 2)",
        28,
    ),
    Nesting(
        "1 == 1 ? 1 : 1 - 1 * int([request.an_int32 + {1: ",
        "1",
        "}[1]][0])",
        22,
    ),
];

impl Nesting {
    fn text(&self, levels: usize) -> String {
        self.0.repeat(levels) + self.1 + &self.2.repeat(levels)
    }
}

fn on_the_stack_of_a_worker(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread
        .expect("there is a thread to be had")
        .join()
        .expect("the check does not panic");
}

fn given() -> Given {
    Given::json(r#"{"anInt32": 1, "aBool": true, "aString": "a", "pt": {}}"#)
}

#[test]
fn the_deepest_expressions_run() {
    on_the_stack_of_a_worker(|| {
        for nesting in NESTINGS {
            let most = nesting.3;
            for levels in [1, most / 2, most] {
                let result = given().eval(&nesting.text(levels));
                assert!(result.is_ok(), "{levels} of {}: {result:?}", nesting.text(1));
            }
        }
    });
}

#[test]
fn what_is_nested_deeper_is_a_problem_with_a_place() {
    on_the_stack_of_a_worker(|| {
        for nesting in NESTINGS {
            for levels in [nesting.3 + 1, 1000, 100_000] {
                let source = nesting.text(levels);
                if levels <= nesting.3 {
                    continue;
                }
                let problems = given().problems(&source);
                let expected: &[&str] = if source.len() > 8192 {
                    &["the expression is longer than 8 KiB"]
                } else {
                    &[
                        "the expression is nested more than 200 deep",
                        "brackets are nested more than 100 deep",
                    ]
                };
                let message = problems[0].message.as_str();
                assert!(
                    expected.contains(&message),
                    "{levels} of {}: {message}",
                    nesting.text(1)
                );
                assert!(source.get(problems[0].span.clone()).is_some(), "{problems:?}");
            }
        }
    });
}

#[test]
fn values_of_the_deepest_expressions_are_compared_and_written() {
    on_the_stack_of_a_worker(|| {
        let list = format!("{}1{}", "[".repeat(98), "]".repeat(98));
        assert_eq!(given().text(&list).as_deref(), Ok(list.as_str()));
        for relation in ["==", "in [", "in [1, "] {
            let end = if relation == "==" { "" } else { "]" };
            let source = format!("dyn({list}) {relation} dyn({list}){end}");
            assert_eq!(given().text(&source).as_deref(), Ok("true"), "{relation}");
        }
        let map = format!("{}1{}", "{'a': ".repeat(98), "}".repeat(98));
        assert_eq!(
            given()
                .text(&format!("json({map}) == json(dyn({map}))"))
                .as_deref(),
            Ok("true")
        );
    });
}
