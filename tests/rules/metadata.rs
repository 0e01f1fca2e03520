//! `metadata`: what the client's metadata must be.

use protod::{Message, Rules, RulesOptions};
use tonic::Code;
use tonic::metadata::MetadataMap;

use crate::support::{Running, kinds, problems};

#[tokio::test]
async fn metadata_is_a_value_one_of_some_any_or_none() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, metadata: {x-role: admin}, match: {int32: 1}, reply: {string: both}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: admin, x-n: 5, x-yes: true}, reply: {string: all three}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: [owner, editor]}, reply: {string: one of}}
  - {method: kinds.Kinds/Unary, metadata: {x-key-bin: AP8}, reply: {string: bytes}}
  - {method: kinds.Kinds/Unary, metadata: {x-key-bin: {}}, reply: {string: other bytes}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: "a, b"}, reply: {string: joined}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: "$${x}"}, reply: {string: escaped}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: {}}, reply: {string: any}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: null, x-n: ""}, reply: {string: none}}
"#,
    )
    .await;
    for (metadata, request, expected) in [
        (&[("x-role", "admin")][..], r#"{"int32": 1}"#, "both"),
        (
            &[("x-role", "admin"), ("x-n", "5"), ("x-yes", "true")],
            "{}",
            "all three",
        ),
        (
            &[("x-role", "admin"), ("x-n", "6"), ("x-yes", "true")],
            "{}",
            "any",
        ),
        (&[("x-role", "editor")], "{}", "one of"),
        (&[("x-role", "owner")], "{}", "one of"),
        (&[("x-role", "Owner")], "{}", "any"),
        (&[("x-key-bin", "AP8=")], "{}", "bytes"),
        (&[("x-key-bin", "AP4=")], "{}", "other bytes"),
        (
            &[("x-key-bin", "AP8="), ("x-key-bin", "AP8=")],
            "{}",
            "other bytes",
        ),
        (&[("x-role", "a, b")], "{}", "joined"),
        (&[("x-role", "a"), ("x-role", "b")], "{}", "joined"),
        (&[("x-role", "${x}")], "{}", "escaped"),
        (&[("x-role", "")], "{}", "any"),
        (&[("x-n", "")], "{}", "none"),
    ] {
        let outcome = server.call_with("Unary", &[request], metadata).await;
        let expected = format!(r#"{{"string":"{expected}"}}"#);
        assert_eq!(outcome.messages, [expected], "{metadata:?}");
    }
    let refused = server.call("Unary", &["{}"]).await;
    let nearest = ":11: metadata x-n is absent";
    assert!(refused.status.message().ends_with(nearest), "{}", refused.status);
}

#[tokio::test]
async fn metadata_is_another_value_or_none() {
    let server = Running::start(
        r"
rules:
  - {method: kinds.Kinds/Unary, metadata: {x-token: {not: tea}}, reply: {string: not tea}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: {}}, match: {int32: 1}, reply: {string: a role}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: {not: [admin, 5]}}, reply: {string: neither}}
  - {method: kinds.Kinds/Unary, metadata: {x-key-bin: {not: AP8}}, reply: {string: another key}}
  - {method: kinds.Kinds/Unary, reply: {string: all of it}}
",
    )
    .await;
    let (tea, admin) = (("x-token", "tea"), ("x-role", "admin"));
    for (metadata, expected) in [
        (&[][..], "not tea"),
        (&[("x-token", "Tea")], "not tea"),
        (&[tea, tea], "not tea"),
        (&[tea], "neither"),
        (&[tea, ("x-role", "owner")], "neither"),
        (&[tea, admin], "another key"),
        (&[tea, ("x-role", "5"), ("x-key-bin", "AP4=")], "another key"),
        (&[tea, admin, ("x-key-bin", "AP8=")], "all of it"),
    ] {
        let outcome = server.call_with("Unary", &["{}"], metadata).await;
        let expected = format!(r#"{{"string":"{expected}"}}"#);
        assert_eq!(outcome.messages, [expected], "{metadata:?}");
    }
}

#[tokio::test]
async fn what_is_told_of_a_missing_token_refuses_calls_without_it() {
    let answers = "
  - {method: kinds.Kinds/Unary, reply: {}}
  - method: kinds.Kinds/List
    stream:
      - when: WHEN
        status: {code: UNAUTHENTICATED}
      - send: {}
";
    for condition in [
        r#"metadata["token"] != "a tea""#,
        "metadata.token != 'a tea'",
        r#""'a tea' != metadata.token""#,
        r#""!(metadata['token'] == 'a tea')""#,
        r#""!(metadata['token'] in ['a tea', 'b'])""#,
        r#""!metadata['token'].startsWith('a ')""#,
        r#""!metadata['token'].lowerAscii().matches('^a .*')""#,
        "call.id >= 0 && metadata.token != 'a tea'",
        r#""metadata.token == 'a tea' ? false : true""#,
    ] {
        let rules = |rule: &str, step: &str| {
            let answers = answers.replace("WHEN", step);
            let refusal = "status: {code: UNAUTHENTICATED}";
            format!("rules:\n  - method: kinds.Kinds/Unary\n    {rule}\n    {refusal}{answers}")
        };
        let told = |yaml: &str| -> Vec<(usize, String)> {
            let rules = Rules::from_text(&kinds(), "f", yaml).expect(yaml);
            let warnings = rules.warnings().iter();
            warnings
                .map(|warning| {
                    assert!(warning.to_string().contains("without `token`"), "{warning:?}");
                    let hint = warning.hint().expect("a hint");
                    let mended = hint.strip_prefix("write `").and_then(|hint| hint.split_once('`'));
                    (
                        warning.position().expect("a place").0,
                        mended.expect("a form").0.to_owned(),
                    )
                })
                .collect()
        };
        let wrong = rules(&format!("when: {condition}"), condition);
        let found = told(&wrong);
        let [(3, of_rule), (8, of_step)] = found.as_slice() else {
            panic!("{condition}: {found:?}")
        };
        let of_rule = if of_rule.starts_with("metadata: ") {
            of_rule.clone()
        } else {
            format!("when: {of_rule}")
        };
        let right = rules(&of_rule, of_step);
        assert_eq!(told(&right), [], "{right}");
        let server = Running::start(&right).await;
        for (token, code) in [
            (None, Code::Unauthenticated),
            (Some("b tea"), Code::Unauthenticated),
            (Some("a tea"), Code::Ok),
        ] {
            let metadata: Vec<(&str, &str)> = token.map(|token| ("token", token)).into_iter().collect();
            for method in ["Unary", "List"] {
                let outcome = server.call_with(method, &["{}"], &metadata).await;
                assert_eq!(outcome.status.code(), code, "{method} {token:?} {right}");
            }
        }
    }
}

#[test]
fn what_a_rule_thought_of_is_not_told() {
    for rules in [
        "{METHOD, when: metadata.a == 'x' || metadata.a.startsWith('y'), ANSWER}",
        "{METHOD, when: metadata.a != '', ANSWER}",
        "{METHOD, when: size(metadata.a) > 0 && int(metadata.a) < 5, ANSWER}",
        "{METHOD, when: has(metadata.a) && metadata.a != 'x', ANSWER}",
        r#"{METHOD, when: "'a' in metadata ? metadata.a != 'x' : true", ANSWER}"#,
        r#"{METHOD, when: "!('a' in metadata) || metadata.a != 'x'", ANSWER}"#,
        "{METHOD, metadata: {a: {}}, when: metadata.a != 'x', ANSWER}",
        "{METHOD, metadata: {a: null}, ANSWER}, {METHOD, when: metadata.a != 'x', ANSWER}",
        "{METHOD, when: metadata.a != 'x', ANSWER}, {METHOD, metadata: {a: null}, ANSWER}",
        "{METHOD, metadata: {a: {not: [x, y]}}, ANSWER}, {METHOD, when: metadata.a != 'x', ANSWER}",
        r#"{METHOD, when: "!has(metadata.a)", ANSWER}, {METHOD, when: metadata.a != 'x', ANSWER}"#,
        "{METHOD, when: metadata.a == request.string || request.bool, ANSWER}",
        "{METHOD, reply: {bool: \"${metadata.a != 'x'}\"}}",
    ] {
        let rules = rules
            .replace("METHOD", "method: kinds.Kinds/Unary")
            .replace("ANSWER", "reply: {}");
        let rules = Rules::from_text(&kinds(), "f", &format!("rules: [{rules}]")).expect("it loads");
        assert!(rules.warnings().is_empty(), "{:?}", rules.warnings());
    }
}

#[test]
fn what_differs_is_told() {
    let rules = r"
rules:
  - {method: kinds.Kinds/Unary, metadata: {x-role: admin}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: [a, b]}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: null}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-key-bin: AP8=}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-key-bin: {}}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-other: {}}, reply: {}}
  - {method: kinds.Kinds/Unary, metadata: {x-role: {not: user}}, reply: {}}
";
    let schema = kinds();
    let rules = RulesOptions::default()
        .from_text(&schema, "f", rules)
        .expect("it compiles");
    let mut metadata = MetadataMap::new();
    metadata.insert("x-role", "user".parse().expect("a value"));
    metadata.insert_bin("x-key-bin", tonic::metadata::MetadataValue::from_bytes(b"\0"));
    let (method, rules) = rules.handlers().next().expect("a method");
    let request = Message::from_json(method.input().clone(), "{}").expect("it fits");
    let explained = rules.explain(&[request], &metadata).expect("it fits");
    let differences: Vec<_> = explained.iter().map(|rule| rule.difference.as_deref()).collect();
    assert_eq!(
        differences,
        [
            Some(r#"metadata x-role is "user", not "admin""#),
            Some(r#"metadata x-role is "user", none of "a", "b""#),
            Some(r#"metadata x-role is "user", not absent"#),
            Some(r#"metadata x-key-bin is "AA", not "AP8=""#),
            None,
            Some("metadata x-other is absent"),
            Some(r#"metadata x-role is "user", which is excluded"#),
        ]
    );
}

#[test]
fn conditions_on_metadata_that_cannot_be_are_told() {
    for (metadata, expected) in [
        (
            "[x]",
            "1:47: expected a mapping of names to values, found a list (hint: such as `{x-user: ann}`; a condition stands under `when`)",
        ),
        (
            "{X-Role: a}",
            "1:48: `X-Role`: names of metadata are lower case (hint: write `x-role`)",
        ),
        (
            "{'x role': a}",
            "1:48: `x role` cannot be a name of metadata (hint: names are constants of letters, digits, `-`, `_` and `.`)",
        ),
        (
            "{x: []}",
            "1:51: no value is in an empty list (hint: `{}` is any value, `null` is none)",
        ),
        (
            "{x: {y: 1}}",
            "1:52: unknown key `y` in a condition on metadata (hint: a value is a text; a list is any of its values, `{not: …}` others, `{}` any value, `null` none; what else there is to ask goes into `when`)",
        ),
        (
            "{x: {not: a, nor: b}}",
            "1:51: expected a value, found a mapping (hint: a value is a text; a list is any of its values, `{not: …}` others, `{}` any value, `null` none; what else there is to ask goes into `when`)",
        ),
        (
            "{x: [a, null]}",
            "1:55: expected a value, found null (hint: a value is a text; a list is any of its values, `{not: …}` others, `{}` any value, `null` none; what else there is to ask goes into `when`)",
        ),
        (
            "{x: {nto: a}}",
            "1:52: unknown key `nto` in a condition on metadata (hint: did you mean `not`?)",
        ),
        (
            "{x: {not: null}}",
            "1:57: `not` excludes values, found null (hint: write `{}`, which is any value)",
        ),
        (
            "{x: {not: {}}}",
            "1:57: `not` excludes values, found a mapping (hint: write `null`, which is none)",
        ),
        (
            "{x: {not: {not: a}}}",
            "1:57: `not` excludes values, found a mapping (hint: `not` takes a value, or a list of values)",
        ),
        (
            "{x: '${call.peer}'}",
            "1:51: `metadata` holds constants, not expressions (hint: write the condition as `when`)",
        ),
        (
            "{x-bin: '*'}",
            "1:55: expected base64, found \"*\" (its own bytes would be Kg==) (hint: write the bytes in base64; those of this text are `Kg==`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, metadata: {metadata}, reply: {{}}}}]");
        let found = problems(&kinds(), &yaml);
        assert_eq!(found, format!("test.rules.yaml:{expected}"), "{metadata}");
    }
}

/// Like those of `when`, such conditions are looked up, not tried one by one.
#[test]
fn a_thousand_rules_for_a_thousand_values_load_and_are_told_apart() {
    let lines = (0..1000).map(|n| {
        format!("  - {{method: kinds.Kinds/Unary, name: r{n}, metadata: {{x-id: {n}}}, reply: {{}}}}\n")
    });
    let yaml = format!("rules:\n{}", lines.collect::<String>());
    let rules = Rules::from_text(&kinds(), "f", &yaml).expect("it compiles");
    assert_eq!(rules.len(), 1000);
    assert_eq!(rules.warnings().len(), 0);
}

#[test]
fn headers_of_a_type_that_no_header_has_are_problems() {
    let rule = |value: &str| format!("rules:\n  - {{method: kinds.Kinds/Unary, {value}, reply: {{}}}}\n");
    for (value, found) in [
        ("headers: {x: '${request.names}'}", "list(string)"),
        ("trailers: {x: '${request.counts}'}", "map(string, int)"),
        ("headers: {x: [a, '${request.point}']}", "kinds.Point"),
        ("headers: {x-bin: '${request.names}'}", "list(string)"),
        ("headers: {x: {a: '${request.int32}'}}", "map(string, dyn)"),
    ] {
        let problem = problems(&kinds(), &rule(value));
        let expected = format!("a header is a single text, and this is {found}");
        assert!(problem.contains(&expected), "{value}: {problem}");
    }
    let texts = "headers: {x: '${request.string}', y: '${request.int32}', z: '${json(request.names)}'}";
    Rules::from_text(&kinds(), "test.rules.yaml", &rule(texts)).expect("each is a text");
}

/// `01` and `1` are two values, whatever numbers YAML reads.
#[tokio::test]
async fn numbers_are_the_texts_that_are_written() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, metadata: {x-n: 01}, reply: {string: "01"}}
  - {method: kinds.Kinds/Unary, metadata: {x-n: [1.0, 0x10]}, headers: {x-out: 1.50}, reply: {string: listed}}
  - {method: kinds.Kinds/Unary, metadata: {x-n: {not: 1e3}}, reply: {string: other}}
  - {method: kinds.Kinds/Unary, reply: {counts: {007: 1}}}
"#,
    )
    .await;
    for (sent, expected) in [
        ("01", r#"{"string":"01"}"#),
        ("1", r#"{"string":"other"}"#),
        ("1.0", r#"{"string":"listed"}"#),
        ("0x10", r#"{"string":"listed"}"#),
        ("16", r#"{"string":"other"}"#),
        ("1e3", r#"{"counts":{"007":1}}"#),
    ] {
        let outcome = server.call_with("Unary", &["{}"], &[("x-n", sent)]).await;
        assert_eq!(outcome.messages, [expected], "{sent}: {:?}", outcome.status);
        let header = outcome
            .headers
            .get("x-out")
            .map(|value| value.to_str().expect("ASCII").to_owned());
        assert_eq!(
            header.as_deref(),
            (expected.contains("listed")).then_some("1.50"),
            "{sent}"
        );
    }
}
