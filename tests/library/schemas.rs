//! Where protos come from.

use protod::{Error, Schema};

/// Files on disk. Imports are looked up around them, and first in `third_party`.
fn from_disk() -> Result<Schema, Error> {
    Schema::builder().input("api").import_path("third_party").build()
}

/// Texts in the program, and a file that comes with protod.
fn from_texts() -> Result<Schema, Error> {
    Schema::builder()
        .source(
            "money.proto",
            r#"syntax = "proto3"; message Money { int64 pence = 1; }"#,
        )
        .source(
            "bank.proto",
            r#"
            syntax = "proto3";
            import "money.proto";
            service Bank { rpc Balance(Money) returns (Money); }
            "#,
        )
        .import("google/rpc/error_details.proto")
        .build()
}

/// Files that `find` knows by their import names: in a database, an archive, a registry.
fn from_anywhere(find: fn(&str) -> Option<String>) -> Result<Schema, Error> {
    Schema::builder().resolver(find).import("bank.proto").build()
}

/// What `protoc --include_imports --descriptor_set_out` or `buf build` writes.
fn from_set(bytes: &[u8]) -> Result<Schema, Error> {
    Schema::from_descriptor_set(bytes)
}

#[test]
fn all_of_them_load() {
    let error = from_disk().expect_err("there is no api");
    assert_eq!(error.problems().len(), 2, "{error:?}");
    let schema = from_texts().expect("it compiles");
    assert!(schema.method("Bank/Balance").is_some());
    let bank = |name: &str| {
        (name == "bank.proto").then(|| {
            "syntax = 'proto3'; message M {} service Bank { rpc Balance(M) returns (M); }".to_owned()
        })
    };
    assert!(
        from_anywhere(bank)
            .expect("it compiles")
            .method("Bank/Balance")
            .is_some()
    );
    assert!(from_set(b"no set").is_err());
}
