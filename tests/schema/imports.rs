//! Imports: given roots, found roots, and files that are built in.

use protod::{Schema, SchemaBuilder};

use crate::support::{Tree, message, names, user};

#[test]
fn a_root_above_the_importing_file_is_found() {
    let tree = Tree::new(&[
        (
            "project/acme/v1/service.proto",
            &user("S", &["acme/v1/types.proto"], &["T"]),
        ),
        ("project/acme/v1/types.proto", &user("T", &[], &[])),
    ]);
    // The file that nobody imports is named relative to the root where its imports were found.
    let expected = ["acme/v1/service.proto", "acme/v1/types.proto"];
    assert_eq!(
        names(&tree.load("project/acme/v1/service.proto").unwrap()),
        expected
    );
    assert_eq!(names(&tree.load("project/acme/v1").unwrap()), expected);
    assert_eq!(names(&tree.load("project").unwrap()), expected);
    assert_eq!(
        names(&tree.load("").unwrap()),
        ["acme/v1/types.proto", "project/acme/v1/service.proto"]
    );
}

#[test]
fn buf_modules_are_roots() {
    let tree = Tree::new(&[
        (
            "buf.yaml",
            "version: v2\nmodules:\n  - path: services\n  - path: common\n",
        ),
        ("services/s.proto", &user("S", &["types/t.proto"], &["T"])),
        ("common/types/t.proto", &user("T", &[], &[])),
    ]);
    assert_eq!(
        names(&tree.load("services").unwrap()),
        ["s.proto", "types/t.proto"]
    );
}

#[test]
fn third_party_folders_above_are_roots() {
    let tree = Tree::new(&[
        ("services/a/s.proto", &user("S", &["vendor/t.proto"], &["T"])),
        ("third_party/vendor/t.proto", &user("T", &[], &[])),
    ]);
    assert_eq!(
        names(&tree.load("services").unwrap()),
        ["a/s.proto", "vendor/t.proto"]
    );
}

#[test]
fn an_input_is_found_by_the_end_of_its_path() {
    let tree = Tree::new(&[
        (
            "services/a/idl/a/v1/a.proto",
            &user("A", &["b/v1/b.proto"], &["B"]),
        ),
        ("services/b/idl/b/v1/b.proto", &user("B", &[], &[])),
    ]);
    assert_eq!(
        names(&tree.load("services").unwrap()),
        ["a/idl/a/v1/a.proto", "b/v1/b.proto"]
    );
}

#[test]
fn a_given_import_path_comes_first() {
    let tree = Tree::new(&[
        ("api/s.proto", &user("S", &["t.proto"], &["given.T"])),
        ("api/t.proto", &message("near", "T")),
        ("given/t.proto", &message("given", "T")),
    ]);
    let schema = Schema::builder()
        .input(tree.path("api/s.proto"))
        .import_path(tree.path("given"));
    let schema = schema.build().unwrap();
    assert!(schema.pool().get_message_by_name("given.T").is_some());
    assert!(schema.pool().get_message_by_name("near.T").is_none());
}

#[test]
fn an_input_wins_over_a_copy_in_an_import_path() {
    // The copy has one message more, so that a text is known by it.
    let copy = "syntax = \"proto3\"; package p; message T {} message Copied {}";
    let user = |name| user(name, &["p/t.proto"], &["p.T"]);
    let files: [(&str, &str); 9] = [
        ("api/s.proto", &user("S")),
        ("api/p/t.proto", &message("p", "T")),
        ("given/p/t.proto", copy),
        // What is imported from there imports it too.
        ("given/q.proto", &user("Q")),
        (
            "api/uses_q.proto",
            &crate::support::user("UsesQ", &["q.proto"], &["Q"]),
        ),
        // The roots of inputs need not be the folders that were named.
        ("all/proto/s.proto", &user("S")),
        ("all/proto/p/t.proto", &message("p", "T")),
        // An import path that holds the input says what its names are.
        ("holds/t.proto", &message("outer", "T")),
        (
            "holds/in/s.proto",
            &crate::support::user("S", &["t.proto"], &["outer.T"]),
        ),
    ];
    let tree = Tree::new(&files);
    tree.write("holds/in/t.proto", message("inner", "T"));
    let load = |inputs: &[&str], import_paths: &[&str]| {
        let builder = inputs.iter().fold(Schema::builder(), |builder, input| {
            builder.input(tree.path(input))
        });
        let given = import_paths.iter().map(|path| tree.path(path));
        given.fold(builder, SchemaBuilder::import_path).build().unwrap()
    };
    let copied = |schema: &Schema| schema.pool().get_message_by_name("p.Copied").is_some();
    assert!(!copied(&load(&["api"], &["given"])));
    assert!(!copied(&load(&["api"], &["given", "api"])));
    assert!(!copied(&load(
        &["api/uses_q.proto", "api/s.proto", "api/p/t.proto"],
        &["given"]
    )));
    assert!(!copied(&load(&["all"], &["given"])));
    // It is no input here, though it is beside one.
    assert!(copied(&load(&["api/s.proto"], &["given"])));
    assert_eq!(
        names(&load(&["holds/in"], &["holds"])),
        ["in/s.proto", "in/t.proto", "t.proto"]
    );
}

#[test]
fn a_file_is_named_from_the_import_path_that_holds_it() {
    let tree = Tree::new(&[("root/api/s.proto", &message("p", "S"))]);
    let schema = Schema::builder()
        .input(tree.path("root/api"))
        .import_path(tree.path("root"))
        .build()
        .unwrap();
    assert_eq!(names(&schema), ["api/s.proto"]);
}

#[test]
fn a_file_imported_by_two_names_is_one_file() {
    let tree = Tree::new(&[
        ("api/v1/one.proto", &user("One", &["types.proto"], &["T"])),
        ("api/two.proto", &user("Two", &["v1/types.proto"], &["T"])),
        ("api/v1/types.proto", &user("T", &[], &[])),
    ]);
    let schema = tree.load("api").unwrap();
    assert_eq!(names(&schema), ["two.proto", "v1/one.proto", "v1/types.proto"]);
    let one = schema.pool().get_file_by_name("v1/one.proto").unwrap();
    assert_eq!(one.file_descriptor_proto().dependency, ["v1/types.proto"]);
}

#[test]
fn folders_that_are_each_a_root_of_their_own_load_together() {
    let tree = Tree::new(&[
        ("api/one/s.proto", &user("S1", &["types.proto"], &["one.T"])),
        ("api/one/types.proto", &message("one", "T")),
        ("api/two/s.proto", &user("S2", &["types.proto"], &["two.T"])),
        ("api/two/types.proto", &message("two", "T")),
    ]);
    let schema = tree.load("api").unwrap();
    assert_eq!(
        names(&schema),
        ["one/s.proto", "two/s.proto", "two/types.proto", "types.proto"]
    );
}

#[test]
fn a_copy_of_a_built_in_file_counts_where_protoc_would_look_and_nowhere_else() {
    let copy = "syntax = \"proto3\"; package google.protobuf; message Any { int32 copied = 9; }";
    let a = user("A", &["google/protobuf/any.proto"], &["google.protobuf.Any"]);
    let is_copy = |schema: &Schema| {
        let any = schema.pool().get_message_by_name("google.protobuf.Any");
        any.unwrap().get_field(9).is_some()
    };
    let name = "google/protobuf/any.proto";
    let tree = Tree::new(&[("api/a.proto", &*a), ("include/google/protobuf/any.proto", copy)]);
    let given = Schema::builder()
        .input(tree.path("api"))
        .import_path(tree.path("include"))
        .build()
        .unwrap();
    assert!(is_copy(&given), "in an import path");
    assert!(!is_copy(&tree.load("api").unwrap()), "in a root by convention");

    let tree = Tree::new(&[("a.proto", &*a), (name, copy)]);
    assert!(is_copy(&tree.load("").unwrap()), "in the input");

    // Copies of several versions, as packages bring them, do not clash, and need not be right.
    let tree = Tree::new(&[
        ("a.proto", &*a),
        ("one/google/protobuf/any.proto", copy),
        ("two/google/protobuf/any.proto", "not even a proto"),
        ("two/google/protobuf/type.proto", "edition = \"2024\";"),
    ]);
    assert!(!is_copy(&tree.load("").unwrap()), "somewhere in the input");
}

#[test]
fn the_first_input_with_a_copy_of_a_built_in_file_decides_for_all() {
    let any = |field: u32| {
        format!("syntax = \"proto3\"; package google.protobuf; message Any {{ int32 copied = {field}; }}")
    };
    let imports = ["google/protobuf/any.proto"];
    let tree = Tree::new(&[
        ("none/a.proto", &user("A", &imports, &["google.protobuf.Any"])),
        ("one/b.proto", &user("B", &imports, &["google.protobuf.Any"])),
        ("one/google/protobuf/any.proto", &any(7)),
        ("two/c.proto", &user("C", &imports, &["google.protobuf.Any"])),
        ("two/google/protobuf/any.proto", &any(8)),
    ]);
    let builder = ["one", "two", "none"]
        .into_iter()
        .fold(Schema::builder(), |builder, input| {
            builder.input(tree.path(input))
        });
    let schema = builder.build().unwrap();
    let any = schema.pool().get_message_by_name("google.protobuf.Any").unwrap();
    assert!(any.get_field(7).is_some());
    assert_eq!(names(&schema), ["a.proto", "b.proto", "c.proto"]);
}

#[test]
fn public_imports_are_followed_all_the_way() {
    let tree = Tree::new(&[
        ("a.proto", &user("A", &["b.proto"], &["D"])),
        ("b.proto", "syntax = \"proto3\"; import public \"c.proto\";"),
        ("c.proto", "syntax = \"proto3\"; import public \"d.proto\";"),
        ("d.proto", &user("D", &[], &[])),
    ]);
    let schema = tree.load("a.proto").unwrap();
    let a = schema.files().iter().find(|file| file.name == "a.proto").unwrap();
    let a = <prost_types::FileDescriptorProto as prost::Message>::decode(&*a.descriptor).unwrap();
    assert_eq!(
        a.dependency,
        ["b.proto"],
        "what is handed out says no more than the text does"
    );
    // The same from a set.
    let set = schema.files().iter().rev().flat_map(|file| {
        let mut record = Vec::new();
        prost::encoding::bytes::encode(1, &file.descriptor, &mut record);
        record
    });
    let set = Schema::from_descriptor_set(&set.collect::<Vec<u8>>()).unwrap();
    assert_eq!(names(&set), ["a.proto", "b.proto", "c.proto", "d.proto"]);
}

const USES_BUNDLED: &str = r#"
syntax = "proto3";
import "google/api/annotations.proto";
import "google/rpc/status.proto";
import "google/type/money.proto";
import "buf/validate/validate.proto";
service S {
  rpc Get(M) returns (google.rpc.Status) { option (google.api.http) = { get: "/v1/{name=*}" }; }
}
message M {
  string name = 1 [(buf.validate.field).string.min_len = 3];
  google.type.Money price = 2;
}
"#;

#[test]
fn common_imports_are_bundled_for_those_who_have_none() {
    let tree = Tree::new(&[("api/s.proto", USES_BUNDLED)]);
    for schema in [
        tree.load("api").unwrap(),
        Schema::from_source("s.proto", USES_BUNDLED).unwrap(),
    ] {
        let http = schema.pool().get_extension_by_name("google.api.http").unwrap();
        let get = schema.method("S/Get").unwrap().descriptor().options();
        assert!(format!("{:?}", get.get_extension(&http)).contains("/v1/{name=*}"));
        let rules = schema.pool().get_extension_by_name("buf.validate.field").unwrap();
        let name = schema
            .pool()
            .get_message_by_name("M")
            .unwrap()
            .get_field_by_name("name")
            .unwrap();
        assert!(name.options().has_extension(&rules));
    }
}

#[test]
fn a_users_own_copy_wins_over_a_bundled_one() {
    let own = "syntax = \"proto3\"; package google.type; message Money { string of_my_own = 1; }";
    let tree = Tree::new(&[
        (
            "api/s.proto",
            &user("S", &["google/type/money.proto"], &["google.type.Money"]),
        ),
        ("third_party/google/type/money.proto", own),
    ]);
    let money = tree
        .load("api")
        .unwrap()
        .pool()
        .get_message_by_name("google.type.Money")
        .unwrap();
    assert!(money.get_field_by_name("of_my_own").is_some());
}
