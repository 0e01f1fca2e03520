//! The time for many problems grows with their number, and not with its square.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use protod::Schema;

/// A text with so many problems of one kind.
type Text = fn(usize) -> String;

fn lines(head: &str, count: usize, mut line: impl FnMut(usize) -> String, tail: &str) -> String {
    let mut text = format!("{head}\n");
    for index in 0..count {
        let _ = writeln!(text, "{}", line(index));
    }
    text + tail
}

fn in_message(syntax: &str, count: usize, line: impl FnMut(usize) -> String) -> String {
    lines(&format!("syntax = \"{syntax}\"; message M {{"), count, line, "}")
}

const KINDS: [(&str, Text); 16] = [
    ("fields of one name", |count| {
        in_message("proto3", count + 1, |at| format!("string a = {};", at + 1))
    }),
    ("fields of one number", |count| {
        in_message("proto3", count + 1, |at| format!("string f{at}x = 1;"))
    }),
    ("fields whose names in JSON are one in pairs", |count| {
        in_message("proto3", count, |at| {
            format!(
                "string a_b{at}x = {}; string aB{at}x = {};",
                2 * at + 1,
                2 * at + 2
            )
        })
    }),
    ("fields with numbers that are none", |count| {
        in_message("proto3", count, |at| {
            format!("string f{at}x = {};", 19_000 + at % 1000)
        }) + "message N { string a = 20000; }"
    }),
    ("fields with reserved numbers", |count| {
        in_message("proto3", count, |at| {
            format!("reserved {}; string f{at}x = {0};", at + 1)
        })
    }),
    ("fields of unknown types", |count| {
        in_message("proto3", count, |at| format!("Nope{at} f{at}x = {};", at + 1))
    }),
    ("fields with options of other types", |count| {
        in_message("proto3", count, |at| {
            format!("string f{at}x = {} [lazy = true];", at + 1)
        })
    }),
    ("fields with unknown options", |count| {
        in_message("proto3", count, |at| {
            format!("string f{at}x = {} [nope = 1];", at + 1)
        })
    }),
    ("fields with defaults that their enum does not have", |count| {
        in_message("proto2", count, |at| {
            format!("optional E f{at}x = {} [default = Z{at}];", at + 1)
        }) + "enum E { A = 0; }"
    }),
    ("options that are unknown", |count| {
        lines(
            "syntax = \"proto3\";",
            count,
            |_| "option nope = 1;".to_owned(),
            "",
        )
    }),
    ("values of one number", |count| {
        lines(
            "syntax = \"proto3\"; enum E {",
            count + 1,
            |at| format!("V{at}X = 0;"),
            "}",
        )
    }),
    ("values of one name", |count| {
        lines(
            "syntax = \"proto3\"; enum E {",
            count + 1,
            |at| format!("V = {at};"),
            "}",
        )
    }),
    ("enums without values", |count| {
        lines("syntax = \"proto3\";", count, |at| format!("enum E{at} {{}}"), "")
    }),
    ("messages of one name", |count| {
        lines(
            "syntax = \"proto3\";",
            count + 1,
            |_| "message M { string a = 1; }".to_owned(),
            "",
        )
    }),
    ("extensions outside the range", |count| {
        lines(
            "syntax = \"proto2\"; message M { extensions 5; } extend M {",
            count,
            |at| format!("optional string e{at}x = {};", at + 6),
            "}",
        )
    }),
    ("methods of one name", |count| {
        lines(
            "syntax = \"proto3\"; message M {} service S {",
            count + 1,
            |_| "rpc R(M) returns (M);".to_owned(),
            "}",
        )
    }),
];

/// The number of problems, and how long it took to find them.
fn problems(text: &str) -> (usize, Duration) {
    let start = Instant::now();
    let found = Schema::from_source("a.proto", text).map_or_else(|error| error.problems().len(), |_| 0);
    (found, start.elapsed())
}

#[test]
fn many_problems_take_a_time_that_grows_with_their_number() {
    for (kind, text) in KINDS {
        let (few, many) = (text(200), text(2_000));
        let found = problems(&many).0;
        assert!(found >= 2_000, "{kind}: {found} problems of 2,000");
        let ratio = ratio(|| problems(&many).1, || problems(&few).1);
        assert!(
            ratio < 35.0,
            "{kind}: ten times the problems take {ratio:.1} times as long"
        );
    }
}

/// How many times as long the first takes. A square would take a hundred times as long; a busy machine may take any time
/// once, so a great ratio is measured again.
fn ratio(long: impl Fn() -> Duration, short: impl Fn() -> Duration) -> f64 {
    let ratios = (0..5).map(|_| long().as_secs_f64() / short().as_secs_f64());
    let mut least = f64::INFINITY;
    for ratio in ratios {
        least = least.min(ratio);
        if least < 35.0 {
            break;
        }
    }
    least
}

/// The same for what two files have in common.
#[test]
fn names_of_another_file_take_a_time_that_grows_with_their_number() {
    let text = |field: &str, count: usize| {
        let message = |at: usize| format!("message M{at} {{ string {field} = 1; }}");
        lines("syntax = \"proto3\";", count, message, "")
    };
    let load = |count: usize| {
        let start = Instant::now();
        let builder = Schema::builder().source("a.proto", text("a", count));
        let loaded = builder.source("b.proto", text("b", count)).build();
        let found = loaded.map_or_else(|error| error.problems().len(), |_| 0);
        assert_eq!(found, count);
        start.elapsed()
    };
    let ratio = ratio(|| load(2_000), || load(200));
    assert!(ratio < 35.0, "ten times the names take {ratio:.1} times as long");
}
