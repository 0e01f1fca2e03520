//! Where problems are: in the text that was written, whatever was lowered in front of them, and where protoc has them.
//!
//! protoc counts bytes, and a tab up to the next multiple of eight; protod counts characters, as editors do.

use std::collections::BTreeSet;
use std::fs;

use miette::{GraphicalReportHandler, GraphicalTheme};
use protod::Schema;

use crate::of_protoc;
use crate::texts::Text;

struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// `file:line:column: message` of each.
    problems: &'static [&'static str],
    /// Where protoc has a problem that protod has elsewhere.
    protoc_elsewhere: Option<&'static str>,
}

const CASES: &[Case] = &[
    Case {
        name: "a name after a tab",
        files: &[("a.proto", "syntax = \"proto3\";\nmessage A {\n\tB b = 1;\n}\n")],
        problems: &["a.proto:3:2: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a sign after tabs within a line",
        files: &[("a.proto", "syntax = \"proto3\";\nmessage A {\n\tint32\ta 1;\n}\n")],
        problems: &["a.proto:3:10: expected '=', but found '1'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name behind characters of several bytes",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A { /* éèà */ B b = 1; }\n",
        )],
        problems: &["a.proto:2:23: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a sign behind characters of several bytes",
        files: &[(
            "a.proto",
            "syntax = \"proto3\"; /* 日本語 */ message A { int32 a 1; }\n",
        )],
        problems: &["a.proto:1:50: expected '=', but found '1'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name in a text with carriage returns",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\r\n// one\r\nmessage A {\r\n  B b = 1;\r\n}\r\n",
        )],
        problems: &["a.proto:4:3: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a sign in a text with carriage returns",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\r\nmessage A {\r\n  int32 a 1;\r\n}\r\n",
        )],
        problems: &["a.proto:3:11: expected '=', but found '1'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name behind a byte order mark",
        files: &[("a.proto", "\u{feff}syntax = \"proto3\"; message A { B b = 1; }\n")],
        problems: &["a.proto:1:32: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name behind a comment over lines",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\n/* one\n\n   two */ message A { B b = 1; }\n",
        )],
        problems: &["a.proto:4:23: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name behind an edition",
        files: &[("a.proto", "edition = \"2023\"; message A { B b = 1; }\n")],
        problems: &["a.proto:1:31: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a field of an edition behind others that are lowered",
        files: &[(
            "a.proto",
            "edition = \"2023\";\nmessage A {\n  int32 a = 1; string b = 2; reserved foo, bar;\n  repeated string c = 3; B d = 4;\n}\n",
        )],
        problems: &["a.proto:4:26: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "visibility in front of what is wrong",
        files: &[(
            "a.proto",
            "edition = \"2024\";\nexport message A { local enum E { E_A = 0; } B b = 1; }\n",
        )],
        problems: &["a.proto:2:46: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a sign behind visibility",
        files: &[(
            "a.proto",
            "edition = \"2024\";\nlocal message A { string a 1; }\n",
        )],
        problems: &["a.proto:2:28: expected '=', but found '1'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a label in an edition",
        files: &[(
            "a.proto",
            "edition = \"2023\";\nmessage A {\n  optional string a = 1;\n}\n",
        )],
        problems: &["a.proto:3:3: a field of an edition has no label 'optional'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "the style of an edition",
        files: &[(
            "a.proto",
            "edition = \"2024\";\npackage p;\nmessage A { string fooBar = 1; }\n",
        )],
        problems: &["a.proto:3:20: the name of the field 'fooBar' is not in lower_snake_case"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a feature that is none",
        files: &[(
            "a.proto",
            "edition = \"2023\";\nmessage A { string a = 1 [features.field_presence = NOPE]; }\n",
        )],
        problems: &[
            "a.proto:2:27: expected a value of type 'google.protobuf.FeatureSet.FieldPresence' for option 'features.field_presence', but found 'NOPE'",
        ],
        protoc_elsewhere: Some("at the value"),
    },
    Case {
        name: "a feature on the wrong field",
        files: &[(
            "a.proto",
            "edition = \"2023\";\nmessage A { repeated string a = 1 [deprecated = true, features.field_presence = IMPLICIT]; }\n",
        )],
        problems: &["a.proto:2:13: a list names no field_presence"],
        protoc_elsewhere: Some("at the name of the field"),
    },
    Case {
        name: "an option that nobody defines",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A {\n  string a = 1 [deprecated = true, (nope) = 1];\n}\n",
        )],
        problems: &["a.proto:3:36: name 'nope' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "an option of another type",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\noption java_package = \"x\";\noption java_multiple_files = 5;\nmessage A {}\n",
        )],
        problems: &[
            "a.proto:3:1: expected a value of type 'bool' for option 'java_multiple_files', but found '5'",
        ],
        protoc_elsewhere: Some("at the value"),
    },
    Case {
        name: "a field in braces that is none",
        files: &[
            (
                "a.proto",
                "syntax = \"proto3\"; import \"o.proto\";\nmessage A { option (o) = { text: \"é\", nope: 1 }; }\n",
            ),
            (
                "o.proto",
                "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\"; message O { string text = 1; } extend google.protobuf.MessageOptions { O o = 50000; }\n",
            ),
        ],
        problems: &["a.proto:2:13: option '(o)': 'O' has no field 'nope'"],
        protoc_elsewhere: Some("at the value"),
    },
    Case {
        name: "a number behind a long escape",
        files: &[(
            "a.proto",
            "syntax = \"proto2\";\nmessage A { optional string a = 1 [default = \"\\ud83d\\ude00\\xff\"]; optional B b = 2; }\n",
        )],
        problems: &["a.proto:2:76: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a number that is used twice",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A {\n  string a = 1;\n  string b = 1;\n}\n",
        )],
        problems: &["a.proto:4:14: field number '1' is already used"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a number that is reserved",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A {\n  reserved 2 to 5;\n  string é_is_no_name = 1;\n}\n",
        )],
        problems: &["a.proto:4:10: invalid token"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a number in a reserved range",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A {\n  reserved 2 to 5;\n\tstring b = 3;\n}\n",
        )],
        problems: &["a.proto:4:13: field number '3' conflicts with reserved range '2 to 5'"],
        protoc_elsewhere: Some("at the range, though the field is new"),
    },
    Case {
        name: "an extension range on one number",
        files: &[(
            "a.proto",
            "syntax = \"proto2\";\nmessage A { extensions 5 [verification = UNVERIFIED]; optional B b = 1; }\n",
        )],
        problems: &["a.proto:2:64: name 'B' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a value of an enum that is there",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nenum E { A = 0; }\nenum F { B = 0; A = 1; }\n",
        )],
        problems: &["a.proto:3:17: name 'A' is defined twice"],
        protoc_elsewhere: None,
    },
    Case {
        name: "the first value of an enum",
        files: &[("a.proto", "syntax = \"proto3\";\nenum E {\n  A = 1;\n}\n")],
        problems: &["a.proto:3:7: the first value for proto3 enums must be 0"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a method without its message",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nmessage A {}\nservice S {\n  rpc Do(A) returns (stream Nope) {}\n}\n",
        )],
        problems: &["a.proto:4:29: name 'Nope' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "an import that is missing",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\nimport \"google/protobuf/any.proto\";\nimport \"né/nope.proto\";\nmessage A { google.protobuf.Any a = 1; }\n",
        )],
        problems: &["a.proto:3:9: import 'né/nope.proto' is not found"],
        protoc_elsewhere: Some("at the statement"),
    },
    Case {
        name: "a problem in a file that is imported",
        files: &[
            (
                "a.proto",
                "syntax = \"proto3\"; import \"b.proto\";\nmessage A { B b = 1; }\n",
            ),
            (
                "b.proto",
                "syntax = \"proto3\";\n\n/* é */\tmessage B { C c = 1; }\n",
            ),
        ],
        problems: &["b.proto:3:21: name 'C' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a problem in an edition that is imported",
        files: &[
            (
                "a.proto",
                "syntax = \"proto3\"; import \"b.proto\";\nmessage A { B b = 1; }\n",
            ),
            (
                "b.proto",
                "edition = \"2023\";\r\nmessage B { int32 a = 1; C c = 2; }\r\n",
            ),
        ],
        problems: &["b.proto:2:26: name 'C' is not defined"],
        protoc_elsewhere: None,
    },
    Case {
        name: "one problem in each of several files",
        files: &[
            (
                "a.proto",
                "syntax = \"proto3\"; import \"b.proto\"; import \"c.proto\";\nmessage A { B b = 1; C c = 2; Nope d = 3; }\n",
            ),
            ("b.proto", "syntax = \"proto3\"; message B { Nope a = 1; }\n"),
            (
                "c.proto",
                "edition = \"2023\"; message C { /* ö */ Nope a = 1; }\n",
            ),
        ],
        problems: &[
            "b.proto:1:32: name 'Nope' is not defined",
            "c.proto:1:39: name 'Nope' is not defined",
        ],
        protoc_elsewhere: None,
    },
    Case {
        name: "a name that two files define",
        files: &[
            (
                "a.proto",
                "syntax = \"proto3\"; import \"b.proto\";\nmessage B {}\n",
            ),
            ("b.proto", "syntax = \"proto3\"; message B {}\n"),
        ],
        problems: &["a.proto:2:9: name 'B' is already defined in file 'b.proto'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a text that ends in a message",
        files: &[("a.proto", "syntax = \"proto3\";\nmessage A {\n  string a = 1;\n")],
        problems: &[
            "a.proto:3:16: expected a message field, oneof, reserved range, enum, message, option or '}', but reached end of file",
        ],
        protoc_elsewhere: Some("behind the last line break"),
    },
    Case {
        name: "a text that is not closed",
        files: &[(
            "a.proto",
            "syntax = \"proto3\";\noption java_package = \"a;\nmessage A {}\n",
        )],
        problems: &[
            "a.proto:2:26: unterminated string",
            "a.proto:3:1: expected ';', but found 'message'",
        ],
        protoc_elsewhere: None,
    },
    Case {
        name: "a default that does not fit",
        files: &[(
            "a.proto",
            "syntax = \"proto2\";\nmessage A { optional int32 a = 1 [default = \"x\"]; }\n",
        )],
        problems: &["a.proto:2:45: expected value to be an integer, but found 'x'"],
        protoc_elsewhere: None,
    },
    Case {
        name: "a group without a capital",
        files: &[(
            "a.proto",
            "syntax = \"proto2\";\nmessage A { optional group g = 1 {} }\n",
        )],
        problems: &["a.proto:2:28: invalid group name"],
        protoc_elsewhere: None,
    },
];

#[test]
fn problems_are_where_protoc_has_them() {
    let mut wrong = Vec::new();
    for case in CASES {
        if let Err(why) = check(case) {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        CASES.len(),
        wrong.join("\n")
    );
}

fn check(case: &Case) -> Result<(), String> {
    let builder = case
        .files
        .iter()
        .fold(Schema::builder(), |builder, (name, text)| {
            builder.source(*name, *text)
        });
    let Err(error) = builder.build() else {
        return Err("it is taken".to_owned());
    };
    let located: Vec<String> = error.problems().iter().map(protod::Problem::located).collect();
    if located != case.problems {
        return Err(format!("the problems are {located:#?}"));
    }
    let theirs = places_of_protoc(case);
    let mut is_there = true;
    for (problem, located) in error.problems().iter().zip(&located) {
        let (line, column) = problem.position().ok_or("a problem has no place")?;
        let name = located.split(':').next().unwrap_or_default();
        let (_, text) = case
            .files
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or("another file")?;
        let quoted = text.split('\n').nth(line - 1).ok_or("no such line")?;
        let mut shown = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none());
        handler
            .render_report(&mut shown, problem)
            .map_err(|error| error.to_string())?;
        // A tab is shown as blanks.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words(&shown).contains(&words(quoted.trim_start_matches('\u{feff}'))) {
            return Err(format!("the line {quoted:?} is not in:\n{shown}"));
        }
        is_there &= theirs.contains(&(name.to_owned(), line, column_of_protoc(quoted, column)));
    }
    match (is_there, case.protoc_elsewhere) {
        (true, Some(_)) => Err("protoc has it there too".to_owned()),
        (false, None) => Err(format!(
            "protoc has them at {theirs:?}, and protod at {located:?}"
        )),
        _ => Ok(()),
    }
}

/// The file, line and column of all that protoc says.
fn places_of_protoc(case: &Case) -> BTreeSet<(String, usize, usize)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in case.files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let files = case
        .files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let text = Text {
        name: case.name.to_owned(),
        files: files.collect(),
    };
    let said = of_protoc(&text, folder.path()).expect_err("protoc refuses it");
    let place = |line: &str| {
        let mut parts = line.splitn(4, ':');
        let name = parts.next()?.to_owned();
        Some((name, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    said.lines().filter_map(place).collect()
}

/// What protoc calls a column of a line. It counts a byte order mark, too.
fn column_of_protoc(line: &str, column: usize) -> usize {
    let text = line.trim_start_matches('\u{feff}');
    let mark = line.len() - text.len();
    let before = text.chars().take(column - 1);
    1 + mark
        + before.fold(0, |at, letter| match letter {
            '\t' => at / 8 * 8 + 8,
            letter => at + letter.len_utf8(),
        })
}
