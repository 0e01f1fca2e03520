//! `--validate` of the commands that serve nothing.

use std::path::Path;

use crate::SHOP;
use crate::program::protod;

const RULES: &str = "
rules:
  - {name: free, method: shop.Orders/Place, match: {id: free}, validate: false, reply: {}}
  - {name: all, method: shop.Orders/Place, reply: {}}
  - {name: error, method: shop.Orders/Import, status: {code: NOT_FOUND}}
";

fn folder(proto: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("shop.proto", proto).expect("it can be written");
    write("shop.rules.yaml", RULES).expect("it can be written");
    folder
}

/// What a command prints, and whether it succeeds.
async fn run(folder: &Path, args: &[&str]) -> (String, bool) {
    let path = folder.to_str().expect("UTF-8");
    let output = protod(&[args, &[path]].concat()).await;
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).expect("UTF-8"), output.status.success())
}

#[tokio::test]
async fn explain_says_which_rule_refuses_a_request() {
    let folder = folder(SHOP);
    let refused = "count: must be greater than 0 [int32.gt]";
    for (method, data, flag, expected) in [
        (
            "Place",
            "{}",
            "--validate",
            format!("free: id is unset, not \"free\"\nall: refuses the request: {refused}\n"),
        ),
        (
            "Place",
            "{}",
            "",
            "free: id is unset, not \"free\"\nall: answers\n".to_owned(),
        ),
        (
            "Place",
            r#"{"id": "free"}"#,
            "--validate",
            "free: answers\nall: matches, but a rule before it answers\n".to_owned(),
        ),
        ("Import", "{}", "--validate", "error: answers\n".to_owned()),
        (
            "Watch",
            "{}",
            "--validate",
            format!("no rule names shop.Orders/Watch\nthe request is refused: {refused}\n"),
        ),
    ] {
        let method = format!("shop.Orders/{method}");
        let mut args = vec!["explain", &method, "-d", data];
        args.extend((!flag.is_empty()).then_some(flag));
        assert_eq!(
            run(folder.path(), &args).await,
            (expected, true),
            "{method} {data} {flag}"
        );
    }
}

#[tokio::test]
async fn check_compiles_the_rules_of_protos_if_it_is_told_so() {
    let folder = folder(&SHOP.replace("int32.gt = 0", "int64.gt = 0"));
    let (text, succeeded) = run(folder.path(), &["check"]).await;
    assert!(succeeded, "{text}");
    let (text, succeeded) = run(folder.path(), &["check", "--validate"]).await;
    assert!(
        !succeeded && text.contains("field shop.Order.count: `int64` rules do not fit it"),
        "{text}"
    );
    assert!(text.contains("shop.proto:15:19"), "{text}");
}

#[tokio::test]
async fn check_warns_if_there_is_nothing_to_validate() {
    let lines = SHOP.lines().filter(|line| !line.contains("buf/validate"));
    let without = lines.map(|line| match line.split_once(" [(buf.") {
        Some((field, _)) => format!("{field};\n"),
        None => format!("{line}\n"),
    });
    let folder = folder(&without.collect::<String>());
    let (text, succeeded) = run(folder.path(), &["check"]).await;
    assert!(succeeded && !text.contains("warning"), "{text}");
    let (text, succeeded) = run(folder.path(), &["check", "--validate"]).await;
    assert!(
        succeeded
            && text
                .contains("warning: --validate has nothing to check: no request has rules of buf.validate"),
        "{text}"
    );
    let (_, succeeded) = run(folder.path(), &["check", "--validate", "--strict"]).await;
    assert!(!succeeded);
}
