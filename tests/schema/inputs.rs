//! The kinds of input, alone and combined.

use std::path::Path;

use protod::Schema;

use crate::support::{Tree, located, message, names, repository_file, set_file, set_of, user};

#[test]
fn a_file_is_named_from_its_own_folder() {
    let tree = Tree::new(&[("proto/a.proto", &message("p", "A"))]);
    assert_eq!(names(&tree.load("proto/a.proto").unwrap()), ["a.proto"]);
}

#[test]
fn a_folder_gives_all_below_it_each_file_after_its_imports() {
    let tree = Tree::new(&[
        ("api/a.proto", &user("A", &["deep/er/b.proto"], &["B"])),
        ("api/deep/er/b.proto", &user("B", &["z.proto"], &["Z"])),
        ("api/z.proto", &user("Z", &[], &[])),
        ("api/.hidden/x.proto", "nonsense"),
        ("api/node_modules/x.proto", "nonsense"),
        ("api/google/protobuf/any.proto", "nonsense"),
        ("api/notes.txt", "nonsense"),
    ]);
    let schema = tree.load("api").unwrap();
    let names: Vec<&str> = schema.files().iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["z.proto", "deep/er/b.proto", "a.proto"]);
}

#[test]
fn a_set_is_one_by_its_contents_whatever_its_name_ends_with() {
    let tree = Tree::new(&[]);
    let set = repository_file("descriptors/stream.binpb");
    let names = [
        "set.binpb",
        "set.bin",
        "set.proto",
        "set.yaml",
        "image",
        "set.v2.1",
        "set.PB",
    ];
    for name in names {
        tree.write(name, &set);
        assert_eq!(tree.load(name).unwrap().methods().len(), 3, "{name}");
        // A damaged one is told to be damaged, not to be something else.
        tree.write(name, &set[..set.len() - 5]);
        let problems = tree.problems(tree.load(name));
        assert!(problems[0].contains("is cut short or damaged"), "{problems:?}");
    }
    // A text may begin with the bytes of a set's first name.
    let text = format!("\n \n\n{}", message("p", "A"));
    tree.write("a.proto", text);
    assert_eq!(tree.load("a.proto").unwrap().files().len(), 1);
}

#[test]
fn a_set_with_the_name_of_a_proto_is_one_in_a_folder_too() {
    let tree = Tree::new(&[("api/a.proto", &user("A", &["in/set.proto"], &["InSet"]))]);
    let set = set_of([set_file("in/set.proto", &[], "InSet")]);
    tree.write("api/z/set.proto", &set);
    let schema = tree.load("api").unwrap();
    assert_eq!(names(&schema), ["a.proto", "in/set.proto"]);
    assert!(schema.files().iter().all(|file| !file.is_import));
    // The text of a file of the set may be beside it, before or behind it.
    let text = r#"syntax = "proto3"; message Same {}"#;
    let beside = Tree::new(&[("api/same.proto", text)]);
    let made = set_of([set_file("same.proto", &[], "Same")]);
    beside.write("api/b/set.proto", &made);
    let found = beside.load("api");
    assert_eq!(names(&found.unwrap()), ["same.proto"]);
    let given = Schema::builder().source("same.proto", text);
    let found = given.input(beside.path("api/b")).build();
    assert_eq!(names(&found.unwrap()), ["same.proto"]);
    // A damaged one is told to be damaged.
    tree.write("api/z/set.proto", &set[..set.len() - 5]);
    let problems = tree.problems(tree.load("api"));
    let damaged = |problem: &String| problem.starts_with("api/z/set.proto: is cut short or damaged");
    assert!(problems.iter().any(damaged), "{problems:?}");
}

#[test]
fn an_import_may_lead_to_a_set_with_the_name_of_a_proto() {
    let tree = Tree::new(&[("api/a.proto", &user("A", &["in/set.proto"], &["InSet"]))]);
    let load = || {
        let builder = Schema::builder().input(tree.path("api"));
        builder.import_path(tree.path("lib")).build()
    };
    let files = [
        set_file("more.proto", &[], "More"),
        set_file("in/set.proto", &["more.proto"], "InSet"),
    ];
    tree.write("lib/in/set.proto", set_of(files));
    let schema = load().unwrap();
    assert_eq!(names(&schema), ["a.proto", "in/set.proto", "more.proto"]);
    let watched = schema.watch_paths();
    assert!(watched.contains(&tree.path("lib/in/set.proto")), "{watched:?}");

    tree.write(
        "lib/in/set.proto",
        set_of([set_file("other.proto", &[], "InSet")]),
    );
    let error = load().unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error:?}");
    };
    assert_eq!(
        problem.to_string(),
        "import 'in/set.proto' leads to a descriptor set that has no file of this name"
    );
    let hint = problem.hint().unwrap();
    assert!(
        hint.contains("lib/in/set.proto as an input, and import its files by the names that they have in it, such as 'other.proto'"),
        "{hint}"
    );
}

#[test]
fn what_is_no_input_says_how_to_make_one() {
    let tree = Tree::new(&[
        ("a.txt", "message A {}"),
        ("image.json", "{\"file\":[]}"),
        ("empty", ""),
    ]);
    tree.write("set.binpb.gz", [0x1f, 0x8b, 8, 0]);
    tree.write("set.binpb.zst", [0x28, 0xb5, 0x2f, 0xfd, 0]);
    let expected = [
        ("a.txt", "a set is what"),
        ("image.json", "a set is what"),
        ("empty", "a set is what"),
        ("set.binpb.gz", "gunzip"),
        ("set.binpb.zst", "unzstd"),
    ];
    for (name, hint) in expected {
        let error = tree.load(name).unwrap_err();
        let problem = &error.problems()[0];
        assert!(
            problem
                .to_string()
                .contains("is neither a .proto nor a folder nor a descriptor set")
        );
        assert!(
            problem.hint().is_some_and(|found| found.contains(hint)),
            "{name}: {problem:?}"
        );
    }
}

#[test]
fn a_text_may_import_a_file_of_a_set() {
    let tree = Tree::new(&[("a.proto", &user("A", &["in/set.proto"], &["InSet"]))]);
    tree.write("set.binpb", set_of([set_file("in/set.proto", &[], "InSet")]));
    let schema = Schema::builder()
        .input(tree.path("a.proto"))
        .input(tree.path("set.binpb"))
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["a.proto", "in/set.proto"]);
}

#[test]
fn a_file_that_several_inputs_lead_to_is_compiled_once() {
    let tree = Tree::new(&[
        ("api/a.proto", &message("p", "A")),
        ("copy/of/a.proto", &message("p", "A")),
    ]);
    let folders = Schema::builder()
        .input(tree.path("api/a.proto"))
        .input(tree.path("api"))
        .input(tree.path("api/../api/a.proto"))
        .input(tree.path("copy"));
    assert_eq!(names(&folders.build().unwrap()), ["a.proto"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_links_to_itself_is_read_once() {
    let tree = Tree::new(&[("api/a.proto", &message("p", "A"))]);
    std::os::unix::fs::symlink(tree.path("api"), tree.path("api/again")).unwrap();
    assert_eq!(names(&tree.load("api").unwrap()), ["a.proto"]);
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_followed_and_hidden_files_are_not_read() {
    use std::os::unix::fs::symlink;

    let tree = Tree::new(&[
        ("shared/deep/a.proto", &message("p", "A")),
        ("shared/.hidden.proto", "nonsense"),
        ("other/b.proto", &message("p", "B")),
        ("api/c.proto", &message("p", "C")),
        ("api/._c.proto", "nonsense"),
    ]);
    symlink("../shared", tree.path("api/linked")).unwrap();
    symlink("../other/b.proto", tree.path("api/b.proto")).unwrap();
    symlink("../api", tree.path("shared/back")).unwrap();
    // What Emacs writes next to a file with unsaved changes.
    symlink("me@host.1:2", tree.path("api/.#c.proto")).unwrap();
    assert_eq!(
        names(&tree.load("api").unwrap()),
        ["b.proto", "c.proto", "linked/deep/a.proto"]
    );
}

#[test]
fn two_files_of_one_name_in_two_folders_are_both_loaded() {
    let tree = Tree::new(&[
        ("one/service.proto", &message("one", "A")),
        ("two/service.proto", &message("two", "A")),
    ]);
    let both = Schema::builder()
        .input(tree.path("one/service.proto"))
        .input(tree.path("two/service.proto"));
    let schema = both.build().unwrap();
    assert!(schema.pool().get_message_by_name("one.A").is_some());
    assert!(schema.pool().get_message_by_name("two.A").is_some());
}

#[test]
fn a_text_beside_the_set_made_from_it_is_one_file() {
    let both = Schema::builder()
        .input("proto")
        .input("descriptors/stream.binpb")
        .build()
        .unwrap();
    assert_eq!(names(&both), ["search.proto", "stream.proto"]);
}

#[test]
fn texts_that_import_one_another_beside_their_set_are_one_each() {
    let tree = Tree::new(&[
        ("api/a.proto", &user("A", &["b.proto"], &["B"])),
        ("api/b.proto", &user("B", &["c.proto"], &["C"])),
        ("api/c.proto", &user("C", &[], &[])),
        ("api/d.proto", &user("D", &["a.proto"], &["A"])),
    ]);
    let texts = tree.load("api").unwrap();
    let set = |leave_out: &str| {
        let mut set = Vec::new();
        for file in texts.files().iter().filter(|file| file.name != leave_out) {
            prost::encoding::bytes::encode(1, &file.descriptor, &mut set);
        }
        set
    };
    let both = Schema::builder()
        .input(tree.path("api"))
        .descriptor_set(set("d.proto"))
        .build()
        .unwrap();
    assert_eq!(names(&both), ["a.proto", "b.proto", "c.proto", "d.proto"]);
    tree.write("api/b.proto", user("B", &["c.proto"], &["C", "int32"]));
    let differ = Schema::builder().input(tree.path("api")).descriptor_set(set(""));
    assert_eq!(
        tree.problems(differ.build()),
        ["api/b.proto: differs from the file 'b.proto' of the set descriptor set"]
    );
}

#[test]
fn a_text_that_differs_from_the_set_of_its_name_is_a_problem() {
    let tree = Tree::new(&[("stream.proto", &message("proto", "Other"))]);
    let both = Schema::builder()
        .input(tree.path("stream.proto"))
        .input("descriptors/stream.binpb")
        .build();
    assert_eq!(
        tree.problems(both),
        ["stream.proto: differs from the file 'stream.proto' of the set descriptors/stream.binpb"]
    );
}

#[test]
fn one_file_in_two_sets_is_one_file_unless_they_differ() {
    let a = set_file("a.proto", &[], "A");
    let with_comments = prost_types::FileDescriptorProto {
        source_code_info: Some(prost_types::SourceCodeInfo::default()),
        ..a.clone()
    };
    let same = Schema::builder()
        .descriptor_set(set_of([a.clone()]))
        .descriptor_set(set_of([with_comments]));
    assert_eq!(names(&same.build().unwrap()), ["a.proto"]);
    let other = set_of([set_file("a.proto", &[], "Other")]);
    let differ = Schema::builder()
        .descriptor_set(set_of([a]))
        .descriptor_set(other)
        .build();
    assert_eq!(
        located(differ),
        ["descriptor set 2: file 'a.proto' is in two sets, and they differ"]
    );
}

#[test]
fn watch_paths_are_all_that_the_schema_was_made_from() {
    let tree = Tree::new(&[
        ("buf.yaml", "version: v2\nmodules: [{path: shared}]\n"),
        ("shared/b.proto", &user("B", &[], &[])),
        ("given/c.proto", &user("C", &[], &[])),
        (
            "api/a.proto",
            &user(
                "A",
                &["b.proto", "c.proto", "google/protobuf/any.proto"],
                &["B", "C"],
            ),
        ),
    ]);
    let schema = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("given"))
        .build()
        .unwrap();
    let expected = [
        "api",
        "api/a.proto",
        "buf.yaml",
        // It would win over the one in `shared`.
        "given/b.proto",
        "given/c.proto",
        // So would this one over the one that is built in.
        "given/google/protobuf/any.proto",
        "shared/b.proto",
    ];
    assert_eq!(schema.watch_paths(), expected.map(|name| tree.path(name)));
}

#[test]
fn input_folders_are_where_the_inputs_lie_as_they_were_given() {
    let inputs = ["proto/stream.proto", "proto", "descriptors/search.binpb"];
    let schema = inputs
        .iter()
        .fold(Schema::builder(), |builder, input| builder.input(*input))
        .build()
        .unwrap();
    let folders: Vec<(&Path, bool)> = schema
        .input_folders()
        .iter()
        .map(|folder| (folder.path.as_path(), folder.whole))
        .collect();
    assert_eq!(
        folders,
        [(Path::new("proto"), true), (Path::new("descriptors"), false)]
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_no_harm() {
    let text = format!("\u{feff}{}", message("p", "A").replace('\n', "\r\n"));
    let tree = Tree::new(&[("a.proto", &text)]);
    assert_eq!(names(&tree.load("a.proto").unwrap()), ["a.proto"]);
}
