//! Rules that are put at run time: by curl, by the command, while calls run and files are saved.

use std::fs;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::session_rules::begin;
use crate::support::{Kitchen, PROTO, RULES, post};

pub(crate) const GREEN: &str = r#"{"kind": "green"}"#;

/// A rule for green tea.
pub(crate) fn rule(label: &str) -> String {
    format!(
        "rules:\n  - name: {label}\n    method: tea.Kitchen/Brew\n    match: {{kind: green}}\n    reply: {{label: {label}}}\n"
    )
}

pub(crate) async fn put(kitchen: &Kitchen, name: &str, yaml: &str) -> Value {
    kitchen
        .ask("PutRules", &json!({ "name": name, "yaml": yaml }).to_string())
        .await
}

/// The HTTP status and the text of what the admin service refuses.
async fn refused(kitchen: &Kitchen, method: &str, request: Value) -> (u16, String) {
    let method = format!("protod.admin.v1.AdminService/{method}");
    let answer = post(&kitchen.admin, &method, &[], &request.to_string()).await;
    (answer.code, answer.body)
}

/// The names of all rules, with those by which they were put.
async fn listed(kitchen: &Kitchen) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rules = kitchen.ask("ListRules", "{}").await;
    let rules = rules["rules"].as_array().expect("a list");
    rules
        .iter()
        .map(|rule| (text(&rule["name"]), text(&rule["put"])))
        .collect()
}

#[tokio::test]
async fn rules_that_are_put_answer_first_until_they_are_deleted() {
    let kitchen = Kitchen::start().await;
    let answer = put(&kitchen, "one", &rule("one")).await;
    assert_eq!(answer, json!({ "name": "one", "rules": 1 }));
    assert_eq!(kitchen.brew(GREEN).await, "one");
    assert_eq!(
        kitchen.brew(r#"{"kind": "recall"}"#).await,
        "0",
        "others are left to the files"
    );
    put(&kitchen, "two", &rule("two")).await;
    assert_eq!(kitchen.brew(GREEN).await, "two", "the last one is in front");
    put(&kitchen, "one", &rule("other")).await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "two",
        "a text that is replaced stays where it is"
    );
    assert_eq!(
        listed(&kitchen).await[..3],
        [("other", "one"), ("two", "two"), ("first green", "")]
            .map(|(name, put)| (name.to_owned(), put.to_owned()))
    );
    kitchen.ask("DeleteRules", r#"{"name": "two"}"#).await;
    assert_eq!(kitchen.brew(GREEN).await, "other");
    let made = put(&kitchen, "", &rule("made")).await;
    assert_eq!(made["name"], "put-1", "{made}");
    assert_eq!(kitchen.ask("DeleteRules", "{}").await, json!({ "deleted": 2 }));
    assert_eq!(kitchen.brew(GREEN).await, "first");
}

#[tokio::test]
async fn rules_that_are_put_are_in_front_whatever_the_priority_of_others() {
    let kitchen = Kitchen::start().await;
    let first = RULES.replace("    times: 1\n", "    priority: 100\n");
    fs::write(kitchen.path("tea.rules.yaml"), first).expect("written");
    kitchen.ask("Reload", "{}").await;
    put(
        &kitchen,
        "low",
        &rule("low").replace("    match", "    priority: -5\n    match"),
    )
    .await;
    assert_eq!(kitchen.brew(GREEN).await, "low");
    put(
        &kitchen,
        "lower",
        &rule("lower").replace("    match", "    priority: -6\n    match"),
    )
    .await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "low",
        "among those that are put, it counts"
    );
}

#[tokio::test]
async fn all_that_is_wrong_with_rules_is_told_with_its_place_and_nothing_is_changed() {
    let kitchen = Kitchen::start().await;
    put(&kitchen, "tea", &rule("before")).await;
    let wrong = "rules:\n  - method: tea.Kitchen/Brwe\n    reply: {label: x}\n  - method: tea.Kitchen/Brew\n    reply: {labl: x}\n";
    for check_only in [false, true] {
        let request = json!({ "name": "tea", "yaml": wrong, "check_only": check_only });
        let answer = kitchen.ask("PutRules", &request.to_string()).await;
        let problems = answer["problems"].as_array().expect("problems");
        let places: Vec<_> = problems
            .iter()
            .map(|problem| (&problem["file"], &problem["line"], &problem["column"]))
            .collect();
        assert_eq!(
            places,
            [
                (&json!("tea"), &json!(2), &json!(13)),
                (&json!("tea"), &json!(5), &json!(13))
            ],
            "{answer}"
        );
        assert!(
            problems[1]["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("label")),
            "{answer}"
        );
        assert_eq!(answer["rules"], Value::Null, "{answer}");
    }
    let no_yaml = put(&kitchen, "tea", "rules: [").await;
    assert_eq!(no_yaml["problems"].as_array().map(Vec::len), Some(1), "{no_yaml}");
    assert_eq!(kitchen.brew(GREEN).await, "before");
}

/// Rules that are put are of no file, though they have a name.
#[tokio::test]
async fn files_that_rules_name_which_are_put_are_looked_for_in_the_working_directory_and_hints_say_so() {
    let kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    for (step, session) in [
        ("reply_file: FILE", ""),
        ("stream: [{send_file: FILE}]", ""),
        ("reply_file: FILE", "a"),
    ] {
        for file in ["none/such.json", "none-such.json"] {
            let rule = format!("{{method: tea.Kitchen/Pour, {}}}", step.replace("FILE", file));
            let request = json!({ "name": "tea", "yaml": format!("rules: [{rule}]"), "session": session });
            let answer = kitchen.ask("PutRules", &request.to_string()).await;
            let problem = &answer["problems"][0];
            assert_eq!(
                problem["message"],
                format!("the file {file} is not there"),
                "{answer}"
            );
            let told = problem["hint"].as_str().unwrap_or_default();
            assert!(told.contains("the working directory of the server"), "{answer}");
        }
    }
}

#[tokio::test]
async fn rules_that_are_only_checked_answer_nothing_and_what_is_hardly_meant_is_told() {
    let kitchen = Kitchen::start().await;
    let yaml = "rules:\n  - {method: tea.Kitchen/Brew, reply: {label: a}}\n  - {method: tea.Kitchen/Brew, reply: {label: b}}\n";
    let request = json!({ "name": "twice", "yaml": yaml, "check_only": true });
    let answer = kitchen.ask("PutRules", &request.to_string()).await;
    assert_eq!(
        (&answer["rules"], &answer["problems"]),
        (&json!(2), &Value::Null),
        "{answer}"
    );
    let warnings = answer["warnings"].as_array().expect("warnings");
    assert_eq!(
        (&warnings[0]["file"], &warnings[0]["line"]),
        (&json!("twice"), &json!(3)),
        "{answer}"
    );
    assert_eq!(kitchen.brew(GREEN).await, "first");
}

#[tokio::test]
async fn what_is_counted_of_other_rules_stays_when_rules_are_put() {
    let kitchen = Kitchen::start().await;
    assert_eq!(kitchen.brew(GREEN).await, "first");
    let counted = rule("once").replace("    match", "    times: 1\n    match");
    put(&kitchen, "counted", &counted).await;
    assert_eq!(kitchen.brew(GREEN).await, "once");
    put(
        &kitchen,
        "unrelated",
        "rules: [{method: tea.Kitchen/Pour, reply: {label: p}}]",
    )
    .await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "later",
        "both have answered as often as they may"
    );
    fs::write(
        kitchen.path("tea.rules.yaml"),
        RULES.replace("label: later", "label: other"),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(
        kitchen.brew(GREEN).await,
        "other",
        "a reload changes nothing of that"
    );
    let rules = kitchen.ask("ListRules", "{}").await;
    let hits = |name: &str| {
        let mut rules = rules["rules"].as_array().into_iter().flatten();
        rules
            .find(|rule| rule["name"] == name)
            .map(|rule| rule["hits"].clone())
    };
    assert_eq!(
        [hits("once"), hits("first green"), hits("green")],
        ["1", "1", "2"].map(|hits| Some(json!(hits)))
    );
    kitchen.ask("Reset", r#"{"counters": true}"#).await;
    assert_eq!(kitchen.brew(GREEN).await, "once");
    kitchen.ask("DeleteRules", r#"{"name": "counted"}"#).await;
    put(&kitchen, "counted", &counted).await;
    assert_eq!(kitchen.brew(GREEN).await, "once", "what was deleted begins anew");
}

#[tokio::test]
async fn rules_that_are_put_share_the_store_with_those_of_files() {
    let kitchen = Kitchen::start().await;
    let yaml = "rules:\n  - method: tea.Kitchen/Brew\n    match: {kind: seen}\n    reply: {label: \"${string(store.kept)}\"}\n";
    let answer = put(&kitchen, "reader", yaml).await;
    assert_eq!(
        answer["warnings"],
        Value::Null,
        "who sets it is in a file: {answer}"
    );
    kitchen.brew(r#"{"kind": "keep", "minutes": 7}"#).await;
    assert_eq!(kitchen.brew(r#"{"kind": "seen"}"#).await, "7");
}

#[tokio::test]
async fn a_save_that_rules_do_not_fit_is_served_and_they_come_back_when_they_fit() {
    let mut kitchen = Kitchen::start().await;
    let warm = "rules: [{name: warm, method: tea.Kitchen/Brew, match: {kind: green}, reply: {label: warm, degrees: 80}}]";
    put(&kitchen, "warm", warm).await;
    put(&kitchen, "plain", &rule("plain").replace("green", "black")).await;
    fs::write(
        kitchen.path("tea.proto"),
        PROTO.replace(" int32 degrees = 2;", ""),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    kitchen
        .server
        .line_with("the rules put as warm are set aside")
        .await;
    assert_eq!(kitchen.brew(GREEN).await, "first");
    assert_eq!(
        kitchen.brew(r#"{"kind": "black"}"#).await,
        "plain",
        "the others stay"
    );
    let rules = kitchen.ask("ListRules", "{}").await;
    assert_eq!(rules["setAside"][0]["name"], "warm", "{rules}");
    assert_eq!(rules["setAside"][0]["problems"][0]["file"], "warm", "{rules}");
    let (_, _, said) = kitchen.protod(&["rules", "list"]).await;
    assert!(
        said.contains("the rules put as warm are set aside") && said.contains("degrees"),
        "{said}"
    );
    put(&kitchen, "more", &rule("more").replace("green", "white")).await;
    assert_eq!(
        kitchen.brew(r#"{"kind": "white"}"#).await,
        "more",
        "others can be put meanwhile"
    );
    fs::write(kitchen.path("tea.proto"), PROTO).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(kitchen.brew(GREEN).await, "warm");
    assert_eq!(kitchen.ask("ListRules", "{}").await["setAside"], Value::Null);
}

#[tokio::test]
async fn a_file_with_a_mistake_is_no_hindrance_for_rules_that_are_put() {
    let kitchen = Kitchen::start().await;
    fs::write(kitchen.path("tea.rules.yaml"), RULES.replace("reply", "repyl")).expect("written");
    fs::write(kitchen.path("tea.proto"), "no proto").expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], Value::Null);
    put(&kitchen, "tea", &rule("tea")).await;
    assert_eq!(kitchen.brew(GREEN).await, "tea");
    kitchen.ask("DeleteRules", "{}").await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "first",
        "what was served before the mistake"
    );
}

#[tokio::test]
async fn rules_are_put_in_a_tree_that_is_too_large_for_one_pool() {
    let kitchen = Kitchen::start().await;
    // Files of 4 MiB are in one pool.
    let long = "X".repeat(1000);
    let values: Vec<String> = (0..4500)
        .map(|number| format!("  {long}{number} = {number};\n"))
        .collect();
    let large = format!(
        "syntax = \"proto3\";\npackage large;\nenum Large {{\n{}}}\n",
        values.concat()
    );
    fs::write(kitchen.path("large.proto"), large).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    put(&kitchen, "tea", &rule("tea")).await;
    put(
        &kitchen,
        "pour",
        "rules: [{method: tea.Kitchen/Pour, match: {kind: green}, reply: {label: poured}}]",
    )
    .await;
    assert_eq!(kitchen.brew(GREEN).await, "tea");
    assert_eq!(
        kitchen.brew(r#"{"kind": "recall"}"#).await,
        "0",
        "a rule of a file"
    );
    let client = protod::Client::connect(kitchen.server.address())
        .await
        .expect("it has reflection");
    let method = client.method("tea.Kitchen/Pour").expect("it is known");
    for (kind, label) in [("green", "poured"), ("black", "")] {
        let request =
            protod::Message::from_json(method.input().clone(), &json!({ "kind": kind }).to_string());
        let mut responses = method
            .server_streaming(request.expect("a message"))
            .await
            .expect("it is called");
        let first = responses.message().await.expect("no error").expect("a message");
        let first: Value = serde_json::from_str(&first.to_json().expect("it is printed")).expect("JSON");
        assert!(
            first["label"]
                .as_str()
                .is_some_and(|found| found == label || label.is_empty()),
            "{first}"
        );
    }
    let wrong = put(
        &kitchen,
        "tea",
        &rule("tea").replace("reply: {label", "reply: {labl"),
    )
    .await;
    assert_eq!(wrong["problems"][0]["file"], "tea", "{wrong}");
}

#[tokio::test]
async fn a_request_that_a_rule_behind_takes_without_validation_passes_by_those_that_are_put() {
    let kitchen = Kitchen::start_with(&["--validate"]).await;
    let proto = PROTO
        .replace(
            "package tea;",
            "package tea;\nimport \"buf/validate/validate.proto\";",
        )
        .replace(
            "string kind = 1;",
            "string kind = 1 [(buf.validate.field).string.min_len = 3];",
        );
    fs::write(kitchen.path("tea.proto"), proto).expect("written");
    let lax =
        "rules:\n  - {method: tea.Kitchen/Brew, match: {kind: ab}, validate: false, reply: {label: lax}}\n";
    fs::write(kitchen.path("tea.rules.yaml"), lax).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    put(&kitchen, "tea", &rule("tea")).await;
    put(&kitchen, "x", &rule("strict").replace("kind: green", "kind: xy")).await;
    assert_eq!(kitchen.brew(r#"{"kind": "ab"}"#).await, "lax");
    assert_eq!(kitchen.brew(GREEN).await, "tea");
    let brew = |kind: &str| {
        let request = json!({ "kind": kind }).to_string();
        let address = kitchen.server.address().to_owned();
        async move { post(&address, "tea.Kitchen/Brew", &[], &request).await }
    };
    for kind in ["xy", "zz"] {
        let answer = brew(kind).await;
        assert!(
            answer.code == 400 && answer.body.contains("invalid_argument"),
            "{kind}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn rules_put_at_once_while_calls_run_and_files_are_saved_are_all_there() {
    let kitchen = std::sync::Arc::new(Kitchen::start().await);
    let mut tasks = JoinSet::new();
    for number in 0..24 {
        let kitchen = std::sync::Arc::clone(&kitchen);
        tasks.spawn(async move {
            let yaml = rule(&format!("l{number}")).replace("green", &format!("kind {number}"));
            let answer = put(&kitchen, &format!("put{number}"), &yaml).await;
            assert_eq!(answer["rules"], 1, "{answer}");
            // Once it is put, no save takes it away.
            for _ in 0..4 {
                let label = kitchen
                    .brew(&json!({ "kind": format!("kind {number}") }).to_string())
                    .await;
                assert_eq!(label, format!("l{number}"));
            }
        });
    }
    for number in 0..6 {
        fs::write(
            kitchen.path("tea.rules.yaml"),
            format!("{RULES}# save {number}\n"),
        )
        .expect("written");
        let label = kitchen.brew(r#"{"kind": "recall"}"#).await;
        assert_eq!(label, "0", "files answer all the time");
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
    assert_eq!(
        listed(&kitchen)
            .await
            .iter()
            .filter(|(_, put)| !put.is_empty())
            .count(),
        24
    );
}

#[tokio::test]
async fn who_puts_what_cannot_be_put_is_told_why() {
    let kitchen = Kitchen::start().await;
    let yaml = rule("x");
    let long = "x".repeat(101);
    for name in ["a b", "../x", ".x", "ä", &long] {
        let (code, body) = refused(&kitchen, "PutRules", json!({ "name": name, "yaml": yaml })).await;
        assert_eq!(code, 400, "{name}: {body}");
        assert!(body.contains("invalid_argument"), "{body}");
    }
    put(&kitchen, "Tea", &yaml).await;
    let (code, body) = refused(&kitchen, "PutRules", json!({ "name": "tea", "yaml": yaml })).await;
    assert!(code == 400 && body.contains("differs only in case"), "{body}");
    let (code, body) = refused(
        &kitchen,
        "PutRules",
        json!({ "name": "x", "yaml": yaml, "keep": true }),
    )
    .await;
    assert!(
        code == 400 && body.contains("failed_precondition") && body.contains("--kept-rules"),
        "{body}"
    );
    let (code, body) = refused(&kitchen, "DeleteRules", json!({ "name": "Teo" })).await;
    assert!(code == 404 && body.contains("Tea"), "{body}");
    let comment = format!("{yaml}# {}\n", "x".repeat(3 << 20));
    put(&kitchen, "large1", &comment).await;
    put(&kitchen, "large2", &comment).await;
    let (code, body) = refused(&kitchen, "PutRules", json!({ "name": "large3", "yaml": comment })).await;
    assert!(code == 429 && body.contains("resource_exhausted"), "{body}");
    put(&kitchen, "large2", &yaml).await;
    put(&kitchen, "large3", &comment).await;
}

#[tokio::test]
async fn the_command_puts_checks_and_deletes_rules() {
    let kitchen = Kitchen::start().await;
    let other = tempfile::tempdir().expect("a folder that is not served");
    let file = other.path().join("hot.rules.yaml");
    let path = file.to_str().expect("UTF-8");
    fs::write(&file, rule("hot")).expect("written");
    let (code, printed, said) = kitchen.protod(&["rules", "put", path, "--check"]).await;
    assert_eq!((code, &*printed), (0, "1 rule can be put as hot\n"), "{said}");
    assert_eq!(kitchen.brew(GREEN).await, "first");
    let (code, printed, said) = kitchen.protod(&["rules", "put", path]).await;
    assert_eq!((code, &*printed), (0, "1 rule put as hot\n"), "{said}");
    assert_eq!(kitchen.brew(GREEN).await, "hot");
    fs::write(&file, rule("hot").replace("reply", "repyl")).expect("written");
    let (code, printed, said) = kitchen.protod(&["rules", "put", path]).await;
    assert_eq!((code, &*printed), (1, ""), "{said}");
    let place = format!("error: {path}:5:5: unknown key `repyl` in a rule\nhint: did you mean `reply`?\n");
    assert!(
        said.contains(&place) && said.contains("error: 1 problem"),
        "{said}"
    );
    let (code, _, said) = kitchen
        .protod(&["rules", "put", path, "--name", "x", "--keep"])
        .await;
    assert!(code == 1 && said.contains("--kept-rules"), "{said}");
    let (code, _, said) = kitchen.protod(&["rules", "delete"]).await;
    assert!(code == 2 && said.contains("--all"), "{said}");
    let (code, _, said) = kitchen.protod(&["rules", "list", "hot"]).await;
    assert!(code == 2 && said.contains("rules get"), "{said}");
    let (code, printed, said) = kitchen.protod(&["rules", "delete", "hot"]).await;
    assert_eq!((code, &*printed, &*said), (0, "", ""));
    assert_eq!(kitchen.brew(GREEN).await, "later");
    let (code, printed, _) = kitchen.protod(&["rules", "delete", "--all", "--json"]).await;
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, printed), (0, json!({ "deleted": 0 })));
}
