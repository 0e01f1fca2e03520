//! Nothing on the page is untested, and its versions are those of Cargo.toml.

use std::fs;
use std::path::Path;

/// The blocks of a kind in docs/library.md, as in `rust` or `toml`. Those with more words after it, as in
/// `rust,no_run`, are of another.
fn blocks(kind: &str) -> Vec<String> {
    let page = read("docs/library.md");
    let fenced = page.split("\n```").skip(1).step_by(2);
    let of_kind = fenced.filter_map(|block| {
        let (info, text) = block.split_once('\n')?;
        (info == kind).then(|| format!("{text}\n"))
    });
    of_kind.collect()
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The texts of the Rust files in a folder.
fn sources(folder: &str) -> Vec<String> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("it is there");
    let paths = files.map(|file| file.expect("it can be read").path());
    let rust = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| fs::read_to_string(path).expect("it is text"))
        .collect()
}

#[test]
fn every_block_of_rust_is_in_a_test_or_an_example() {
    let sources = [sources("tests/library"), sources("examples")].concat();
    let blocks = blocks("rust");
    assert!(blocks.len() > 10, "only {} blocks were found", blocks.len());
    let untested = blocks
        .iter()
        .filter(|block| !sources.iter().any(|source| source.contains(*block)));
    let untested: Vec<&String> = untested.collect();
    assert!(
        untested.is_empty(),
        "blocks that no test has:\n{}",
        untested
            .iter()
            .map(|block| block.as_str())
            .collect::<Vec<_>>()
            .join("\n---\n")
    );
}

#[test]
fn the_proto_is_the_one_that_the_tests_use() {
    assert_eq!(blocks("proto"), [super::PROTO]);
}

#[test]
fn the_versions_are_those_of_the_manifest() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("it is TOML");
    let requirement = |table: &toml::Table, name: &str| match &table[name] {
        toml::Value::String(version) => version.clone(),
        detailed => detailed["version"].as_str().expect("it has a version").to_owned(),
    };
    let own = manifest["package"]["version"]
        .as_str()
        .expect("a text")
        .to_owned();
    let mut compared = 0;
    for block in blocks("toml") {
        let page: toml::Table = block.parse().expect("it is TOML");
        for section in ["dependencies", "dev-dependencies"] {
            let Some(shown) = page.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for name in shown.keys() {
                let shown = requirement(shown, name);
                compared += 1;
                if name == "protod" {
                    assert!(own.starts_with(&shown), "protod is {own}");
                    continue;
                }
                let tables = ["dependencies", "dev-dependencies"].iter();
                let mut tables = tables.filter_map(|section| manifest[*section].as_table());
                let table = tables.find(|table| table.contains_key(name));
                let table = table.unwrap_or_else(|| panic!("Cargo.toml has no {name}"));
                assert_eq!(shown, requirement(table, name), "{name}");
            }
        }
    }
    assert!(compared > 5, "only {compared} were compared");
}

#[test]
fn the_features_are_those_of_the_readme() {
    let table = |page: &str, columns: usize| -> Vec<String> {
        let page = read(page);
        let (_, table) = page
            .split_once("\n| feature | what it adds |")
            .expect("it has the table");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| row.split('|').take(columns).collect::<Vec<_>>().join("|"))
            .collect()
    };
    assert_eq!(table("docs/library.md", 3), table("README.md", 3));
}
