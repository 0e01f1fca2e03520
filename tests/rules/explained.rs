//! Explanations: which rule would answer, and what keeps the others from it.

use protod::{Message, Rules};
use tonic::metadata::MetadataMap;

use crate::support::kinds;

#[tokio::test]
async fn an_explanation_tells_of_each_rule() {
    let schema = kinds();
    let yaml = r#"
rules:
  - {method: kinds.Kinds/Unary, name: a, match: {int32: 5, points: [{value: 1}]}, reply: {}}
  - {method: kinds.Kinds/Unary, name: b, when: 'metadata["x"] == "1" && request.int32 > 3', reply: {}}
  - {method: kinds.Kinds/Unary, name: c, times: 0, reply: {}}
  - {method: kinds.Kinds/Unary, name: d, reply: {}}
"#;
    let rules = Rules::from_text(&schema, "f", yaml).expect("they load");
    let (method, rules) = rules.handlers().next().expect("one method");
    let request =
        Message::from_json(method.input().clone(), r#"{"int32":5,"points":[{}]}"#).expect("it fits");
    let explained = rules
        .explain(&[request], &MetadataMap::new())
        .expect("it is whole");
    let lines: Vec<String> = explained
        .iter()
        .map(|rule| {
            format!(
                "{}: {}",
                rule.rule,
                rule.difference.as_deref().unwrap_or("answers")
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "a: points[0].value is 0, not 1",
            r#"b: `metadata["x"] == "1" && request.int32 > 3` failed: the client has sent no metadata x"#,
            "c: it has answered as often as it may",
            "d: answers",
        ]
    );
}

#[test]
fn an_explanation_reads_the_message_that_a_call_would() {
    let schema = kinds();
    let yaml = r"
rules:
  - {method: kinds.Kinds/Collect, name: last, when: size(requests) > 1 && request.int32 == 2, reply: {}}
  - {method: kinds.Kinds/Collect, name: first, match: {int32: 1}, reply: {}}
  - {method: kinds.Kinds/Collect, name: neither, match: {int32: 2}, reply: {}}
";
    let rules = Rules::from_text(&schema, "f", yaml).expect("they load");
    let (method, rules) = rules.handlers().next().expect("one method");
    let request = |json| Message::from_json(method.input().clone(), json).expect("it fits");
    let requests = [request(r#"{"int32":1}"#), request(r#"{"int32":2}"#)];
    let explained = rules
        .explain(&requests, &MetadataMap::new())
        .expect("they are whole");
    let differences: Vec<_> = explained.iter().map(|rule| rule.difference.as_deref()).collect();
    assert_eq!(differences, [None, None, Some("int32 is 1, not 2")]);
}
