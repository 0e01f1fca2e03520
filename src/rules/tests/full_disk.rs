//! Collections of which the disk has no room.

use crate::collection::Collections;
use crate::rules::{RulesOptions, RulesState};
use crate::schema::Schema;

#[test]
fn a_collection_that_cannot_be_made_ready_says_why() {
    let proto = r#"syntax = "proto3"; package p; message M { string a = 1; }"#;
    let schema = Schema::from_source("p.proto", proto).expect("it compiles");
    let folder = tempfile::tempdir().expect("a folder");
    let collections = Collections::open(folder.path()).expect("opened");
    collections.fill_disk(true);
    let state = RulesState::with_collections(&collections);
    let options = RulesOptions::default().state(&state);
    let loaded = options.from_text(&schema, "p.rules.yaml", "collections: {all: p.M}\nrules: []");
    let problem = loaded.expect_err("the disk is full").problems()[0].to_string();
    assert!(
        problem.ends_with("cannot make the collection `all` ready: the disk is full"),
        "{problem}"
    );
}
