//! Large trees: what is made of them when, and what a load takes from the one before.

use std::fs;

use protod::{Rules, Schema};

use super::numbered::{self, COMMON, assert_same};
use super::support::Tree;

/// As many files are more than one pool is made of: each has 20 KiB of comments.
const FILES: usize = 300;

/// The text of a file with so many comments.
fn numbered(number: usize) -> String {
    numbered::numbered("syntax = \"proto3\";", number, &"What it is for. ".repeat(1_300))
}

fn tree() -> Tree {
    let tree = Tree::new(&[("common.proto", COMMON)]);
    for number in 0..FILES {
        fs::write(tree.path(&format!("n{number}.proto")), numbered(number)).expect("a new file");
    }
    tree
}

fn load(tree: &Tree) -> Schema {
    Schema::builder()
        .input(tree.path(""))
        .build()
        .expect("a tree in order")
}

#[test]
fn the_types_of_a_method_bring_only_the_files_that_its_own_reaches() {
    let schema = load(&tree());
    let files_of = |method: &str| schema.method(method).unwrap().input().parent_pool().files().len();
    assert_eq!(
        files_of("tree.n0.Service/Get"),
        3,
        "its own, the common one, and descriptor.proto"
    );
    assert_eq!(files_of("tree.n9.Service/Get"), 12);
    assert_eq!(schema.pool().files().len(), FILES + 2);
    // From here on there is one pool, and methods that nobody has asked for are of it.
    assert_eq!(files_of("tree.n5.Service/Get"), FILES + 2);
    assert_eq!(files_of("tree.n0.Service/Get"), 3);
}

#[test]
fn rules_bring_the_types_that_they_name_wherever_those_are() {
    let schema = load(&tree());
    let rules = |reply: &str| {
        let text = format!("rules:\n  - method: tree.n0.Service/Get\n    reply:\n      text: {reply}\n");
        Rules::from_text(&schema, "rules.yaml", &text)
    };
    assert_eq!(
        rules("\"${tree.n77.Request{id: request.id}.id.text}\"")
            .unwrap()
            .len(),
        1
    );
    let error = rules("\"${tree.n77.Requst{}.id.text}\"").unwrap_err();
    let hint = error.problems()[0].hint();
    assert!(
        hint.is_some_and(|hint| hint.contains("tree.n77.Request")),
        "{error:?}"
    );
}

#[test]
fn a_load_that_reuses_another_gives_what_one_from_nothing_gives() {
    let tree = tree();
    let mut before = load(&tree);
    let edits: [(&str, &str, Option<String>); 8] = [
        (
            "a leaf",
            "n9.proto",
            Some(numbered(9).replace("rpc Get", "rpc Fetch")),
        ),
        (
            "what others import",
            "n3.proto",
            Some(numbered(3).replace("Request {", "Request { bool more = 3;")),
        ),
        (
            "an extension",
            "common.proto",
            Some(COMMON.replace("50001", "50002")),
        ),
        ("a new file", "new.proto", Some(numbered(500))),
        ("a file that is gone", "new.proto", None),
        (
            "an import more",
            "n0.proto",
            Some(numbered(0).replace("import", "import \"n99.proto\";\nimport")),
        ),
        (
            "a text without imports",
            "n20.proto",
            Some("syntax = \"proto3\"; message Alone {}".to_owned()),
        ),
        ("the text that it had", "n20.proto", Some(numbered(20))),
    ];
    for (what, file, text) in edits {
        match text {
            // Some file is without its import in between, as `n21.proto` is without the message of `n20.proto`.
            Some(text) => fs::write(tree.path(file), text).unwrap(),
            None => fs::remove_file(tree.path(file)).unwrap(),
        }
        let again = Schema::builder().input(tree.path("")).reuse(&before).build();
        assert_same(&again, &Schema::builder().input(tree.path("")).build(), what);
        before = again.unwrap_or(before);
    }
}

#[test]
fn a_name_that_an_unchanged_file_has_is_refused_in_the_one_that_changed() {
    let tree = tree();
    let before = load(&tree);
    for text in [
        "syntax = \"proto3\"; package tree.n7; message Request {}",
        "syntax = \"proto3\"; package tree.n7; enum Kind { Request = 0; }",
        "syntax = \"proto3\"; package tree.n7.Request; message Inner {}",
        "syntax = \"proto3\"; package tree; message n7 {}",
    ] {
        fs::write(tree.path("new.proto"), text).unwrap();
        let error = Schema::builder()
            .input(tree.path(""))
            .reuse(&before)
            .build()
            .unwrap_err();
        let problem = &error.problems()[0];
        assert!(problem.located().contains("new.proto:1:"), "{text}: {error:?}");
        assert!(
            problem.to_string().contains("is already defined"),
            "{text}: {error:?}"
        );
        Schema::builder().input(tree.path("")).build().unwrap_err();
    }
    // A file that defines options is linked before all others, and then it is the other that is refused.
    let extension = "syntax = \"proto3\"; package tree.n7; import \"google/protobuf/descriptor.proto\";
        extend google.protobuf.FileOptions { string Request = 50003; }";
    fs::write(tree.path("new.proto"), extension).unwrap();
    let error = Schema::builder()
        .input(tree.path(""))
        .reuse(&before)
        .build()
        .unwrap_err();
    assert!(
        error.problems()[0].to_string().contains("is already defined"),
        "{error:?}"
    );
}
