//! `metadata`: what the client's metadata must be.

use protod::{Message, Rules, RulesOptions};
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
        ("{'x role': a}", "1:48: `x role` cannot be a name of metadata"),
        (
            "{x: []}",
            "1:51: no value is in an empty list (hint: `{}` is any value, `null` is none)",
        ),
        (
            "{x: {y: 1}}",
            "1:51: expected a value, found a mapping (hint: a value is a text; a list is any of its values, `{}` any value, `null` none)",
        ),
        (
            "{x: [a, null]}",
            "1:55: expected a value, found null (hint: a value is a text; a list is any of its values, `{}` any value, `null` none)",
        ),
        (
            "{x: '${call.peer}'}",
            "1:51: `metadata` holds constants, not expressions (hint: write the condition as `when`)",
        ),
        (
            "{x-bin: '*'}",
            "1:55: expected base64, found \"*\" (its own bytes would be Kg==)",
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
