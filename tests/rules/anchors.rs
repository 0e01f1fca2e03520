//! Anchors, aliases and merge keys in rules: what is wrong with a value is told where it is, and where it is used.

use protod::Rules;

use crate::support::{Running, kinds, problems};

#[tokio::test]
async fn what_rules_have_in_common_is_written_once() {
    let yaml = "
x-common:
  point: &point {name: p, value: 1}
rules:
  - &base
    method: kinds.Kinds/Unary
    match: {int32: 1}
    headers: {x-a: base}
    reply: &reply {string: \"${request.string}\", point: *point}
  - <<: *base
    match: {int32: 2}
    reply: {<<: *reply, point: {<<: *point, value: 2}}
  - {<<: *base, match: {int32: 3}, headers: {}}
";
    let server = Running::start(yaml).await;
    for (request, answer, header) in [
        (
            r#"{"int32": 1, "string": "a"}"#,
            r#"{"string":"a","point":{"name":"p","value":1}}"#,
            true,
        ),
        (
            r#"{"int32": 2, "string": "b"}"#,
            r#"{"string":"b","point":{"name":"p","value":2}}"#,
            true,
        ),
        (r#"{"int32": 3}"#, r#"{"point":{"name":"p","value":1}}"#, false),
    ] {
        let outcome = server.call("Unary", &[request]).await;
        assert_eq!(outcome.messages, [answer]);
        assert_eq!(outcome.headers.contains_key("x-a"), header, "{request}");
    }
}

#[test]
fn what_an_alias_brings_is_told_with_its_place_and_that_of_the_alias() {
    let yaml = "
x-common:
  base: &base {string: x, txt: y}
rules:
  - method: kinds.Kinds/Unary
    reply: *base
  - method: kinds.Kinds/List
    reply: {<<: *base, int32: 1}
  - method: kinds.Kinds/Collect
    reply: &good {string: x}
  - method: kinds.Kinds/Wait
    reply: *good
  - method: kinds.Kinds/Chat
    reply: &own {strnig: x}
  - method: kinds.Kinds/Unary
    match: {int32: 1}
    reply: *own
";
    let told = problems(&kinds(), yaml);
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "test.rules.yaml:3:27: the message kinds.All has no field `txt`, by the alias in line 6 (hint: did you mean `text`?)",
            "test.rules.yaml:10:12: expected a duration such as 1.5s, found a mapping, by the alias in line 12",
            "test.rules.yaml:14:18: the message kinds.All has no field `strnig` (hint: did you mean `string`?)",
        ]
    );
}

#[test]
fn only_extensions_stand_beside_the_rules() {
    assert!(Rules::from_text(&kinds(), "f", "x-a: 1\nx-b: [2]\nrules: []").is_ok());
    let told = problems(
        &kinds(),
        "defaults: &a {}\nrules: [{method: kinds.Kinds/Unary, reply: *a}]",
    );
    assert!(told.contains("unknown key `defaults` in a rules file"), "{told}");
    assert!(told.contains("`x-…`"), "{told}");
}
