//! Rules that cannot work are told when protos load, with their place and what to do.

use std::fs;

use protod::{HttpRules, Problem, Schema};

/// The protos of this test: its methods have the rules that `options` gives, one for each.
fn proto(options: &[&str]) -> String {
    let mut text = String::from(
        r#"syntax = "proto3";
package acme;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
message Book { string name = 1; Author author = 2; repeated string tags = 3; map<string, string> notes = 4; google.protobuf.Timestamp printed = 5; string full_title = 6; repeated Author others = 7; }
message Author { string name = 1; }
service Shop {
"#,
    );
    for (option, number) in options.iter().zip(0..) {
        let method =
            format!("  rpc Do{number}(Book) returns (Book) {{ option (google.api.http) = {option}; }}\n");
        text.push_str(&method);
    }
    text += "  rpc Up(stream Book) returns (Book);\n  rpc Free(Book) returns (Book);\n}\n";
    text
}

/// What is wrong with the rules of a folder: each problem on a line, with its hint behind a bar.
fn problems(proto: &str, config: Option<&str>) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.proto");
    fs::write(&path, proto).expect("a file");
    let schema = Schema::load(&path).unwrap_or_else(|error| panic!("{error:?}"));
    let mut configs = Vec::new();
    if let Some(config) = config {
        configs.push(folder.path().join("service.yaml"));
        fs::write(&configs[0], config).expect("a file");
    }
    let rules = HttpRules::load(&schema, &configs);
    let warnings = rules.as_ref().map(HttpRules::warnings);
    let found = match &warnings {
        Ok(warnings) => warnings,
        Err(error) => error.problems(),
    };
    let prefix = format!("{}/", folder.path().display());
    let found = found.iter();
    found
        .map(|problem| {
            let hint = problem
                .hint()
                .map(|hint| format!(" | {hint}"))
                .unwrap_or_default();
            (problem.located() + &hint).replace(&prefix, "")
        })
        .collect()
}

#[test]
fn rules_in_protos_that_cannot_work_are_told_with_their_place() {
    for (option, expected) in [
        (r#"{ get: "/v1/{name}" }"#, ""),
        (r#"{ get: "/v1/{author.name}" }"#, ""),
        (r#"{ get: "/v1/{printed}" }"#, ""),
        (
            r#"{ get: "v1/{name}" }"#,
            "the path \"v1/{name}\" does not begin with a slash | write `/v1/{name}`",
        ),
        (r#"{ get: "/v1/**/x" }"#, "`**` is not the last segment"),
        (
            r#"{ get: "/v1/{nme}" }"#,
            "the path has `{nme}`, and acme.Book has no field `nme` | did you mean `name`?",
        ),
        (
            r#"{ get: "/v1/{fullTitle}" }"#,
            "acme.Book has no field `fullTitle` | a rule has the names of the proto: `full_title`",
        ),
        (
            r#"{ get: "/v1/{author.nam}" }"#,
            "acme.Author has no field `nam` | did you mean `name`?",
        ),
        (
            r#"{ get: "/v1/{name.x}" }"#,
            "acme.Book.name is no message, so it has no field `x`",
        ),
        (
            r#"{ get: "/v1/{author}" }"#,
            "acme.Book.author is a message, acme.Author | name a field of it, as in `{author.name}`",
        ),
        (
            r#"{ get: "/v1/{others}" }"#,
            "acme.Book.others is repeated | a part of a path is one value",
        ),
        (r#"{ get: "/v1/{others.name}" }"#, "acme.Book.others is repeated"),
        (r#"{ get: "/v1/{tags}" }"#, "acme.Book.tags is repeated"),
        (r#"{ get: "/v1/{notes}" }"#, "acme.Book.notes is a map"),
        (r#"{ get: "/v1/{notes.key}" }"#, "acme.Book.notes is a map"),
        (
            r#"{ get: "/v1/{printed.seconds}" }"#,
            "acme.Book.printed is a google.protobuf.Timestamp, which has one value",
        ),
        (
            r#"{ get: "/v1/{name}", body: "*" }"#,
            "the rule has a `body`, and a GET request has none",
        ),
        (
            r#"{ post: "/v1/x", body: "autor" }"#,
            "`body` is `autor`, and acme.Book has no such field | did you mean `author`?",
        ),
        (
            r#"{ post: "/v1/x", body: "author.name" }"#,
            "`body` is `author.name`, and acme.Book has no such field | `body` is a field of acme.Book itself",
        ),
        (
            r#"{ post: "/v1/{name}", body: "name" }"#,
            "the field `name` is in the path, and is the body",
        ),
        (
            r#"{ post: "/v1/x", response_body: "nam" }"#,
            "`response_body` is `nam`, and acme.Book has no such field | did you mean `name`?",
        ),
        (
            r#"{ post: "/v1/x", response_body: "*" }"#,
            "`response_body` is a field, and not `*`",
        ),
        (r#"{ body: "*" }"#, "the rule has no path"),
        (
            r#"{ get: "/v1/x", additional_bindings { get: "/v1/y", additional_bindings { get: "/v1/z" } } }"#,
            "has `additional_bindings` of its own",
        ),
        (
            r#"{ custom { kind: "Purge", path: "/v1/x" } }"#,
            "\"Purge\" is no verb of HTTP, which are written in capitals: `PURGE`",
        ),
        (r#"{ custom { kind: "PURGE" } }"#, "the path is empty"),
        (r#"{ custom { path: "/v1/x" } }"#, "\"\" is no verb of HTTP"),
        (
            r#"{ additional_bindings { get: "/v1/y" } }"#,
            "the rule has no path",
        ),
        (
            r#"{ get: "/acme.Shop/Free" }"#,
            "/acme.Shop/Free is the path by which acme.Shop/Free is called by its name | give the rule another path",
        ),
        (
            r#"{ post: "/acme.Shop/Do0", body: "author" }"#,
            "/acme.Shop/Do0 is the path by which acme.Shop/Do0 is called by its name",
        ),
        (r#"{ post: "/acme.Shop/Do0", body: "*" }"#, ""),
        (r#"{ get: "/acme.Shop/Do0:x" }"#, ""),
        (
            r#"{ custom { kind: "A B", path: "/v1/x" } }"#,
            "\"A B\" is no verb of HTTP",
        ),
        (
            r#"{ get: "/v1/x", additional_bindings { get: "/v1/{nme}" } }"#,
            "acme.Book has no field `nme`",
        ),
        (
            r#"{ get: "/v1/x", additional_bindings { get: "/v1/x" } }"#,
            "GET /v1/x is a path of the method already",
        ),
    ] {
        let found = problems(&proto(&[option]), None);
        if expected.is_empty() {
            assert!(found.is_empty(), "{option}: {found:?}");
            continue;
        }
        let [only] = &found[..] else {
            panic!("{option}: {found:?}")
        };
        assert!(only.contains(expected), "{option}: {only}");
        assert!(only.starts_with("shop.proto:8:"), "{option}: {only}");
        assert!(only.contains("acme.Shop/Do0: "), "{option}: {only}");
    }
}

#[test]
fn the_place_is_that_of_the_path_or_the_body() {
    let text = proto(&[r#"{ post: "/v1/x", body: "autor" }"#, r#"{ get: "/v1/{nme}" }"#]);
    let found = problems(&text, None);
    let column = |line: usize, part: &str| {
        text.lines()
            .nth(line - 1)
            .and_then(|line| line.find(part))
            .expect("it is there")
            + 1
    };
    assert!(
        found[0].starts_with(&format!("shop.proto:8:{}: ", column(8, "\"autor\""))),
        "{found:?}"
    );
    assert!(
        found[1].starts_with(&format!("shop.proto:9:{}: ", column(9, "\"/v1/{nme}\""))),
        "{found:?}"
    );
}

#[test]
fn two_methods_with_one_path_are_told_with_both_places() {
    let text = proto(&[
        r#"{ get: "/v1/{name}" }"#,
        r#"{ get: "/v1/{author.name=*}" }"#,
        r#"{ put: "/v1/{name}" }"#,
    ]);
    let found = problems(&text, None);
    let [only] = &found[..] else { panic!("{found:?}") };
    assert!(only.starts_with("shop.proto:9:"), "{only}");
    assert!(
        only.contains(
            "acme.Shop/Do1: GET /v1/{author.name=*} is acme.Shop/Do0 already | the other rule is at "
        ),
        "{only}"
    );
    assert!(only.contains("shop.proto:8:"), "{only}");
}

#[test]
fn what_is_wrong_in_protos_leaves_the_rule_out_and_what_is_wrong_in_a_config_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.proto");
    let options = [
        r#"{ get: "/v1/{name}" additional_bindings { get: "/v1/{none}" } }"#,
        r#"{ get: "/v1/{name}" }"#,
        r#"{ get: "/v1/a:b:c" }"#,
        r#"{ get: "/v1/x", additional_bindings { get: "/v1/y", additional_bindings { get: "/v1/z" } } }"#,
        r#"{ additional_bindings { get: "/v1/w" } }"#,
    ];
    fs::write(&path, proto(&options)).expect("a file");
    let schema = Schema::load(&path).unwrap_or_else(|error| panic!("{error:?}"));
    let rules = HttpRules::new(&schema).expect("others may have written the protos");
    assert_eq!(
        rules.routes().collect::<Vec<_>>(),
        [
            ("GET", "/v1/{name}", "acme.Shop/Do0"),
            ("GET", "/v1/x", "acme.Shop/Do3"),
            ("GET", "/v1/y", "acme.Shop/Do3"),
            ("GET", "/v1/w", "acme.Shop/Do4"),
        ]
    );
    assert_eq!(rules.warnings().len(), 5, "{:?}", rules.warnings());
    assert!(rules.warnings().iter().all(Problem::is_warning));
    let yaml = folder.path().join("service.yaml");
    fs::write(
        &yaml,
        config("  - selector: acme.Shop.Free\n    get: /v1/{name}\n"),
    )
    .expect("a file");
    let error = HttpRules::load(&schema, &[&yaml]).expect_err("the path is taken");
    assert_eq!(error.problems().len(), 1, "{error:?}");
}

/// The lines of a service config below `rules:`.
fn config(rules: &str) -> String {
    format!("type: google.api.Service\nname: shop.example.com\nhttp:\n  rules:\n{rules}")
}

#[test]
fn rules_in_service_configs_that_cannot_work_are_told_with_their_place() {
    for (rules, expected) in [
        ("  - selector: acme.Shop.Free\n    get: /v1/{name}\n", ""),
        (
            "  - {selector: acme.Shop.Free, custom: {kind: '*', path: /v1/x}, responseBody: name}\n",
            "",
        ),
        (
            "  - selector: acme.Shop.Fre\n    get: /v1/{name}\n",
            "service.yaml:5:15: the schema has no method `acme.Shop.Fre` | did you mean `acme.Shop.Free`?",
        ),
        (
            "  - selector: acme.Shop/Free\n    get: /v1/{name}\n",
            "service.yaml:5:15: the schema has no method `acme.Shop/Free` | a selector has dots only: `acme.Shop.Free`",
        ),
        (
            "  - selector: acme.Shop.F*\n    get: /v1/{name}\n",
            "service.yaml:5:15: the selector `acme.Shop.F*` has a `*` that is not its last part",
        ),
        (
            "  - selector: other.*\n    get: /v1/{name}\n",
            "service.yaml:5:15: the schema has no method below `other.*`",
        ),
        (
            "  - get: /v1/{name}\n",
            "service.yaml:5:5: the rule has no `selector`",
        ),
        (
            "  - selector: acme.Shop.Free\n",
            "service.yaml:5:5: the rule has no path",
        ),
        (
            "  - selector: acme.Shop.Free\n    get: /v1/{nme}\n",
            "service.yaml:6:10: acme.Shop/Free: the path has `{nme}`",
        ),
        (
            "  - selector: acme.Shop.Free\n    get: /v1/x\n    post: /v1/x\n",
            "service.yaml:7:5: the rule has two paths",
        ),
        (
            "  - selector: acme.Shop.Free\n    gte: /v1/x\n",
            "service.yaml:6:5: unknown key `gte` in a rule | did you mean `get`?",
        ),
        (
            "  - selector: acme.Shop.Free\n    get: 5\n",
            "service.yaml:6:10: expected a string, found a number",
        ),
        (
            "  - selector: acme.Shop.Free\n    post: /v1/x\n    body: nme\n",
            "service.yaml:7:11: acme.Shop/Free: `body` is `nme`",
        ),
        (
            "  - selector: acme.Shop.Up\n    post: /v1/x\n",
            "service.yaml:6:11: acme.Shop/Up: its client sends a stream, which is the body, and the rule has no `body` | add `body: \"*\"`",
        ),
        (
            "  - selector: acme.Shop.Free\n    custom: {kind: GET}\n",
            "service.yaml:6:13: `custom` has a `kind`",
        ),
        (
            "  - selector: acme.Shop.Free\n    get: /v1/x\n    additional_bindings:\n    - get: /v1/y\n      additional_bindings: []\n",
            "service.yaml:9:7: a binding in `additional_bindings` has `additional_bindings` of its own",
        ),
        (
            "  - selector: acme.Shop.Free\n    get: /v1/x\n    additional_bindings:\n    - get: /v1/{nme}\n",
            "service.yaml:8:12: acme.Shop/Free: the path has `{nme}`",
        ),
    ] {
        let found = problems(&proto(&[]), Some(&config(rules)));
        if expected.is_empty() {
            assert!(found.is_empty(), "{rules}: {found:?}");
            continue;
        }
        assert!(found[0].starts_with(expected), "{rules}: {found:?}");
    }
    for (text, expected) in [
        ("name: x\n", "service.yaml: there is no section `http`"),
        (
            "http: 5\n",
            "service.yaml:1:7: expected the section `http`, found a number",
        ),
        (
            "http: {rules: 5}\n",
            "service.yaml:1:15: expected a list of rules, found a number",
        ),
        ("http: [\n", "service.yaml:"),
    ] {
        let found = problems(&proto(&[]), Some(text));
        assert!(found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn a_config_wins_over_a_proto_and_the_last_rule_over_those_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.proto");
    fs::write(
        &path,
        proto(&[r#"{ get: "/v1/proto" }"#, r#"{ get: "/v1/stays" }"#]),
    )
    .expect("a file");
    let schema = Schema::load(&path).expect("it loads");
    let yaml = folder.path().join("one.yaml");
    let rules = "  - selector: '*'\n    post: /v1/all\n    body: '*'\n  - selector: acme.Shop.Do0, acme.Shop.Up\n    post: /v1/both\n    body: '*'\n";
    fs::write(&yaml, config(rules)).expect("a file");
    // All methods have one path, which cannot be.
    assert!(HttpRules::load(&schema, &[&yaml]).is_err());
    let json = folder.path().join("two.json");
    let rules = |names: &[&str]| {
        let rules: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({"selector": format!("acme.Shop.{name}"), "put": format!("/v2/{name}"), "body": "*"}))
            .collect();
        serde_json::json!({"http": {"rules": rules}}).to_string()
    };
    fs::write(&json, rules(&["Do0", "Up", "Free"])).expect("a file");
    let found = HttpRules::load(&schema, &[&json]).expect("they fit");
    let mut routes: Vec<_> = found.routes().collect();
    routes.sort_unstable();
    assert_eq!(
        routes,
        [
            ("GET", "/v1/stays", "acme.Shop/Do1"),
            ("PUT", "/v2/Do0", "acme.Shop/Do0"),
            ("PUT", "/v2/Free", "acme.Shop/Free"),
            ("PUT", "/v2/Up", "acme.Shop/Up"),
        ]
    );
    let missing = HttpRules::load(&schema, &[folder.path().join("none.yaml")]).unwrap_err();
    assert!(
        missing.to_string().contains("none.yaml: cannot be read"),
        "{missing}"
    );
}
