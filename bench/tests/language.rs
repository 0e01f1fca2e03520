//! `--language`: both servers answer each case alike, and no part of the language that docs/rules.md lists is without a case.
//!
//! The servers are those that `cargo test --workspace` has built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use bench::language::cases;

/// The tables of docs/rules.md that list the language: the part of their first head cell, and the heading before them.
const TABLES: [(&str, &str); 5] = [
    ("## Steps", "action"),
    ("## Steps", "modifier"),
    ("## Expressions", "name"),
    ("### Functions", "function"),
    ("### Lists and maps from data", "key"),
];

fn read(file: &str) -> String {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in the first column of these tables: each `…` by itself, and each word of several operators or names.
fn listed() -> BTreeSet<String> {
    let page = read("../docs/rules.md");
    let mut found = BTreeSet::new();
    for (heading, head) in TABLES {
        let (_, section) = page
            .split_once(&format!("\n{heading}\n"))
            .unwrap_or_else(|| panic!("no `{heading}`"));
        let mut rows = section
            .lines()
            .skip_while(|line| !line.starts_with(&format!("| {head} |")))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .peekable();
        assert!(rows.peek().is_some(), "no table of {head} below `{heading}`");
        for row in rows {
            // A bar within a cell is escaped.
            let row = row.replace("\\|", "\0");
            let cell = row.split('|').nth(1).expect("a row has cells").replace('\0', "|");
            found.extend(cell.split('`').skip(1).step_by(2).flat_map(each_of));
        }
    }
    found
}

/// `+ - *` are three operators, `int uint` two functions, and `c ? x : y` is one operator.
fn each_of(code: &str) -> Vec<String> {
    let is_operator = |word: &str| word.chars().all(|char| "+-*/%=!<>&|".contains(char));
    let is_name = |word: &str| word.chars().all(|char| char.is_ascii_lowercase());
    if code.split(' ').all(|word| is_operator(word) || is_name(word)) {
        code.split(' ').map(str::to_owned).collect()
    } else {
        vec![code.to_owned()]
    }
}

/// The rule of each method, as text.
fn rules() -> BTreeMap<String, String> {
    let page = read("language/language.rules.yaml");
    let rules = page.split("  - method: language.Language/").skip(1);
    rules
        .map(|rule| {
            let (method, rule) = rule.split_once('\n').expect("a rule has an answer");
            (method.to_owned(), rule.to_owned())
        })
        .collect()
}

/// The word that a rule must have to cover this, if it is one: the name of a function, a key, or an operator.
fn word_of(code: &str) -> Option<&str> {
    // `i`, `item` and `as` are what a loop gives names to, and a type is anything's.
    if ["c ? x : y", "x[i]", "package.Enum.VALUE", "package.Message"].contains(&code) {
        return None;
    }
    let name = match (code.split_once('('), code.split_once(": ")) {
        (Some((function, _)), _) => function.rsplit(['.', '"']).next().unwrap_or(function),
        (None, Some((key, _))) => key,
        (None, None) => code,
    };
    let is_word = name.chars().any(char::is_alphanumeric) || !name.contains(['[', '{']);
    (is_word && !name.contains(['[', '{'])).then_some(name)
}

#[test]
fn each_part_of_the_language_that_the_docs_list_has_a_case() {
    let cases = cases();
    let covered: BTreeSet<String> = cases
        .iter()
        .flat_map(|case| case.covers)
        .map(|&code| code.to_owned())
        .collect();
    let listed = listed();
    assert!(listed.len() > 150, "the tables are found: {listed:?}");
    let missing: Vec<&String> = listed.difference(&covered).collect();
    assert!(
        missing.is_empty(),
        "no case of bench/src/language covers {missing:#?}"
    );
    let unknown: Vec<&String> = covered.difference(&listed).collect();
    assert!(unknown.is_empty(), "docs/rules.md does not list {unknown:#?}");
}

#[test]
fn each_case_has_a_rule_with_what_it_covers() {
    let (cases, rules) = (cases(), rules());
    let methods: BTreeSet<&str> = cases.iter().map(|case| case.method).collect();
    let with_rules: BTreeSet<&str> = rules.keys().map(String::as_str).collect();
    assert_eq!(methods, with_rules);
    assert_eq!(methods.len(), cases.len(), "two cases have the same method");
    for case in &cases {
        let rule = &rules[case.method];
        for word in case.covers.iter().filter_map(|code| word_of(code)) {
            assert!(rule.contains(word), "{}: no `{word}` in\n{rule}", case.method);
        }
    }
}

#[test]
fn both_servers_answer_each_case_alike() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--no-build", "--language", "--check"])
        .output()
        .expect("the bench starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert_eq!(
        said.trim(),
        format!("{} cases: both servers answer alike", cases().len())
    );
}
