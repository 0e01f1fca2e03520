//! Which rules files are read.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use protod::{Rules, Schema};

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("a new folder");
    fs::write(path, text).expect("a new file");
}

const RULES: &str = "rules: [{method: p.S/A, reply: {}}]";

/// A project whose protos and rules are linked into it.
fn project() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let proto = "syntax = 'proto3'; package p; message M {} service S { rpc A(M) returns (M); }";
    write(root.path(), "api/a.proto", proto);
    for file in [
        "api/own.rules.yaml",
        "shared/deep/linked.rules.yaml",
        "other/file.rules.yaml",
    ] {
        write(root.path(), file, RULES);
    }
    for file in [
        "api/.hidden.rules.yaml",
        "api/.hidden/x.rules.yaml",
        "api/node_modules/x.rules.yaml",
        "shared/.hidden.rules.yaml",
    ] {
        write(root.path(), file, "nonsense");
    }
    for (target, at) in [
        ("../shared", "api/linked"),
        ("../other/file.rules.yaml", "api/file.rules.yaml"),
        ("../api", "shared/back"),
        ("nobody@nowhere", "api/.#own.rules.yaml"),
    ] {
        symlink(target, root.path().join(at)).expect("a new link");
    }
    root
}

fn files(rules: &Rules, root: &Path) -> Vec<String> {
    let name = |path: &Path| {
        path.strip_prefix(root)
            .expect("it is below")
            .display()
            .to_string()
    };
    rules.watch_paths().map(name).collect()
}

#[test]
fn links_are_followed_and_hidden_files_and_node_modules_are_not_read() {
    let root = project();
    let schema = Schema::load(root.path().join("api")).expect("it compiles");
    let expected = [
        "api/file.rules.yaml",
        "api/linked/deep/linked.rules.yaml",
        "api/own.rules.yaml",
    ];
    let beside = Rules::beside(&schema).expect("the rules fit");
    assert_eq!(files(&beside, root.path()), expected);
    let named = Rules::load(&schema, &[root.path().join("api")]).expect("the rules fit");
    assert_eq!(files(&named, root.path()), expected);
}

#[test]
fn beside_a_file_only_its_own_folder_is_searched() {
    let root = project();
    let schema = Schema::load(root.path().join("api/a.proto")).expect("it compiles");
    let rules = Rules::beside(&schema).expect("the rules fit");
    assert_eq!(
        files(&rules, root.path()),
        ["api/file.rules.yaml", "api/own.rules.yaml"]
    );
}

#[test]
fn a_file_that_several_paths_lead_to_is_read_once() {
    let root = project();
    symlink("own.rules.yaml", root.path().join("api/same.rules.yaml")).expect("a new link");
    symlink("api", root.path().join("also")).expect("a new link");
    let schema = Schema::load(root.path().join("api")).expect("it compiles");
    let paths = ["also", "api", "api/./own.rules.yaml", "shared"].map(|path| root.path().join(path));
    let rules = Rules::load(&schema, &paths).expect("the rules fit");
    let expected = [
        "also/file.rules.yaml",
        "also/linked/deep/linked.rules.yaml",
        "also/own.rules.yaml",
    ];
    assert_eq!(files(&rules, root.path()), expected);
    assert_eq!(rules.len(), 3);
}
