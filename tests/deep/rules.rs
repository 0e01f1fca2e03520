//! Rules files that are nested without end: in YAML's flow and block forms and in JSON, in templates, patterns, steps and
//! expressions.

use protod::{Rules, Schema};

use crate::nested;

const PROTO: &str = "syntax = 'proto3'; package t;
    import 'google/protobuf/any.proto'; import 'google/protobuf/struct.proto';
    service S { rpc Get(Node) returns (Node); rpc Chat(stream Node) returns (stream Node); }
    message Node {
        Node next = 1; repeated Node list = 2; map<string, Node> by_name = 3;
        google.protobuf.Value value = 4; google.protobuf.Any any = 5; string text = 6; int32 number = 7;
    }";

fn schema() -> Schema {
    Schema::from_source("t.proto", PROTO).expect("it loads")
}

/// A file with a key of a rule for `Get`.
fn rule(key: &str) -> String {
    format!("rules: [{{method: t.S/Get, {key}}}]")
}

/// One line a level, each indented by one more.
fn block(levels: usize, line: &str) -> String {
    let mut text = String::new();
    for level in 0..levels {
        text.push_str(&" ".repeat(level));
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn files(levels: usize) -> Vec<String> {
    let any = r#"{"@type": type.googleapis.com/t.Node, any: "#;
    let of = |open: &str, inner: &str, close: &str| nested(levels, open, inner, close);
    vec![
        rule(&format!("reply: {}", of("{next: ", "{text: a}", "}"))),
        rule(&format!(
            "reply: {}",
            of("{next: ", "{text: '${request.text}'}", "}")
        )),
        rule(&format!(
            "reply: {}",
            of("{list: [", "{text: '${request.text}'}", "]}")
        )),
        rule(&format!(
            "reply: {}",
            of("{by_name: {a: ", "{text: '${request.text}'}", "}}")
        )),
        rule(&format!(
            "reply: {{value: {}}}",
            of("[", "'${request.text}'", "]")
        )),
        rule(&format!(
            "reply: {{value: {}}}",
            of("{a: ", "'${request.text}'", "}")
        )),
        rule(&format!("reply: {{any: {}}}", of(any, "null", "}"))),
        rule(&format!(
            "match: {}, reply: {{}}",
            of("{next: ", "{text: a}", "}")
        )),
        rule(&format!(
            "match: {}, reply: {{}}",
            of("{list: [", "{text: a}", "]}")
        )),
        rule(&format!("match: {{any: {}}}, reply: {{}}", of(any, "null", "}"))),
        rule(&format!("stream: {}", of("[{do: ", "[{send: {}}]", "}]"))),
        rule(&format!(
            "stream: {}",
            of("[{repeat: 1, do: ", "[{send: {}}]", "}]")
        )),
        rule(&format!(
            "stream: {}",
            of("[{choose: [{do: ", "[{send: {}}]", "}]}]")
        )),
        rule(&format!(
            "session: {{state: {{a: {}}}, half_close: [{{send: {{}}}}]}}",
            of("[", "1", "]")
        )),
        rule(&format!("when: '{}', reply: {{}}", of("(", "true", ")"))),
        rule(&format!(
            "when: '{}', reply: {{}}",
            of("[1].all(x, ", "true", ")")
        )),
        rule(&format!("reply: {{text: '{}'}}", of("${", "request.text", "}"))),
        rule(&format!(
            "reply: {{text: '{}'}}",
            of("${request.text + '", "a", "'}")
        )),
        format!("rules: {}", of("[", "", "]")),
        format!("rules: {}", of("[", "", "")),
        format!("rules: {}", of("{a: ", "", "")),
        of("- ", "a", ""),
        of("? ", "a", ""),
        of("[", "", "]"),
        block(levels.min(5000), "- "),
        block(levels.min(5000), "a:"),
    ]
}

#[test]
fn rules_that_are_nested_without_end_are_refused_with_a_place() {
    let schema = schema();
    for levels in [1000, 10_000, 100_000] {
        for text in files(levels) {
            let begin: String = text.chars().take(90).collect();
            for name in ["deep.rules.yaml", "deep.rules.json"] {
                let refused = Rules::from_text(&schema, name, &text);
                let error = refused.err().unwrap_or_else(|| panic!("{levels} of {begin}"));
                let problems = error.problems();
                assert!(!problems.is_empty(), "{begin}: {error}");
                assert!(problems[0].position().is_some(), "{begin}: {error}");
            }
        }
    }
}

#[test]
fn rules_that_are_nested_as_deep_as_they_may_be_load_or_are_refused() {
    let schema = schema();
    for levels in [10, 20, 30, 40, 45, 48, 49, 50, 60, 80, 90, 95, 99, 100, 101] {
        for text in files(levels) {
            drop(Rules::from_text(&schema, "deep.rules.yaml", &text));
        }
    }
}

#[test]
fn json_rules_that_are_nested_without_end_are_refused() {
    let schema = schema();
    for levels in [1000, 10_000, 100_000] {
        for (open, close) in [("[", "]"), (r#"{"next":"#, "}"), (r#"[{"do":"#, "}]")] {
            let text = format!(
                r#"{{"rules": [{{"method": "t.S/Get", "reply": {}}}]}}"#,
                nested(levels, open, "{}", close)
            );
            Rules::from_text(&schema, "deep.rules.json", &text).expect_err("it is too deep");
        }
    }
}
