//! Loading a rules file reports all of its problems, each with its place and a hint.

use protod::{Rules, Schema};

use crate::support::{kinds, problems};

fn stream() -> Schema {
    Schema::from_source("stream.proto", include_str!("../../proto/stream.proto")).expect("it compiles")
}

#[test]
fn five_mistakes_are_five_problems() {
    let yaml = r#"
rules:
  - method: kinds.Kinds/Unray
    reply: {}
  - method: kinds.Kinds/Unary
    reply: {strnig: x}
  - method: kinds.Kinds/Unary
    reply: {int32: "twelve"}
  - method: kinds.Kinds/Unary
    reply: {int32: "${request.int32 + }"}
  - method: kinds.Kinds/Unary
    reply: {colour: COLOUR_GREEN}
"#;
    insta::assert_snapshot!(problems(&kinds(), yaml));
}

#[test]
fn a_method_that_is_no_text_is_told() {
    for (method, found) in [
        ("[[kinds.Kinds/Unary]]", "a list"),
        ("", "null"),
        ("5", "a number"),
    ] {
        let told = problems(&kinds(), &format!("rules: [{{method: {method}, reply: {{}}}}]\n"));
        let expected = format!("expected the name of a method, found {found}");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn a_service_that_is_unknown_is_told_with_the_services_that_are_near() {
    for wanted in ["Kinds/*", "kinds.Kind/*", "kinds.kinds/*"] {
        let told = problems(
            &kinds(),
            &format!("rules: [{{method: '{wanted}', reply: {{}}}}]\n"),
        );
        assert!(told.contains("did you mean `kinds.Kinds/*`?"), "{told}");
    }
}

#[test]
fn every_part_of_a_rule_is_checked() {
    let yaml = r#"
rules:
  - methd: proto.StreamService/List
  - method: proto.StreamService/List
  - method: proto.StreamService/List
    reply: {}
    stream: []
  - method: proto.StreamService/Record
    stream: []
  - method: proto.StreamService/*
    when: request.pt.value
    status: {code: NOTFOUND}
  - method: proto.StreamService/List
    times: many
    status: {code: 17}
  - method: proto.StreamService/List
    match: {pt: {value: x, nam: y}}
    scope: "1"
    priority: high
    reply: {pt: "${request.pt.name}"}
  - method: proto.StreamService/Route
    session:
      opne: []
      state: {n: 0, "a-b": 1}
      open:
        - send: {pt: {name: "${request.pt.name}"}}
      message:
        - set: {m: 1, n: "x"}
        - {send: {}, log: both}
        - {when: "true"}
        - snd: {}
        - {repeat: -1, send: {}}
        - {each: "${request.pt.name}", send: {}}
        - {as: n, send: {}}
        - wait: soon
        - headers: {Upper: x, grpc-status: "1", x-bin: "%%%"}
        - flush: trailers
        - choose: [{do: []}, {when: "n"}]
"#;
    insta::assert_snapshot!(problems(&stream(), yaml));
}

#[test]
fn a_problem_in_an_expression_points_into_the_string() {
    let at = |yaml: &str| {
        let error = Rules::from_text(&stream(), "f", yaml).expect_err(yaml);
        error.problems()[0].position().expect("it has a place")
    };
    let rule = "rules:\n- method: proto.StreamService/Route\n  session:\n    message:\n";
    assert_eq!(at(&format!("{rule}    - log: ä ${{request.pt.x}}\n")), (5, 27));
    assert_eq!(at(&format!("{rule}    - log: 'ä ${{request.pt.x}}'\n")), (5, 28));
    assert_eq!(
        at(&format!("{rule}    - when: request.pt.x == 1\n      log: x\n")),
        (5, 24)
    );
    // Escapes move the text after them, so the place is that of the string.
    assert_eq!(
        at(&format!("{rule}    - log: \"\\t${{request.pt.x}}\"\n")),
        (5, 12)
    );
}

#[test]
fn a_problem_shows_its_line() {
    let error = Rules::from_text(
        &stream(),
        "f.rules.yaml",
        "rules:\n  - method: proto.StreamService/Lst\n    reply: {}\n",
    );
    let error = error.expect_err("there is no such method");
    let report = miette::Report::new_boxed(Box::new(Shown(error)));
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none()).with_width(100);
    let mut text = String::new();
    handler
        .render_report(&mut text, report.as_ref())
        .expect("a string takes all");
    insta::assert_snapshot!(text);
}

/// The first problem of an error, as the command line prints it.
#[derive(Debug)]
struct Shown(protod::Error);

impl Shown {
    fn problem(&self) -> &protod::Problem {
        &self.0.problems()[0]
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.problem().help()
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.problem().source_code()
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.problem().labels()
    }
}

#[test]
fn files_are_found_in_folders_and_read_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("a folder");
    let rule =
        |name: &str| format!("rules:\n- method: proto.StreamService/List\n  name: {name}\n  stream: []\n");
    std::fs::write(folder.path().join("b.rules.yml"), rule("b")).expect("written");
    std::fs::write(inner.join("a.rules.yaml"), rule("inner")).expect("written");
    std::fs::write(
        folder.path().join("a.rules.json"),
        r#"{"rules":[{"method":"proto.StreamService/List","reply":{}}]}"#,
    )
    .expect("written");
    std::fs::write(folder.path().join("other.yaml"), "not: rules").expect("written");
    std::fs::write(folder.path().join("empty.rules.yaml"), "# nothing yet\n").expect("written");
    let rules = Rules::load(&stream(), &[folder.path().to_owned()]).expect("they load");
    let first = format!("{}:1", folder.path().join("a.rules.json").display());
    assert_eq!(rules.names().collect::<Vec<_>>(), [&*first, "b", "inner"]);
    assert_eq!(rules.watch_paths().count(), 4);
    let (_, list) = rules.handlers().next().expect("one method has rules");
    assert_eq!(list.names().count(), 3);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_of_its_own() {
    let missing = std::path::PathBuf::from("/nowhere/x.rules.yaml");
    let error = Rules::load(&stream(), &[missing]).expect_err("there is no such file");
    assert!(
        format!("{error:?}").contains("/nowhere/x.rules.yaml"),
        "{error:?}"
    );
    assert!(error.is_rules());
}

#[test]
fn a_number_past_64_bits_is_a_problem_and_loses_no_rule() {
    let yaml = "
rules:
  - {method: kinds.Kinds/Unary, priority: 9223372036854775808, reply: {}}
  - {method: kinds.Kinds/Unary, times: 9223372036854775808, reply: {}}
";
    let problems = problems(&kinds(), yaml);
    for expected in [
        "3:43: `priority`: 9223372036854775808 does not fit 64 bits",
        "4:40: `times`: 9223372036854775808 does not fit 64 bits",
    ] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn a_header_takes_printable_ascii() {
    for value in ["é", "\"a\\tb\"", "\"${'ÿ'}\""] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, headers: {{x: {value}}}, reply: {{}}}}]");
        let found = problems(&kinds(), &yaml);
        assert!(
            found.contains("has characters that a header cannot carry"),
            "{found}"
        );
    }
}

#[test]
fn beside_a_file_lie_the_rules_of_its_folder_and_beside_a_folder_all_below_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("a folder");
    let proto = folder.path().join("stream.proto");
    std::fs::write(&proto, include_str!("../../proto/stream.proto")).expect("written");
    for (folder, name) in [(folder.path(), "own"), (inner.as_path(), "below")] {
        let rule = format!("rules: [{{method: proto.StreamService/List, name: {name}, stream: []}}]");
        std::fs::write(folder.join("a.rules.yaml"), rule).expect("written");
    }
    for (inputs, expected) in [
        (vec![proto.as_path()], vec!["own"]),
        (vec![folder.path()], vec!["own", "below"]),
        (vec![proto.as_path(), folder.path()], vec!["own", "below"]),
    ] {
        let builder = inputs
            .iter()
            .fold(Schema::builder(), |builder, input| builder.input(*input));
        let schema = builder.build().expect("it compiles");
        let rules = Rules::beside(&schema).expect("they load");
        assert_eq!(rules.names().collect::<Vec<_>>(), expected, "{inputs:?}");
    }
}

#[test]
fn the_address_of_a_schema_may_stand_above_the_rules() {
    let yaml = "$schema: ./rules.schema.json\nrules: [{method: proto.StreamService/List, stream: []}]";
    assert_eq!(
        Rules::from_text(&stream(), "f.rules.yaml", yaml)
            .expect("it loads")
            .len(),
        1
    );
    let json = r#"{"$schema": "./x.json", "rules": [{"method": "proto.StreamService/List", "stream": []}]}"#;
    assert_eq!(
        Rules::from_text(&stream(), "f.rules.json", json)
            .expect("it loads")
            .len(),
        1
    );
    let found = problems(&stream(), "$schema: [x]\nrules: []");
    assert!(
        found.contains("1:10: `$schema` is the address of a JSON Schema, a string"),
        "{found}"
    );
}

#[test]
fn what_sends_no_message_or_two_where_there_must_be_one_is_a_problem() {
    let once = |outcome: &str| format!("rules: [{{method: kinds.Kinds/Unary, {outcome}}}]");
    let none = "none is sent before this OK";
    let second = "and this is a second";
    for (outcome, expected) in [
        ("status: {code: OK}", none),
        ("status: {code: 0, message: fine}", none),
        ("stream: [{log: x}, {status: {code: OK}}]", none),
        (
            "stream: [{when: request.bool, status: {code: OK}}, {send: {}}]",
            none,
        ),
        (
            "session: {open: [{status: {code: OK}}], message: [{send: {}}]}",
            none,
        ),
        ("stream: [{send: {}}, {send: {}}]", second),
        ("stream: [{send: {}}, {when: request.bool, send: {}}]", second),
        ("session: {open: [{send: {}}], message: [{send: {}}]}", second),
        (
            "session: {message: [{send: {}}], half_close: [{send: {}}]}",
            second,
        ),
        (
            "stream: [{choose: [{when: request.bool, do: [{send: {}}]}, {do: [{send: {}}]}]}, {send: {}}]",
            second,
        ),
        ("stream: []", "nothing is sent here"),
        ("session: {message: [{log: x}]}", "nothing is sent here"),
    ] {
        let found = problems(&kinds(), &once(outcome));
        assert!(found.contains(expected), "{outcome}: {found}");
        assert!(
            found.contains("kinds.Kinds/Unary answers with one message"),
            "{outcome}: {found}"
        );
    }
    for outcome in [
        "stream: [{send: {}}, {status: {code: OK}}]",
        "stream: [{when: request.bool, send: {}}, {status: {code: OK}}]",
        "stream: [{when: request.bool, send: {}}, {when: '!request.bool', send: {}}]",
        "stream: [{choose: [{when: request.bool, do: [{send: {}}, {status: {code: OK}}]}, {do: []}]}, {send: {}}]",
        "stream: [{repeat: '${request.int32}', send: {}}]",
        "stream: [{status: {code: ABORTED}}]",
        "status: {code: '${request.int32}'}",
        "session: {timers: [{after: 1s, do: [{send: {}}]}, {after: 2s, do: [{status: {code: OK}}]}]}",
        "session: {signals: {go: [{send: {}}, {status: {code: OK}}]}}",
    ] {
        if let Err(error) = Rules::from_text(&kinds(), "f", &once(outcome)) {
            panic!("{outcome}: {error:?}");
        }
    }
    // A client that streams may send any number of messages, and a method that streams may answer with none.
    for rule in [
        "{method: kinds.Kinds/Collect, session: {message: [{when: received == 2, send: {}}], half_close: [{send: {}}]}}",
        "{method: kinds.Kinds/Collect, session: {message: [{send: {}}, {status: {code: OK}}]}}",
        "{method: kinds.Kinds/List, status: {code: OK}}",
        "{method: kinds.Kinds/Chat, session: {open: [{status: {code: OK}}]}}",
    ] {
        if let Err(error) = Rules::from_text(&kinds(), "f", &format!("rules: [{rule}]")) {
            panic!("{rule}: {error:?}");
        }
    }
    let found = problems(
        &kinds(),
        "rules: [{method: kinds.Kinds/Collect, session: {message: [{status: {code: OK}}], half_close: [{send: {}}]}}]",
    );
    assert!(found.contains(none), "{found}");
}
