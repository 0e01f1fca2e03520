//! All problems of proto texts are reported at once, with their places.

use std::fs::File;

use miette::{GraphicalReportHandler, GraphicalTheme};
use protod::Schema;

use crate::support::{Tree, located, message, user};

#[test]
fn every_problem_of_every_file_is_found() {
    let tree = Tree::new(&[
        (
            "api/a_syntax.proto",
            "syntax = \"proto3\";\nmessage A {\n  int32 = 1;\n}\nmessage B { string s 1; }\n",
        ),
        (
            "api/b_missing.proto",
            &user("Missing", &["nowhere/to.proto", "none.proto"], &[]),
        ),
        (
            "api/c_types.proto",
            &user("Types", &[], &["Unknown", "int32", "Nothing"]),
        ),
        (
            "api/d_imports_broken.proto",
            &user("Importer", &["a_syntax.proto"], &["A"]),
        ),
        ("api/e_good.proto", &message("good", "Good")),
    ]);
    assert_eq!(
        tree.problems(tree.load("api")),
        [
            "api/a_syntax.proto:3:9: expected an identifier, but found '='",
            "api/a_syntax.proto:5:22: expected '=', but found '1'",
            "api/b_missing.proto:2:9: import 'nowhere/to.proto' is not found",
            "api/b_missing.proto:3:9: import 'none.proto' is not found",
            "api/c_types.proto:3:3: name 'Unknown' is not defined",
            "api/c_types.proto:5:3: name 'Nothing' is not defined",
        ]
    );
}

#[test]
fn a_problem_shows_its_line_with_a_caret() {
    let error = Schema::from_source("a.proto", &user("A", &[], &["int32", "Unknown"])).unwrap_err();
    let mut shown = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none());
    handler.render_report(&mut shown, &error.problems()[0]).unwrap();
    assert!(shown.contains("[a.proto:4:3]"), "{shown}");
    assert!(shown.contains("Unknown field_1 = 2;"), "{shown}");
    assert!(shown.contains("found here"), "{shown}");
}

#[test]
fn a_problem_shows_the_letters_that_the_text_has() {
    let tree = Tree::new(&[]);
    let shown = |text: &[u8]| {
        tree.write("a.proto", text);
        let error = tree.load("a.proto").unwrap_err();
        let mut shown = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none());
        handler.render_report(&mut shown, &error.problems()[0]).unwrap();
        (shown, error.problems()[0].position())
    };
    for (line, column, wanted) in [
        (
            &b"/* \xe9\xf4\x8f\xbf\xbf */ message A { B b = 1; }"[..],
            22,
            "/* \u{fffd}\u{10ffff} */ message",
        ),
        (
            b"message A { int32 a = 1 [json_name = \"\xff\"]; B b = 2; }",
            44,
            "json_name = \"\u{fffd}\"]",
        ),
        (
            b"message A { reserved '\xf4\x8f\xbf\xbf\xe9'; B b = 2; }",
            28,
            "reserved '\u{10ffff}\u{fffd}'",
        ),
        (
            b"message A { int32 a = 1 [json_name = \"\xe9\\q\"]; }",
            40,
            "is doubled in a proto: `\"\u{fffd}\\\\q\"`",
        ),
        (
            b"import '\xf4\x8f\xbf\xbf.proto';",
            9,
            "import '\u{10ffff}.proto' is not found",
        ),
    ] {
        let (shown, position) = shown(&[b"syntax = \"proto3\";\n", line].concat());
        assert_eq!(position, Some((2, column)), "{shown}");
        assert!(shown.contains(wanted), "{shown}");
    }
}

#[test]
fn a_missing_import_says_where_it_was_looked_for() {
    let tree = Tree::new(&[
        ("api/a.proto", &user("A", &["x.proto"], &[])),
        ("given/y.proto", ""),
    ]);
    let builder = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("given"));
    let error = builder.build().unwrap_err();
    let hint = error.problems()[0]
        .hint()
        .unwrap()
        .replace(&format!("{}/", tree.path("").display()), "");
    assert!(hint.starts_with("looked in given, api, "), "{hint}");
    assert!(hint.ends_with("with -I"), "{hint}");
}

#[test]
fn an_import_cycle_names_all_its_files() {
    let tree = Tree::new(&[
        ("a.proto", &user("A", &["b.proto"], &[])),
        ("b.proto", &user("B", &["c.proto"], &[])),
        ("c.proto", &user("C", &["a.proto"], &[])),
        ("self.proto", &user("Self", &["self.proto"], &[])),
    ]);
    assert_eq!(
        tree.problems(tree.load("")),
        [
            "c.proto:2:9: import cycle: a.proto -> b.proto -> c.proto -> a.proto",
            "self.proto:2:9: import cycle: self.proto -> self.proto",
        ]
    );
}

#[test]
fn a_symbol_defined_in_two_files_is_a_problem_at_the_second() {
    let tree = Tree::new(&[
        ("a.proto", &user("Twice", &[], &["int32", "int32"])),
        ("b.proto", &user("Twice", &[], &["int32"])),
        ("c.proto", "syntax = \"proto3\";\nmessage C {}\nmessage C {}\n"),
    ]);
    assert_eq!(
        tree.problems(tree.load("")),
        [
            "b.proto:2:9: name 'Twice' is already defined in file 'a.proto'",
            "c.proto:3:9: name 'C' is defined twice"
        ]
    );
}

#[test]
fn an_import_written_twice_is_a_problem() {
    let tree = Tree::new(&[
        ("a.proto", &user("A", &["b.proto", "b.proto"], &[])),
        ("b.proto", &user("B", &[], &[])),
    ]);
    assert_eq!(
        tree.problems(tree.load("a.proto")),
        ["a.proto:2:9: 'b.proto' is imported twice"]
    );
}

#[test]
fn inputs_that_are_no_input_are_each_a_problem() {
    let tree = Tree::new(&[("notes.txt", ""), ("empty/readme.md", ""), ("sets/a.binpb", "")]);
    let inputs = ["notes.txt", "empty", "sets", "gone.proto"];
    let builder = inputs.iter().fold(Schema::builder(), |builder, input| {
        builder.input(tree.path(input))
    });
    let error = builder.import_path(tree.path("no/roots")).build();
    assert_eq!(
        tree.problems(error),
        [
            "empty: there is no .proto file in this folder",
            "gone.proto: no such file or folder",
            "no/roots: this import path is not a folder",
            "notes.txt: is neither a .proto nor a folder nor a descriptor set",
            "sets: this folder has descriptor sets and no .proto file",
        ]
    );
    for (input, hint) in [
        (
            "ftp://example.com/a.binpb",
            "URLs of protos are `grpc://HOST:PORT`",
        ),
        ("-", "standard input is no input"),
    ] {
        let error = Schema::load(input).unwrap_err();
        assert!(error.problems()[0].hint().unwrap().starts_with(hint), "{error:?}");
    }
    let sets = tree.load("sets").unwrap_err();
    assert!(sets.problems()[0].hint().unwrap().ends_with("sets/a.binpb"));
    assert_eq!(
        located(Schema::builder().build()),
        ["there is no input: a .proto, a folder or a descriptor set is needed"]
    );
}

#[test]
fn files_that_are_no_text_are_each_a_problem() {
    let tree = Tree::new(&[("good.proto", &message("p", "A"))]);
    tree.write(
        "latin1.proto",
        b"syntax = \"proto3\"; // caf\xe9\noption java_package = \"caf\xe9\";\nmessage Caf\xe9 {}\n",
    );
    File::create(tree.path("huge.proto"))
        .unwrap()
        .set_len(3 << 30)
        .unwrap();
    let problems = tree.problems(tree.load(""));
    assert_eq!(
        problems,
        [
            "huge.proto: is too large for a proto: 3221225472 bytes",
            "latin1.proto: is not UTF-8 text: see byte 68"
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_a_problem() {
    let tree = Tree::new(&[]);
    std::os::unix::fs::symlink(tree.path("gone"), tree.path("link.proto")).unwrap();
    let problems = tree.problems(tree.load(""));
    assert!(
        problems[0].starts_with("link.proto: cannot be read: "),
        "{problems:?}"
    );
}

#[test]
fn nesting_without_end_is_refused_before_it_overflows_the_stack() {
    let deep = |open: &str| format!("syntax = \"proto3\";\noption (o) = {};\n", open.repeat(200_000));
    for open in ["{a ", "{a:[", "{a<", "{\"\n", "{'\\\n{a "] {
        assert!(!located(Schema::from_source("deep.proto", &deep(open))).is_empty());
    }
    let messages = "message M { ".repeat(10_000);
    assert!(!located(Schema::from_source("deep.proto", &messages)).is_empty());
}

#[test]
fn a_text_without_disk_imports_nothing_from_disk() {
    let text = user("A", &["proto/stream.proto"], &[]);
    assert_eq!(
        located(Schema::from_source("a.proto", &text)),
        ["a.proto:2:9: import 'proto/stream.proto' is not found"]
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(syntax = \"proto[23]\";)?([a-z{}<>=;\"'/*#\\[\\]().0-9 \n\\\\]|message |option |import |rpc |map<|é){0,60}") {
        let _ = Schema::from_source("any.proto", &text);
    }
}

#[test]
fn what_only_newer_compilers_read_is_a_problem_with_its_place() {
    let text = "syntax = \"proto3\";\nimport option \"b.proto\";\n";
    let problems = located(Schema::from_source("a.proto", text));
    assert!(problems[0].starts_with("a.proto:2:8: "), "{problems:?}");
}

#[test]
fn places_after_what_is_lowered_for_the_parser_are_those_of_the_text() {
    for text in [
        "syntax = \"proto2\";\nmessage M { extensions 5 [verification = UNVERIFIED]; optional N n = 1; }\n",
        "syntax = \"proto2\";\nmessage M { reserved \"two words\", \"-\"; optional N n = 1; }\n",
        "syntax = \"proto2\"; message map {}\nmessage M { optional map m = 2; optional N n = 1; }\n",
        "syntax = \"proto2\";\nmessage M { optional double d = 2 [default = -inf]; optional N n = 1; }\n",
        "syntax = \"proto2\";\nmessage M { optional bytes b = 2 [default = \"\\ud83d\\ude00\"]; optional N n = 1; }\n",
    ] {
        let line = text.lines().nth(1).unwrap();
        let column = line.find("N n").unwrap() + 1;
        let expected = format!("a.proto:2:{column}: name 'N' is not defined");
        assert_eq!(
            located(Schema::from_source("a.proto", text)),
            [expected],
            "{text}"
        );
        let broken = text.replace("N n = 1", "N n 1");
        let expected = format!("a.proto:2:{}: expected '=', but found '1'", column + 4);
        assert_eq!(
            located(Schema::from_source("a.proto", &broken)),
            [expected],
            "{broken}"
        );
    }
}

#[test]
fn an_unknown_method_gets_a_suggestion_only_if_one_is_near() {
    let proto = "syntax = 'proto3'; package library.v1; message M {}
        service Library { rpc GetBook(M) returns (M); rpc ListBooks(M) returns (M); }";
    let schema = Schema::from_source("library.proto", proto).unwrap();
    let error = |name: &str| schema.require_method(name).unwrap_err().to_string();
    assert_eq!(
        error("library.v1.Library/GetBok"),
        "the schema has no method library.v1.Library/GetBok; did you mean library.v1.Library/GetBook?"
    );
    assert_eq!(
        error("Library/GetBook"),
        "the schema has no method Library/GetBook; did you mean library.v1.Library/GetBook?"
    );
    assert_eq!(
        error("library.v1.Library/Frobnicate"),
        "the schema has no method library.v1.Library/Frobnicate"
    );
}
