//! The tests that docs/reliability.md names exist.

use std::fs;
use std::path::Path;

/// The back-quoted names in the second column of the tables of facts.
fn named_tests(page: &str) -> Vec<&str> {
    let (_, facts) = page
        .split_once("\n## Behaviour of libraries and clients\n")
        .expect("a heading");
    let (facts, _) = facts.split_once("\n## ").expect("the next heading");
    let rows = facts.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    // Every other piece is between back-quotes.
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// The text of all Rust files in a folder and below it.
fn add_code(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            add_code(&path, code);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            code.push_str(&fs::read_to_string(&path).expect("it can be read"));
        }
    }
}

#[test]
fn the_page_names_tests_that_there_are() {
    let tests = named_tests(include_str!("../../docs/reliability.md"));
    assert!(tests.len() > 80, "only {} tests are named", tests.len());
    let mut code = String::new();
    for folder in ["src", "tests"] {
        add_code(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut code);
    }
    let missing = tests
        .iter()
        .filter(|name| !code.contains(&format!(" fn {name}(")) && !code.contains(&format!("\nfn {name}(")));
    assert_eq!(missing.collect::<Vec<_>>(), [] as [&&str; 0]);
}
