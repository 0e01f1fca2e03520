//! A look-up in the index finds the rule that trying all rules would find.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use crate::cel::Env;
use crate::message::Message;
use crate::rules::run::matching::condition::Decoded;
use crate::rules::testing::{kinds, with_request};
use crate::rules::{MethodRules, Rules};
use crate::schema::Schema;

/// The condition of the nth rule.
type Condition = fn(usize) -> String;

/// The rules of `kinds.Kinds/Unary` with these conditions: lines of YAML.
fn rules(schema: &Schema, conditions: &[String]) -> std::sync::Arc<MethodRules> {
    let mut yaml = "rules:\n".to_owned();
    for condition in conditions {
        writeln!(
            yaml,
            "  - {{method: kinds.Kinds/Unary, {condition}, reply: {{}}}}"
        )
        .expect("a string grows");
    }
    loaded(schema, &yaml)
}

fn loaded(schema: &Schema, yaml: &str) -> std::sync::Arc<MethodRules> {
    let rules = Rules::from_text(schema, "f", yaml).unwrap_or_else(|error| panic!("{error:?}"));
    let (_, rules) = rules.handlers().next().expect("one method has rules");
    rules
}

/// Calls `read` with what the rules see of a call.
fn with_call<T>(
    schema: &Schema,
    rules: &MethodRules,
    request: &str,
    metadata: &[(&'static str, String)],
    read: impl FnOnce(&Env<'_>) -> T,
) -> T {
    let request = Message::from_json(rules.method.input().clone(), request).expect("the request fits");
    let mut headers = HeaderMap::new();
    for (name, value) in metadata {
        let value = HeaderValue::from_str(value).expect("it is ASCII");
        headers.append(HeaderName::from_static(name), value);
    }
    with_request(schema, &rules.picker, &request, |env| {
        read(&Env {
            metadata: &headers,
            ..*env
        })
    })
}

fn candidates(rules: &MethodRules, env: &Env<'_>) -> Vec<usize> {
    rules.order.candidates(&(0..rules.rules.len()), env).collect()
}

/// The first of these rules that matches.
fn first(rules: &MethodRules, env: &Env<'_>, mut places: impl Iterator<Item = usize>) -> Option<usize> {
    let request = env
        .request
        .map(|(bytes, _)| (rules.method.input().clone(), bytes));
    let mut decoded = Decoded::new(request);
    places.find(|at| rules.rules[*at].condition.holds(env, &mut decoded) == Ok(true))
}

/// One equality in CEL, on one of a few values.
fn equality() -> impl Strategy<Value = String> {
    (0..14, 0..3).prop_map(|(place, n)| match place {
        0 => format!("request.string == 's{n}'"),
        1 => format!("'s{n}' == request.opt"),
        2 => format!("request.int32 == {n}"),
        3 => format!("{n} == request.sint64"),
        4 => format!("request.uint64 == {n}u"),
        5 => format!("request.fixed32 == {n}u"),
        6 => format!("request.bool == {}", n == 1),
        7 => format!("request.bytes == b'{n}'"),
        8 => format!("request.colour == {}", n - 2),
        9 => format!("request.point.name == 's{n}'"),
        10 => format!("request.double == {n}.0"),
        11 => format!("metadata['a'] == 's{n}'"),
        12 => format!("'s{n}, s{n}' == metadata.b"),
        _ => format!("request.text == 's{n}'"),
    })
}

/// What narrows a condition down and is no equality, in CEL.
fn narrowing() -> impl Strategy<Value = String> {
    (0..16, 0..4).prop_map(|(place, n)| match place {
        0 => format!("request.int64 >= {n}"),
        1 => format!("request.int64 < {n}"),
        2 => format!("{n} < request.int32"),
        3 => format!("request.sint64 > {}", n - 2),
        4 => format!("request.uint64 <= {n}u"),
        5 => format!("request.fixed32 > {n}u"),
        6 => format!("request.sint64 >= {} && request.sint64 <= {}", n - 2, n - 1),
        7 => format!("request.int64 > {n} && request.int64 < 2"),
        8 => format!("request.string.startsWith('s{n}')"),
        9 => ["request.string.startsWith('')", "request.opt.startsWith('s')"][n as usize % 2].to_owned(),
        10 => format!("request.point.name.startsWith('s{n}')"),
        11 => format!("metadata['a'].startsWith('s{n}')"),
        12 => format!("metadata['b'].startsWith('s{n}, s')"),
        13 => "has(request.opt)".to_owned(),
        14 => "has(request.point)".to_owned(),
        _ => "'a' in metadata".to_owned(),
    })
}

fn condition() -> impl Strategy<Value = String> {
    let narrow = proptest::collection::vec(narrowing(), 1..3).prop_map(|parts| parts.join(" && "));
    let when = proptest::collection::vec(equality(), 1..4).prop_map(|parts| parts.join(" && "));
    prop_oneof![
        6 => when.prop_map(|when| format!("when: \"{when}\"")),
        1 => (equality(), equality()).prop_map(|(a, b)| format!("when: \"{a} || {b}\"")),
        1 => equality().prop_map(|a| format!("when: \"!({a})\"")),
        2 => (0..3, 0..3).prop_map(|(a, b)| format!("match: {{string: s{a}, point: {{value: {b}}}}}")),
        1 => (equality(), 0..3).prop_map(|(a, b)| format!("when: \"{a}\", match: {{int64: {b}}}")),
        2 => (0..3, 0..3).prop_map(|(a, b)| format!("metadata: {{a: s{a}}}, match: {{int64: {b}}}")),
        1 => (0..3, 0..3).prop_map(|(a, b)| format!("metadata: {{a: [s{a}, s{b}], b: s{b}}}")),
        1 => (equality(), 0..3).prop_map(|(a, b)| format!("metadata: {{a: null, b: s{b}}}, when: \"{a}\"")),
        1 => Just("metadata: {a: {}}".to_owned()),
        6 => narrow.prop_map(|when| format!("when: \"{when}\"")),
        1 => narrowing().prop_map(|part| format!("when: \"!({part})\"")),
        4 => (narrowing(), 0..2).prop_map(|(part, n)| format!("when: \"{part}\", match: {{string: s{n}}}")),
        1 => (narrowing(), 0..3).prop_map(|(part, n)| format!("when: \"{part} || request.int32 == {n}\"")),
    ]
}

/// A request with values that conditions compare; a field in three is unset.
fn request() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just("string"),
        Just("opt"),
        Just("int32"),
        Just("sint64"),
        Just("uint64"),
        Just("fixed32"),
        Just("bool"),
        Just("bytes"),
        Just("colour"),
        Just("point"),
        Just("double"),
        Just("text"),
        Just("int64"),
    ];
    proptest::collection::btree_map(field, 0..3_usize, 0..13).prop_map(|fields| {
        let fields = fields.into_iter().map(|(name, n)| match name {
            "string" | "opt" | "text" => format!("\"{name}\": \"s{n}\""),
            "bool" => format!("\"{name}\": {}", n == 1),
            "bytes" => format!("\"{name}\": \"{}\"", ["MA==", "MQ==", "Mg=="][n]),
            "colour" => format!("\"{name}\": {}", [-2, 1, 0][n]),
            "point" => format!("\"{name}\": {{\"name\": \"s{n}\", \"value\": {n}}}"),
            _ => format!("\"{name}\": {n}"),
        });
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    })
}

fn metadata() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let entry = (prop_oneof![Just("a"), Just("b"), Just("b")], 0..3);
    proptest::collection::vec(entry.prop_map(|(name, n)| (name, format!("s{n}"))), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_chooses_what_a_plain_search_chooses(
        conditions in proptest::collection::vec(condition(), 1..90),
        calls in proptest::collection::vec((request(), metadata()), 1..40),
    ) {
        let schema = kinds();
        let rules = rules(&schema, &conditions);
        for (request, metadata) in calls {
            let (indexed, plain) = with_call(&schema, &rules, &request, &metadata, |env| {
                let indexed = first(&rules, env, candidates(&rules, env).into_iter());
                (indexed, first(&rules, env, 0..rules.rules.len()))
            });
            prop_assert_eq!(indexed, plain, "{} {:?}", request, metadata);
        }
    }
}

#[test]
fn a_call_meets_the_same_few_rules_however_many_there_are() {
    let schema = kinds();
    let table: [(&str, Condition); 12] = [
        ("a range", |n| {
            format!(
                "when: request.int64 >= {} && request.int64 < {}",
                n * 10,
                n * 10 + 10
            )
        }),
        ("a range and what all ask for", |n| {
            format!(
                "match: {{string: s42}}, when: request.int64 > {n} && request.int64 <= {}",
                n + 1
            )
        }),
        ("a begin", |n| format!("when: request.string.startsWith('s{n}2')")),
        ("a begin of metadata", |n| {
            format!("when: \"metadata['a'].startsWith('s{n}')\"")
        }),
        ("a long begin", |n| {
            format!(
                "when: \"request.string.startsWith('{}')\"",
                if n == 0 {
                    "s42".to_owned()
                } else {
                    "long".repeat(n)
                }
            )
        }),
        ("metadata that is there", |n| {
            format!(
                "metadata: {{{}: {{}}}}",
                if n == 0 { "a".to_owned() } else { format!("h{n}") }
            )
        }),
        ("a field", |n| format!("match: {{string: s{n}}}")),
        ("metadata", |n| format!("when: \"metadata['a'] == 's{n}'\"")),
        ("metadata by its name", |n| format!("metadata: {{a: s{n}}}")),
        ("metadata and more", |n| {
            format!("when: \"metadata['a'] == 's{n}' && request.int32 < 5\"")
        }),
        ("two places together", |n| {
            format!(
                "when: \"request.int64 == {} && metadata['a'] == 's{}'\"",
                n % 100,
                n / 100
            )
        }),
        ("an unsigned number", |n| format!("when: request.uint64 == {n}u")),
    ];
    for (what, condition) in table {
        let conditions: Vec<String> = (0..1000).map(condition).collect();
        let rules = rules(&schema, &conditions);
        let request = r#"{"string": "s42", "int64": 42, "uint64": 42}"#;
        for metadata in ["s2", "s0", "s9"] {
            let metadata = [("a", metadata.to_owned())];
            let met = with_call(&schema, &rules, request, &metadata, |env| candidates(&rules, env));
            assert_eq!(met.len(), 1, "{what}");
        }
    }
}

#[test]
fn metadata_that_is_not_there_costs_one_rule_which_says_so() {
    let schema = kinds();
    let table: [Condition; 2] = [
        |n| format!("when: \"metadata['a'] == 's{n}'\""),
        |n| format!("when: \"metadata['a'].startsWith('s{n}')\""),
    ];
    for condition in table {
        let conditions: Vec<String> = (0..1000).map(condition).collect();
        let rules = rules(&schema, &conditions);
        let (met, error) = with_call(&schema, &rules, "{}", &[], |env| {
            let mut decoded = Decoded::new(None);
            let error = rules.rules[0].condition.holds(env, &mut decoded);
            (candidates(&rules, env), error)
        });
        assert_eq!(met, [0]);
        assert_eq!(
            error.expect_err("it failed").into_text(),
            "the client has sent no metadata a"
        );
    }
}

#[test]
fn a_call_that_nothing_matches_is_compared_with_as_few_rules_however_many_there_are() {
    let schema = kinds();
    // The nearest is one of the last hundred.
    let table: [(&str, Condition, usize); 6] = [
        (
            "metadata and a field",
            |n| format!("metadata: {{a: s{}}}, match: {{int64: {n}}}", n / 100),
            1900,
        ),
        (
            "two fields",
            |n| format!("match: {{string: s{}, int64: {n}}}", n / 100),
            1900,
        ),
        (
            "three fields",
            |n| format!("match: {{string: s19, uint64: {}, int64: {n}}}", n / 100),
            1900,
        ),
        (
            "a field before what no literal is",
            |n| format!("match: {{string: s{}}}, when: \"request.int64 > {n}\"", n / 100),
            1900,
        ),
        (
            "a field in an expression",
            |n| {
                format!(
                    "when: \"request.string == 's{}' && request.int64 == {n}\"",
                    n / 100
                )
            },
            1900,
        ),
        ("nothing that is alike", |n| format!("match: {{string: t{n}}}"), 0),
    ];
    let request = r#"{"string": "s19", "uint64": "19", "int64": "-1"}"#;
    let metadata = [("a", "s19".to_owned())];
    for (what, condition, nearest) in table {
        for rules_of in [20, 2000] {
            let conditions: Vec<String> = (0..rules_of).map(|n| condition(n + 2000 - rules_of)).collect();
            let rules = rules(&schema, &conditions);
            let near = with_call(&schema, &rules, request, &metadata, |env| rules.order.near(env));
            assert!(near.len() <= 16, "{what}, {rules_of}: {}", near.len());
            let nearest = nearest.max(2000 - rules_of) + rules_of - 2000;
            assert_eq!(near[0], nearest, "{what}, {rules_of}: {near:?}");
        }
    }
}

/// Of rules that share a way it is one of the first that more conditions hold of.
#[test]
fn rules_that_are_alike_are_compared_with_each_other() {
    let schema = kinds();
    let conditions: Vec<String> = (0..1000)
        .map(|n| match n {
            900 => "match: {string: s, names: [x]}".to_owned(),
            901 => "match: {string: s}, when: request.int64 > 5".to_owned(),
            _ => format!("match: {{string: s{n}}}"),
        })
        .collect();
    let rules = rules(&schema, &conditions);
    let near = with_call(&schema, &rules, r#"{"string": "s"}"#, &[], |env| {
        rules.order.near(env)
    });
    assert_eq!(near[..3], [900, 901, 0]);
}

#[test]
fn rules_that_pass_calls_on_are_near_to_none() {
    let schema = kinds();
    let mut yaml = "rules:\n".to_owned();
    for n in 0..50 {
        let rule = format!("method: kinds.Kinds/Unary, match: {{string: s, int32: {n}}}");
        writeln!(yaml, "  - {{{rule}, log: hello, then: next}}").expect("a string grows");
    }
    let rules = loaded(&schema, &yaml);
    let near = with_call(&schema, &rules, r#"{"string": "s"}"#, &[], |env| {
        rules.order.near(env)
    });
    assert_eq!(near, [0; 0]);
}
