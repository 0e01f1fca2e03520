//! Protos that a program gives as texts, and resolvers of imports.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protod::Schema;
use protod::schema::ImportResolver;

use crate::support::{Tree, located, message, names, set_file, set_of, user};

#[test]
fn texts_import_each_other_in_any_order_and_keep_their_names() {
    let schema = Schema::builder()
        .source("b/b.proto", user("B", &["a.proto", "c.proto"], &["A", "C"]))
        .source("a.proto", user("A", &["c.proto"], &["C"]))
        .source(
            "c.proto",
            user("C", &["google/type/money.proto"], &["google.type.Money"]),
        )
        .build()
        .unwrap();
    assert_eq!(
        names(&schema),
        ["a.proto", "b/b.proto", "c.proto", "google/type/money.proto"]
    );
}

#[test]
fn texts_and_files_on_disk_import_each_other() {
    let tree = Tree::new(&[
        ("api/a.proto", &user("A", &["given.proto"], &["Given"])),
        ("more/far.proto", &user("Far", &[], &[])),
    ]);
    let schema = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("more"))
        .source("given.proto", user("Given", &["far.proto"], &["Far"]))
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["a.proto", "far.proto", "given.proto"]);
}

#[test]
fn a_text_wins_over_a_file_of_its_name_on_disk() {
    let tree = Tree::new(&[
        ("api/a.proto", &user("A", &["b.proto"], &["Given"])),
        ("other/b.proto", &user("OnDisk", &[], &[])),
    ]);
    let schema = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("other"))
        .source("b.proto", user("Given", &[], &[]))
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["a.proto", "b.proto"]);
}

#[test]
fn the_same_text_under_two_names_is_one_file() {
    let text = message("p", "Same");
    let schema = Schema::builder()
        .source("one.proto", &text)
        .source("two.proto", &text)
        .source("user.proto", user("U", &["two.proto"], &["p.Same"]))
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["one.proto", "user.proto"]);
}

#[test]
fn what_is_wrong_with_texts_is_told_with_their_names() {
    let build = |texts: &[(&str, &str)]| {
        let builder = texts.iter().fold(Schema::builder(), |builder, (name, text)| {
            builder.source(*name, *text)
        });
        located(builder.build())
    };
    let table: [(&[(&str, &str)], &str); 4] = [
        (
            &[("a.proto", &message("p", "A")), ("a.proto", &message("p", "B"))],
            "a.proto: is given twice, and the texts differ",
        ),
        (
            &[
                ("a.proto", "syntax = \"proto3\";\nimport \"bb.proto\";"),
                ("b.proto", "syntax = \"proto3\";"),
            ],
            "a.proto:2:9: import 'bb.proto' is not found",
        ),
        (&[("a.proto", "messag A {}")], "a.proto:1:1: "),
        (
            &[("", "syntax = \"proto3\";")],
            "a proto that is given as a text needs a name, such as shop.proto",
        ),
    ];
    for (texts, expected) in table {
        let found = build(texts);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn a_misspelt_import_of_a_text_is_hinted() {
    let error = Schema::builder()
        .source("shop/orders.proto", message("p", "Order"))
        .source("a.proto", user("A", &["shop/order.proto"], &["p.Order"]))
        .build()
        .unwrap_err();
    let hint = error.problems()[0].hint();
    assert_eq!(
        hint.as_deref(),
        Some("did you mean `shop/orders.proto`?"),
        "{error:?}"
    );

    // Not the file itself, however near its name is.
    let error = Schema::builder()
        .source("a.proto", user("A", &["b.proto"], &["p.Order"]))
        .build()
        .unwrap_err();
    let hint = error.problems()[0].hint().unwrap_or_default();
    assert!(!hint.contains("a.proto"), "{hint}");
}

#[test]
fn a_text_with_the_name_of_a_file_of_a_set_must_define_the_same() {
    let build = |text: &str| {
        Schema::builder()
            .descriptor_set(set_of([set_file("in/set.proto", &[], "InSet")]))
            .source("in/set.proto", text)
            .source("a.proto", user("A", &["in/set.proto"], &["InSet"]))
            .build()
    };
    let schema = build("syntax = \"proto3\";\nmessage InSet {}").unwrap();
    assert_eq!(names(&schema), ["a.proto", "in/set.proto"]);
    let problems = located(build("syntax = \"proto3\";\nmessage InSet { int32 more = 1; }"));
    assert!(problems[0].contains("in/set.proto"), "{problems:?}");
}

#[test]
fn a_text_takes_the_place_of_the_built_in_file_of_its_name() {
    let build = |empty: &str| {
        Schema::builder()
            .source("google/protobuf/empty.proto", empty)
            .source(
                "a.proto",
                user("A", &["google/protobuf/empty.proto"], &["google.protobuf.Empty"]),
            )
            .build()
    };
    let schema =
        build("syntax = \"proto3\"; package google.protobuf; message Empty { int32 own = 1; }").unwrap();
    assert_eq!(names(&schema), ["a.proto"]);
    let empty = schema
        .pool()
        .get_message_by_name("google.protobuf.Empty")
        .unwrap();
    assert!(empty.get_field_by_name("own").is_some());
    let problems = located(build("edition = \"2099\";"));
    assert!(
        problems[0].contains("google/protobuf/empty.proto:1"),
        "{problems:?}"
    );
}

#[test]
fn a_resolver_is_asked_once_for_each_name_and_before_folders() {
    let tree = Tree::new(&[
        (
            "api/a.proto",
            &user(
                "A",
                &["b.proto", "c.proto", "d.proto"],
                &["Resolved", "C", "OnDisk"],
            ),
        ),
        ("api/d.proto", &user("OnDisk", &["b.proto"], &["Resolved"])),
        ("more/b.proto", &message("p", "Wrong")),
    ]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let schema = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("more"))
        .resolver(|_: &str| None)
        .resolver(move |name: &str| {
            count.fetch_add(1, Ordering::Relaxed);
            match name {
                "b.proto" => Some(user(
                    "Resolved",
                    &["c.proto", "google/protobuf/any.proto"],
                    &["C"],
                )),
                "c.proto" => Some(user("C", &[], &[])),
                _ => None,
            }
        })
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["a.proto", "b.proto", "c.proto", "d.proto"]);
    // For b, c and d. It has no d, which is on disk.
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn an_import_alone_makes_a_schema() {
    let resolved = Schema::builder()
        .resolver(|name: &str| (name == "a.proto").then(|| message("p", "A")))
        .import("a.proto")
        .build()
        .unwrap();
    assert_eq!(names(&resolved), ["a.proto"]);
    let bundled = Schema::builder()
        .import("google/rpc/status.proto")
        .build()
        .unwrap();
    assert_eq!(names(&bundled), ["google/rpc/status.proto"]);
    assert_eq!(
        located(Schema::builder().import("a.proto").build()),
        ["import 'a.proto' is not found"]
    );
}

#[test]
fn a_resolver_that_fails_is_a_problem_at_the_import_and_only_there() {
    struct Offline;
    impl ImportResolver for Offline {
        fn resolve(&self, _: &str) -> Result<Option<String>, Box<dyn StdError + Send + Sync>> {
            Err("the registry is offline".into())
        }
    }
    let problems = located(
        Schema::builder()
            .resolver(Offline)
            .source("a.proto", user("A", &["b.proto"], &["B"]))
            .source("c.proto", user("C", &["b.proto"], &["B"]))
            .build(),
    );
    assert_eq!(
        problems,
        ["a.proto:2:9: import 'b.proto' cannot be resolved: the registry is offline"]
    );
}

#[test]
fn a_resolver_that_makes_up_imports_forever_is_ended() {
    let problems = located(
        Schema::builder()
            .resolver(|name: &str| {
                let number: u32 = name.strip_suffix(".proto")?.parse().ok()?;
                Some(format!("syntax = \"proto3\"; import \"{}.proto\";", number + 1))
            })
            .import("1.proto")
            .build(),
    );
    assert!(
        problems[0].contains("resolvers have given 20000 texts"),
        "{problems:?}"
    );
}
