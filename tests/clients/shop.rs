//! `examples/shop`: its own tests pass, in Python and in Node, and its page says how long its rules are.

use std::fs;
use std::path::Path;

use crate::programs::{node_test, pytest};
use crate::support::protod;

const FOLDER: &str = "examples/shop";

#[tokio::test]
async fn shop_passes_its_tests_in_python() {
    let said = pytest().passes("examples/shop/tests").await;
    assert!(
        said.contains(" passed in ") && !said.contains("skipped"),
        "{said}"
    );
}

#[tokio::test]
async fn shop_passes_its_tests_in_node() {
    let said = node_test().passes("examples/shop/tests/shop.test.js").await;
    for line in ["# pass 6", "# fail 0", "# skipped 0"] {
        assert!(said.lines().any(|found| found == line), "{said}");
    }
}

#[tokio::test]
async fn the_rules_of_the_shop_have_no_warnings() {
    let output = protod(&["check", "--validate", "--strict", FOLDER]).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_page_of_the_shop_counts_its_lines() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name);
        fs::read_to_string(path).expect("it is there")
    };
    let (proto, rules) = (read("shop.proto"), read("shop.rules.yaml"));
    let count = |text: &str, word: &str| text.lines().filter(|line| line.trim().starts_with(word)).count();
    let is_rule = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let lines = rules.lines().filter(is_rule).count();
    assert_eq!((count(&proto, "service "), count(&proto, "rpc ")), (3, 12));
    let said = format!("Three services with twelve methods, in {lines} lines of rules");
    assert!(read("README.md").contains(&said), "{said}");
}
