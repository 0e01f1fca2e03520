//! What is not wrong, and hardly meant: rules that no call reaches, and a `match` that matches everything.

use std::fs;

use protod::{Rules, Schema};

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
fn a_rule_for_fewer_calls_after_one_for_more_is_a_warning() {
    let found = warnings(
        r"
rules:
  - {method: kinds.Kinds/Unary, name: wide, match: {int32: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, name: narrow, match: {string: x, int32: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, name: other, match: {string: x, int32: 2}, reply: {}}
  - {method: kinds.Kinds/Unary, name: narrow by when, match: {int32: 1}, when: request.bool, reply: {}}
  - {method: kinds.Kinds/Unary, name: role, metadata: {x-role: admin}, reply: {}}
  - {method: kinds.Kinds/Unary, name: role and more, metadata: {x-role: admin, x: 1}, match: {int32: 3}, reply: {}}
  - {method: kinds.Kinds/Unary, name: when, when: request.bool, reply: {}}
  - {method: kinds.Kinds/Unary, name: when and match, match: {int32: 4}, when: request.bool, reply: {}}
  - {method: kinds.Kinds/Unary, name: only match, match: {int32: 4}, reply: {}}
  - {method: kinds.Kinds/Unary, name: any, metadata: {x-a: {}}, reply: {}}
  - {method: kinds.Kinds/Unary, name: none, metadata: {x-a: null}, match: {int32: 5}, reply: {}}
  - {method: kinds.Kinds/Unary, name: one, metadata: {x-a: b}, reply: {}}
  - {method: kinds.Kinds/Unary, name: equal, when: request.string == 'c', reply: {}}
  - {method: kinds.Kinds/Unary, name: matched, match: {string: c, int32: 6}, reply: {}}
",
    );
    let unreached: Vec<&str> = found
        .iter()
        .filter_map(|text| text.split(" (hint").next())
        .collect();
    assert_eq!(
        unreached,
        [
            "f:4:14: this rule is never reached: wide answers all of its calls",
            "f:6:14: this rule is never reached: wide answers all of its calls",
            "f:8:14: this rule is never reached: role answers all of its calls",
            "f:10:14: this rule is never reached: when answers all of its calls",
            "f:14:14: this rule is never reached: any answers all of its calls",
            "f:16:14: this rule is never reached: equal answers all of its calls",
        ]
    );
}

#[test]
fn a_condition_for_many_methods_after_an_answer_is_a_warning_unless_it_guards_others() {
    let unreached = |rules: &str| {
        let rules = rules.replace("UNARY", "method: kinds.Kinds/Unary");
        let found = warnings(&format!("rules: [{rules}]"));
        assert!(
            found.iter().all(|text| text.contains("never reached")),
            "{found:?}"
        );
        found.len()
    };
    for (rules, told) in [
        (
            "{UNARY, reply: {}}, {method: '*/*', metadata: {a: null}, status: {code: 16}}",
            1,
        ),
        (
            "{UNARY, reply: {}}, {method: kinds.Kinds/*, chance: 0.1, status: {code: 14}}",
            1,
        ),
        (
            "{UNARY, reply: {}}, {method: '*/*', times: 3, status: {code: 14}}",
            1,
        ),
        (
            "{method: kinds.Kinds/*, sample: {}}, {method: '*/*', when: call.id > 3, status: {code: 14}}",
            1,
        ),
        // Each of the two is only before the other.
        (
            "{UNARY, reply: {}}, {method: '*/*', metadata: {a: null}, status: {code: 16}}, {method: '*/*', chance: 0.1, status: {code: 14}}",
            2,
        ),
        // A fallback, and what is open before what is guarded.
        ("{UNARY, reply: {}}, {method: '*/*', status: {code: 16}}", 0),
        (
            "{UNARY, reply: {}}, {method: '*/*', metadata: {a: null}, status: {code: 16}}, {method: kinds.Kinds/List, sample: {}}",
            0,
        ),
        (
            "{UNARY, reply: {}}, {method: '*/*', metadata: {a: null}, status: {code: 16}}, {method: '*/*', sample: {}}",
            0,
        ),
        (
            "{UNARY, metadata: {b: null}, reply: {}}, {method: '*/*', metadata: {a: null}, status: {code: 16}}",
            0,
        ),
        (
            "{UNARY, reply: {}}, {method: '*/*', priority: 1, metadata: {a: null}, status: {code: 16}}",
            0,
        ),
    ] {
        assert_eq!(unreached(rules), told, "{rules}");
    }
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
fn a_condition_that_may_be_otherwise_a_moment_later_makes_no_rule_unreached() {
    for (first, between, second) in [
        ("when: random() < 0.5", "", "when: random() < 0.5"),
        (
            "match: {int32: 1}, when: random() < 0.5",
            "",
            "match: {int32: 1}, when: random() < 0.5",
        ),
        ("when: uuid() < '8'", "", "when: uuid() < '8', match: {int32: 1}"),
        ("when: has(store.n)", "set: {store.n: 1}", "when: has(store.n)"),
        (
            "when: now.getSeconds() < 30",
            "delay: 1m",
            "when: now.getSeconds() < 30",
        ),
    ] {
        let passing = match between {
            "" => String::new(),
            step => format!("  - {{method: kinds.Kinds/Unary, {step}, then: next}}\n"),
        };
        let rule = |condition| format!("  - {{method: kinds.Kinds/Unary, {condition}, reply: {{}}}}\n");
        let found = warnings(&format!("rules:\n{}{passing}{}", rule(first), rule(second)));
        assert_eq!(found, [""; 0], "{first}");
        if !first.contains("()") {
            let found = warnings(&format!("rules:\n{}{}", rule(first), rule(second)));
            let unreached = found.iter().filter(|warning| warning.contains("never reached"));
            assert_eq!(unreached.count(), 1, "{first}: {found:?}");
        }
    }
}

#[test]
fn a_condition_on_the_first_message_and_the_same_on_the_last_are_different() {
    let found = warnings(
        r"
rules:
  - {method: kinds.Kinds/Collect, match: {int32: 1}, reply: {}}
  - {method: kinds.Kinds/Collect, match: {int32: 1}, when: size(requests) > 1, reply: {}}
  - {method: kinds.Kinds/Collect, name: first, when: request.int32 == 2, reply: {}}
  - {method: kinds.Kinds/Collect, name: last, when: request.int32 == 2, times: 9, scope: size(requests), reply: {}}
  - {method: kinds.Kinds/Unary, name: one, match: {int32: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 1}, when: size(requests) > 0, reply: {}}
",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("f:8:14: this rule is never reached: one answers"),
        "{found:?}"
    );
}

#[test]
fn a_step_after_one_without_an_end_is_a_warning() {
    let found = warnings(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {repeat: 2, every: 1s, send: {}}
      - {each: "${request.names}", every: 1s, send: {}}
      - do: [{every: 1s, send: {}}]
      - {every: 1s, send: {}}
      - log: done
      - log: done
"#,
    );
    assert_eq!(
        found,
        [
            "f:9:9: this never runs: the step before it runs again and again until the call ends (hint: `repeat: N` beside its `every` says how often it runs)",
        ]
    );
}

#[test]
fn a_rule_that_matches_no_call_is_a_warning() {
    for (condition, message) in [
        ("times: 0", Some("with `times: 0` this rule matches no call")),
        ("chance: 0", Some("with `chance: 0` this rule matches no call")),
        ("chance: 0.0", Some("with `chance: 0` this rule matches no call")),
        ("when: false", Some("with this `when` the rule matches no call")),
        ("when: 1 > 2", Some("with this `when` the rule matches no call")),
        (
            "times: 1, chance: 0.01, when: request.bool && false == request.bool",
            None,
        ),
    ] {
        let rule = format!("rules:\n  - {{method: kinds.Kinds/Unary, {condition}, reply: {{}}}}\n");
        let found = warnings(&rule);
        assert_eq!(
            found.len(),
            usize::from(message.is_some()),
            "{condition}: {found:?}"
        );
        if let Some(message) = message {
            assert!(found[0].contains(message), "{found:?}");
        }
    }
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

#[test]
fn a_template_of_another_tool_is_a_warning_wherever_text_is() {
    let yaml = r#"
rules:
  - method: kinds.Kinds/Unary
    match: {string: "{{ request.text }}"}
    headers: {x: "{{ request.text }}"}
    trailers: {x: ["{{ request.text }}"]}
    reply:
      string: "{{ request.text }}"
      names: ["a ${request.text} {{ request.text }}"]
      point: {name: "{{ request.text }}"}
      counts: {"a": 1}
      struct: {a: ["{{ request.text }}"]}
  - method: kinds.Kinds/Unary
    status: {code: NOT_FOUND, message: "{{ request.text }}", details: [{error_info: {reason: "{{ request.text }}"}}]}
  - method: kinds.Kinds/Chat
    session:
      state: {n: "{{ request.text }}"}
      key: "{{ request.text }}"
      message:
        - log: "{{ request.text }}"
        - set: {n: "{{ request.text }}", store.n: ["{{ request.text }}"]}
        - {signal: "{{ request.text }}", key: "{{ request.text }}"}
        - {repeat: 2, as: n, send: {string: "$n $state.n #{n} "}}
"#;
    let found = warnings(yaml);
    let marks = yaml.matches("{{").count() + 3;
    assert_eq!(found.len(), marks, "{found:#?}");
    assert!(
        found
            .iter()
            .all(|text| text.contains("is plain text, not an expression")),
        "{found:#?}"
    );
}

#[test]
fn text_that_only_looks_like_a_template_is_no_warning() {
    for text in [
        // What is hardly meant otherwise can still be said.
        "${'{{ request.text }}'} ${'$text'}",
        "$${request.text}",
        // Money, shells, regular expressions, JSON, patterns of paths, HTML, LaTeX, formats.
        "costs $5, US$text, $ text, $, 5$",
        "$HOME $PATH $ref #/$defs/x $(date +%s)",
        r#"{"a":{"b":{"text":1}}} [1] [[2]]"#,
        "/v1/{text}/{name=shelves/*} {}",
        "<b>text</b> <text> <a href=x> a < b > c",
        "^a{2}$ \\\\frac{a}{b} x_{text} {{}} #{}",
        "%d %s %{User-Agent}i %(name)s 100% of request.text, 50%",
        "#1 # {other} a#{ b c }",
        "a@{b} $[0] $[?(@.x)] email@text.com",
        // Hosts, and words.
        "store.example.com",
        "metadata.google.internal",
        "call.me",
        "request",
        "request.other",
        "request.text is empty",
        "now",
    ] {
        let yaml = format!(
            "rules: [{{method: kinds.Kinds/Unary, reply: {{string: '{}'}}}}]",
            text.replace('\'', "''")
        );
        assert_eq!(warnings(&yaml), [""; 0], "{text}");
    }
}

#[test]
fn what_is_written_instead_of_a_template_compiles() {
    let instead = |text: &str| {
        let found = warnings(&format!(
            "rules: [{{method: kinds.Kinds/Unary, reply: {{string: '{text}'}}}}]"
        ));
        let [only] = found.as_slice() else {
            panic!("{text}: {found:?}")
        };
        let hint = only.split_once("(hint: ").expect("a hint").1;
        let write = hint.strip_prefix("write `").and_then(|hint| hint.split_once('`'));
        write.map(|(expression, _)| expression.to_owned())
    };
    for (text, expected) in [
        ("{{ request.text }}", "${request.text}"),
        ("{{text}}", "${request.text}"),
        ("{{{text}}}", "${request.text}"),
        ("{{.Request.Point.Name}}", "${request.point.name}"),
        ("{{ request.body.byNumber }}", "${json(request.by_number)}"),
        ("{{request.body}}", "${json(request)}"),
        ("{{$timestamp}}", "${string(now)}"),
        ("at {{$timestamp}}", "${now}"),
        ("{{now offset=''3 days''}}", "${string(now)}"),
        ("{{randomInt}}", "${string(random())}"),
        ("{{request.headers.x-user}}", "${metadata['x-user']}"),
        ("{{request.path}}", "${call.method}"),
        ("$(date)", "${string(now)}"),
        ("{{#if x}}", "${condition ? this : that}"),
        ("$req.text", "${request.text}"),
        ("$metadata.user", "${metadata.user}"),
        ("<% metadata.user %>", "${metadata.user}"),
        ("say $(text).", "${request.text}"),
        ("$text.", "${request.text}"),
        ("@{text}", "${request.text}"),
        ("[[ text ]]", "${request.text}"),
        ("%request.text%", "${request.text}"),
    ] {
        assert_eq!(instead(text).as_deref(), Some(expected), "{text}");
        if !expected.contains("this") {
            let before = if text.starts_with("at ") { "at " } else { "" };
            let written = format!("{before}{}", expected.replace('\'', "''"));
            let mended = format!("rules: [{{method: kinds.Kinds/Unary, reply: {{string: '{written}'}}}}]");
            assert_eq!(warnings(&mended), [""; 0], "{expected}");
        }
    }
    for text in [
        "{{jsonPath request.body ''$.x''}}",
        "{{ body }}",
        "#{unknown.name}",
        "{{/each}}",
    ] {
        assert_eq!(instead(text), None, "{text}");
    }
}

#[test]
fn a_file_with_rules_that_is_not_read_is_a_warning() {
    const RULES: &str = "rules:\n  - method: kinds.Kinds/Unary\n    reply: {}\n";
    const JSON: &str = r#"{"rules": [{"method": "kinds.Kinds/Unary", "reply": {}}]}"#;
    for (name, text, rename) in [
        ("shop.yaml", RULES, "shop.rules.yaml"),
        (
            "shop.yml",
            "# mine\n---\nrules: [{method: kinds.Kinds/Unary, reply: {}}]",
            "shop.rules.yaml",
        ),
        ("rules.yml", RULES, "all.rules.yaml"),
        ("rules.json", JSON, "all.rules.json"),
        (
            "deep/er/shop-rules.json",
            "{\n  \"rules\": [\n    {\n \"method\": \"x\"}]}",
            "shop.rules.json",
        ),
        ("shop.rule.yaml", RULES, "shop.rules.yaml"),
        ("my_rules.yaml", RULES, "my.rules.yaml"),
        ("_rules.yaml", RULES, "all.rules.yaml"),
        ("my-ruler.yaml", RULES, "my-ruler.rules.yaml"),
        ("shop.rules.yam", RULES, "shop.rules.yaml"),
        ("shop.rules.yaaml", RULES, "shop.rules.yaml"),
        ("shop.Rules.YAML", RULES, "shop.rules.yaml"),
        ("shop.rules.jsonc", JSON, "shop.rules.json"),
        ("shop.rules", RULES, "shop.rules.yaml"),
        ("shop.rules.yaml.txt", RULES, "shop.rules.yaml"),
    ] {
        let found = warnings_of(name, text);
        let [only] = found.as_slice() else {
            panic!("{name}: {found:?}")
        };
        assert!(
            only.starts_with(&format!("{name}: it has rules, and is not read")),
            "{only}"
        );
        assert!(only.contains(&format!("rename it to {rename},")), "{only}");
    }
    for (name, text) in [
        ("shop.rules.yaml.bak", RULES),
        ("shop.rules.yaml.off", RULES),
        ("_shop.txt", RULES),
        (".shop.yaml", RULES),
        (
            "role.yaml",
            "kind: Role\nrules:\n- apiGroups: [\"\"]\n  verbs: [get]\n",
        ),
        (
            "alerts.yaml",
            "groups:\n- name: a\n  rules:\n  - alert: x\n    method: y\n",
        ),
        ("lint.json", r#"{"rules": {"semi": "error"}}"#),
        ("notes.yaml", "rules are: fine\nmethod: none\n"),
        ("data.json", r#"{"method": "x", "inner": {"rules": []}}"#),
    ] {
        assert_eq!(warnings_of(name, text), [""; 0], "{name}");
    }
}

/// The warnings of a folder with one file.
fn warnings_of(name: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a new file");
    let rules = Rules::load(&kinds(), &[folder.path().to_owned()]).expect("it loads");
    let root = format!("{}/", folder.path().display());
    let found = rules
        .warnings()
        .iter()
        .map(|warning| format!("{warning:?}").replace(&root, ""));
    found.collect()
}

#[test]
fn a_file_that_is_named_is_read_whatever_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.yaml");
    fs::write(&path, "rules: [{method: kinds.Kinds/Unary, reply: {}}]").expect("a new file");
    let rules = Rules::load(&kinds(), &[folder.path().to_owned(), path]).expect("it loads");
    assert_eq!((rules.len(), rules.warnings().len()), (1, 0));
}

/// A schema whose requests have a oneof, a message, a map and numbers of all kinds.
fn choices() -> Schema {
    let text = r#"
syntax = "proto3";
package c;
service S { rpc Get(M) returns (Reply); rpc Put(stream M) returns (Reply); }
message Reply {}
message M {
  oneof k { Sub sub = 1; string s = 2; }
  map<string, string> m = 3;
  int32 n = 4;
  uint64 u = 5;
  string t = 6;
  Sub plain = 7;
  optional int64 o = 8;
}
message Sub { string a = 1; string b = 2; oneof inner { string x = 3; string y = 4; } }
"#;
    Schema::from_source("c.proto", text).expect("a schema")
}

/// Whether the second of two rules with these conditions is told of as one that is never reached.
fn is_unreached(schema: &Schema, method: &str, first: &str, second: &str) -> bool {
    let rules =
        [first, second].map(|condition| format!("  - {{method: c.S/{method}, {condition}, reply: {{}}}}\n"));
    let yaml = format!("rules:\n{}", rules.concat());
    let rules = Rules::from_text(schema, "f", &yaml).unwrap_or_else(|error| panic!("{yaml}{error:?}"));
    let warnings: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
    match warnings.as_slice() {
        [] => false,
        [one] if one.starts_with("this rule is never reached: f:2 answers all of its calls") => true,
        others => panic!("{yaml}{others:?}"),
    }
}

#[test]
fn a_rule_after_one_that_holds_wherever_it_does_is_told() {
    let schema = choices();
    for (first, second) in [
        ("when: request.n > 5", "when: request.n > 10"),
        ("when: request.n > 5", "when: request.n >= 6"),
        ("when: request.n >= 6", "when: request.n > 5"),
        ("when: 5 < request.n", "when: request.n == 7"),
        ("when: request.n <= 5", "when: request.n < 0"),
        ("when: request.n != 5", "when: request.n > 5"),
        ("when: request.u > 5u", "when: request.u > 10u"),
        ("when: request.o > 5", "when: request.o > 10"),
        ("when: request.plain.a != ''", "when: \"request.plain.a == 'x'\""),
        ("when: \"request.t > 'b'\"", "when: \"request.t >= 'c'\""),
        ("when: request.n > 5", "match: {t: x}, when: request.n > 10"),
        (
            "match: {t: x}, when: request.n > 5",
            "match: {t: x, u: 1}, when: request.n > 10",
        ),
        ("match: {plain: {a: x}}", "match: {plain: {b: z, a: x}}"),
        ("match: {plain: {}}", "match: {plain: {a: x}}"),
        ("match: {sub: {}}", "match: {sub: {a: ''}}"),
        ("match: {m: {a: b}}", "match: {m: {a: b, c: d}}"),
        ("when: \"request.plain.a == 'x'\"", "match: {plain: {a: x}}"),
    ] {
        assert!(is_unreached(&schema, "Get", first, second), "{first} | {second}");
    }
    assert!(is_unreached(
        &schema,
        "Put",
        "when: request.n > 5",
        "when: request.n > 10"
    ));
}

#[test]
fn a_rule_after_one_that_leaves_some_of_its_calls_is_not_told() {
    let schema = choices();
    for (first, second) in [
        ("when: request.n > 10", "when: request.n > 5"),
        ("when: request.n > 5", "when: request.n >= 5"),
        ("when: request.n > 5", "when: request.n < 10"),
        ("when: request.n > 5", "when: request.n != 7"),
        ("when: request.n != 5", "when: request.n >= 5"),
        ("when: request.n > 5", "when: request.o > 10"),
        ("when: request.n == 7", "when: request.n > 5"),
        ("when: \"request.t > 'b'\"", "when: \"request.t >= 'b'\""),
        (
            "match: {t: x}, when: request.n > 5",
            "match: {t: y}, when: request.n > 10",
        ),
        ("match: {t: x}, when: request.n > 5", "when: request.n > 10"),
        ("match: {plain: {a: x, b: y}}", "match: {plain: {a: x}}"),
        ("match: {plain: {}}", "match: {plain: {a: ''}}"),
        ("match: {plain: {a: x}}", "match: {sub: {a: x}}"),
        ("match: {m: {a: b, c: d}}", "match: {m: {a: b}}"),
        ("match: {m: {'a.b': c}}", "match: {m: {a: c}}"),
        ("times: 1, when: request.n > 5", "when: request.n > 10"),
        ("chance: 0.5, when: request.n > 5", "when: request.n > 10"),
    ] {
        assert!(!is_unreached(&schema, "Get", first, second), "{first} | {second}");
    }
    // The one reads the first message, and the other, which reads all, the last.
    let all = "when: 'request.n > 10 && requests.size() > 0'";
    assert!(!is_unreached(&schema, "Put", "when: request.n > 5", all));
}

#[test]
fn a_match_of_two_fields_of_a_oneof_is_a_warning() {
    let schema = choices();
    let warning = |pattern: &str| {
        let yaml = format!("rules: [{{method: c.S/Get, match: {pattern}, reply: {{}}}}]");
        let rules = Rules::from_text(&schema, "f", &yaml).unwrap_or_else(|error| panic!("{yaml}{error:?}"));
        let warnings: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
        warnings.join("; ")
    };
    for (pattern, expected) in [
        (
            "{sub: {}, s: ''}",
            "`s` and `sub` are both of the oneof `k`: one can be set",
        ),
        (
            "{s: x, sub: {a: y}}",
            "`sub` and `s` are both of the oneof `k`: one can be set",
        ),
        (
            "{plain: {x: p, y: q}}",
            "`y` and `x` are both of the oneof `inner`: one can be set",
        ),
        ("{s: x, sub: null}", ""),
        ("{sub: null, s: null}", ""),
        ("{s: x, plain: {x: y}}", ""),
    ] {
        assert_eq!(warning(pattern), expected, "{pattern}");
    }
}
