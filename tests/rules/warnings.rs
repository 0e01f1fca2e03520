//! What is not wrong, and hardly meant: rules that no call reaches, and a `match` that matches everything.

use protod::Rules;

use crate::support::kinds;

/// The warnings of rules that load: the place, the message and the hint of each.
fn warnings(yaml: &str) -> Vec<String> {
    let rules = Rules::from_text(&kinds(), "f", yaml).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(rules.warnings().iter().all(protod::Problem::is_warning));
    rules
        .warnings()
        .iter()
        .map(|warning| format!("{warning:?}"))
        .collect()
}

#[test]
fn a_rule_that_no_call_reaches_is_a_warning() {
    let found = warnings(
        r#"
rules:
  - {method: kinds.Kinds/Unary, name: a, match: {int32: 1, string: x}, when: request.bool, reply: {}}
  - {method: kinds.Kinds/Unary, name: same, match: {string: x, int32: 1}, when: " request.bool ", reply: {}}
  - {method: kinds.Kinds/Unary, name: limited, match: {int32: 2}, times: 1, reply: {}}
  - {method: kinds.Kinds/Unary, name: after limited, match: {int32: 2}, reply: {}}
  - {method: kinds.Kinds/Unary, name: b, when: "true", reply: {}}
  - {method: kinds.Kinds/Unary, name: after all, match: {int32: 3}, reply: {}}
  - {method: kinds.Kinds/Unary, name: first, priority: 1, match: {int32: 4}, reply: {}}
  - {method: kinds.Kinds/List, reply: {}}
  - {method: kinds.Kinds/Collect, reply: {}}
  - {method: kinds.Kinds/Chat, match: {string: ""}, reply: {}}
  - {method: kinds.Kinds/*, name: elsewhere, status: {code: 5}}
  - {method: kinds.Kinds/*, name: nowhere, when: 'metadata["x"] == "1"', status: {code: 5}}
"#,
    );
    assert_eq!(
        found,
        [
            "f:4:14: this rule is never reached: a answers the same calls (hint: put it before a, or give it a higher `priority`)",
            "f:8:14: this rule is never reached: b answers every call (hint: put it before b, or give it a higher `priority`)",
            "f:14:14: this rule is never reached: elsewhere answers every call (hint: put it before elsewhere, or give it a higher `priority`)",
        ]
    );
}

#[test]
fn a_rule_that_leaves_calls_to_others_makes_no_rule_unreached() {
    let found = warnings(
        r#"
rules:
  - {method: "*/*", name: stamp, headers: {x: 1}, then: next}
  - {method: "*/*", name: second, headers: {y: 1}, then: next}
  - {method: kinds.Kinds/Unary, name: a, match: {int32: 1}, set: {store.a: 1}, then: next}
  - {method: kinds.Kinds/Unary, name: b, match: {int32: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, name: late, match: {int32: 1}, delay: 1s, then: next}
  - {method: kinds.Kinds/Unary, name: some, chance: 0.9, reply: {}}
  - {method: kinds.Kinds/Unary, name: admins, metadata: {x-role: admin, x: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, name: same admins, metadata: {x: 1, x-role: admin}, reply: {}}
  - {method: kinds.Kinds/Unary, name: others, metadata: {x-role: null}, reply: {}}
  - {method: kinds.Kinds/Unary, name: all, chance: 1, metadata: {}, reply: {}}
  - {method: "*/Unary", name: too late, log: x, then: next}
"#,
    );
    assert_eq!(
        found,
        [
            "f:12:65: this `metadata` matches every call (hint: list the names that it is about, or leave it out)",
            "f:7:14: this rule is never reached: b answers the same calls (hint: put it before b, or give it a higher `priority`)",
            "f:10:14: this rule is never reached: admins answers the same calls (hint: put it before admins, or give it a higher `priority`)",
            "f:13:14: this rule is never reached: all answers every call (hint: put it before all, or give it a higher `priority`)",
        ]
    );
}

#[test]
fn a_match_that_matches_everything_is_a_warning() {
    for (pattern, warns) in [
        ("{}", true),
        ("{counts: {}}", true),
        ("{nested: {counts: {}, nested: {by_number: {}}}}", true),
        ("{nested: {counts: {}, opt: null}}", false),
        ("{point: {}}", false),
        ("{names: []}", false),
        ("{string: ''}", false),
        ("{struct: {}}", false),
    ] {
        let found = warnings(&format!(
            "rules: [{{method: kinds.Kinds/Unary, match: {pattern}, reply: {{}}}}]"
        ));
        assert_eq!(!found.is_empty(), warns, "{pattern}: {found:?}");
        assert!(
            found
                .iter()
                .all(|text| text.starts_with("f:1:") && text.contains("matches every request")),
            "{found:?}"
        );
    }
}
