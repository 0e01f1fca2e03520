//! The code of docs/testing.md is that of this folder. tests/clients runs what it has in other languages.

use std::fs;
use std::path::Path;

#[test]
fn the_guide_shows_what_is_tested_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("it is there");
    let guide = read("docs/testing.md");
    for (kind, file) in [
        ("proto", "tests/testing/api/greeter.proto"),
        ("yaml", "tests/testing/api/greeter.rules.yaml"),
        ("rust,no_run", "tests/testing/greeter.rs"),
        ("rust,no_run", "tests/testing/shared.rs"),
    ] {
        let text = read(file).replace("tests/testing/api", "api");
        let block = format!("\n```{kind}\n{text}```\n");
        assert!(guide.contains(&block), "{file} is not in the guide:\n{block}");
    }
}
