//! The dependencies that are shipped have the licences, sources and versions that `deny.toml` allows.
//!
//! This is the part of `cargo deny check` that needs no network and no other program. Like cargo-deny it checks protod
//! with its normal and build dependencies, on the first of the targets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// A crate that is shipped.
#[derive(Debug, Clone)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression.
    license: String,
    /// The registry or repository that it comes from; `None` for protod itself.
    source: Option<String>,
}

fn deny() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let text = std::fs::read_to_string(path).expect("it is there");
    text.parse().expect("it is TOML")
}

fn texts(list: &toml::Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter().map(|entry| entry.as_str().expect("a text")).collect()
}

/// The crates of a list such as `[{ crate = "syn@2", reason = "…" }]`.
fn crates(list: &toml::Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|entry| entry["crate"].as_str().expect("a text"))
        .collect()
}

/// The metadata of the workspace, from cargo, which downloads only what is missing.
fn metadata(target: &str) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            target,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn shipped(deny: &toml::Table) -> Vec<Package> {
    let metadata = metadata(texts(&deny["graph"]["targets"])[0]);
    let by_id = |list: &'static str, of: &Value| -> HashMap<String, Value> {
        let entries = self::list(of, list).iter();
        entries.map(|entry| (text(entry, "id"), entry.clone())).collect()
    };
    let (packages, nodes) = (by_id("packages", &metadata), by_id("nodes", &metadata["resolve"]));
    let root = packages
        .values()
        .find(|package| text(package, "name") == "protod");
    let mut open = vec![text(root.expect("it is a package of its own"), "id")];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        let is_shipped = |dependency: &&Value| {
            let mut kinds = list(dependency, "dep_kinds").iter();
            kinds.any(|kind| kind["kind"] != "dev")
        };
        if seen.insert(id.clone()) {
            let dependencies = list(&nodes[&id], "deps").iter().filter(is_shipped);
            open.extend(dependencies.map(|dependency| text(dependency, "pkg")));
        }
    }
    let package = |id: &String| Package {
        name: text(&packages[id], "name"),
        version: text(&packages[id], "version"),
        license: text(&packages[id], "license"),
        source: packages[id]["source"].as_str().map(str::to_owned),
    };
    seen.iter().map(package).collect()
}

/// Crates whose licence is not allowed, and allowed licences that no crate has.
fn license_problems(deny: &toml::Table, packages: &[Package]) -> Vec<String> {
    let allowed = texts(&deny["licenses"]["allow"]);
    let mut unused: BTreeSet<&str> = allowed.iter().copied().collect();
    let mut problems = Vec::new();
    for package in packages {
        let (name, license) = (&package.name, &package.license);
        let Ok(expression) = Expression::parse_mode(license, ParseMode::LAX) else {
            problems.push(format!("{name}: no SPDX expression: {license:?}"));
            continue;
        };
        for requirement in expression.requirements() {
            unused.remove(requirement.req.to_string().as_str());
        }
        if !expression.evaluate(|license| allowed.contains(&license.to_string().as_str())) {
            problems.push(format!("{name}: {license} is not allowed"));
        }
    }
    problems.extend(
        unused
            .iter()
            .map(|license| format!("no crate has the licence {license}")),
    );
    problems
}

/// Banned crates, crates in several versions, and listed versions that no longer exist.
fn ban_problems(deny: &toml::Table, packages: &[Package]) -> Vec<String> {
    let bans = &deny["bans"];
    let banned = crates(&bans["deny"]);
    let mut skipped: BTreeSet<&str> = crates(&bans["skip"]).into_iter().collect();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut problems = Vec::new();
    for Package { name, version, .. } in packages {
        if banned.contains(&name.as_str()) {
            problems.push(format!("{name} is banned"));
        }
        versions.entry(name).or_default().push(version);
    }
    for (name, mut versions) in versions.into_iter().filter(|(_, versions)| versions.len() > 1) {
        versions.retain(|version| {
            let is_it = |skip: &str| {
                let rest = skip.strip_prefix(name).and_then(|rest| rest.strip_prefix('@'));
                let rest = rest.and_then(|least| version.strip_prefix(least));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let skip = skipped.iter().copied().find(|skip| is_it(skip));
            skip.is_none_or(|skip| !skipped.remove(skip))
        });
        if versions.len() > 1 {
            problems.push(format!("{name} comes in the versions {versions:?}"));
        }
    }
    problems.extend(
        skipped
            .iter()
            .map(|skip| format!("{skip} does not come beside another version")),
    );
    problems
}

/// Crates of a source that is not allowed.
fn source_problems(deny: &toml::Table, packages: &[Package]) -> Vec<String> {
    let registries = texts(&deny["sources"]["allow-registry"]);
    let is_allowed = |source: &str| {
        let registry = source.strip_prefix("registry+");
        registry.is_some_and(|registry| registries.contains(&registry))
    };
    let mut problems = Vec::new();
    for package in packages {
        if let Some(source) = package.source.as_deref().filter(|source| !is_allowed(source)) {
            problems.push(format!("{} comes from {source}", package.name));
        }
    }
    problems
}

#[test]
fn what_is_shipped_is_allowed() {
    let deny = deny();
    let packages = shipped(&deny);
    assert!(packages.len() > 50, "only {} crates were found", packages.len());
    let problems = [
        license_problems(&deny, &packages),
        ban_problems(&deny, &packages),
        source_problems(&deny, &packages),
    ]
    .concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_is_not_allowed_is_found() {
    let deny = r#"
        licenses.allow = ["MIT", "ISC", "Zlib"]
        bans.deny = [{ crate = "openssl" }]
        bans.skip = [{ crate = "syn@2" }, { crate = "rand@0.8" }]
        sources.allow-registry = ["https://crates.example"]
    "#;
    let deny = deny.parse().expect("it is TOML");
    let package = |name: &str, version: &str, license: &str, source: &str| Package {
        name: name.to_owned(),
        version: version.to_owned(),
        license: license.to_owned(),
        source: Some(source.to_owned()),
    };
    let registry = "registry+https://crates.example";
    let packages = [
        package("fine", "1.0.0", "(MIT/Apache-2.0) AND ISC", registry),
        package("copyleft", "1.0.0", "MIT AND GPL-3.0-only", registry),
        package("unlicensed", "1.0.0", "", registry),
        package("openssl", "1.0.0", "MIT", registry),
        package("syn", "1.0.109", "MIT", registry),
        package("syn", "2.0.1", "MIT", registry),
        package("syn", "3.0.0", "MIT", registry),
        package("forked", "1.0.0", "MIT", "git+https://forge.example/forked"),
    ];
    assert_eq!(
        license_problems(&deny, &packages),
        [
            "copyleft: MIT AND GPL-3.0-only is not allowed",
            "unlicensed: no SPDX expression: \"\"",
            "no crate has the licence Zlib"
        ]
    );
    assert_eq!(
        ban_problems(&deny, &packages),
        [
            "openssl is banned",
            "syn comes in the versions [\"1.0.109\", \"3.0.0\"]",
            "rand@0.8 does not come beside another version"
        ]
    );
    assert_eq!(
        source_problems(&deny, &packages),
        ["forked comes from git+https://forge.example/forked"]
    );
}

/// The lines of `cargo tree`, each once.
fn tree(edges: &str, format: &str, arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree", "--locked", "--edges", edges, "--prefix", "none", "--format", format,
        ])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("it prints text");
    // A crate that was printed before has a mark after it.
    text.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

/// The number of crates in a build with these arguments, with protod itself.
fn crates_of_a_build(arguments: &[&str]) -> usize {
    tree("normal", "{p}", arguments).len()
}

#[test]
fn the_tests_of_protod_and_of_the_workspace_build_a_crate_in_the_same_way() {
    let crates = |of: &str| tree("normal,build,dev", "{p} {f}", &[of]);
    let (protod, workspace) = (crates("--package=protod"), crates("--workspace"));
    let only_for_protod: Vec<&String> = protod.difference(&workspace).collect();
    assert!(
        only_for_protod.is_empty(),
        "the workspace has these with more features, which protod's dev-dependencies should name: {only_for_protod:#?}"
    );
}

#[test]
fn the_library_without_features_needs_about_half_of_the_crates() {
    let (bare, whole) = (
        crates_of_a_build(&["--no-default-features"]),
        crates_of_a_build(&[]),
    );
    assert!(
        bare * 100 <= whole * 52,
        "{bare} crates without features, {whole} with all"
    );
}

#[test]
fn the_readme_says_what_each_feature_costs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("it is there");
    let table = readme.split_once("| feature |").expect("it has the table").1;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            line.split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect();
    for row in &rows {
        let [_, feature, _, crates, _] = row.as_slice() else {
            panic!("{row:?} does not have three cells");
        };
        let features = if *feature == "none" { "" } else { feature };
        let counted = crates_of_a_build(&["--no-default-features", "--features", features]);
        assert_eq!(crates.parse(), Ok(counted), "crates with the feature {feature}");
    }
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
    assert_eq!(
        listed,
        [
            "none",
            "admin",
            "buf",
            "cli",
            "client",
            "compression",
            "live",
            "nats",
            "otlp",
            "rules",
            "s3",
            "samples",
            "sqlite",
            "tls",
            "validate",
            "verify"
        ]
        .into()
    );
}
