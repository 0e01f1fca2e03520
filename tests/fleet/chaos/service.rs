//! What the servers of the chaos test answer: everything that they share, and one method that shares nothing.

use protod::fleet::Generation;
use protod::{Rules, Schema};
use tempfile::TempDir;

const PROTO: &str = r#"syntax = "proto3"; package chaos;
message Ask { string name = 1; int64 number = 2; }
message Answer { string text = 1; int64 number = 2; int64 points = 3; }
service Chaos {
  rpc Plain(Ask) returns (stream Answer);
  rpc Add(Ask) returns (Answer);
  rpc Points(Ask) returns (stream Ask);
  rpc Put(Ask) returns (Answer);
  rpc Latest(Ask) returns (stream Ask);
  rpc Count(Ask) returns (Answer);
  rpc See(Ask) returns (Answer);
  rpc Twice(Ask) returns (Answer);
  rpc Wait(Ask) returns (stream Answer);
  rpc Ring(Ask) returns (Answer);
}"#;

const RULES: &str = r#"collections:
  points: chaos.Ask
  latest: {type: chaos.Ask, key: name}
rules:
  - {method: chaos.Chaos/Plain, stream: [{repeat: 5, send: {text: GENERATION}}]}
  - {method: chaos.Chaos/Add, append: {points: "${request}"}, reply: {}}
  - {method: chaos.Chaos/Points, stream: [{each: "${collection.points}", send: "${item}"}]}
  - {method: chaos.Chaos/Put, put: {latest: "${request}"}, reply: {}}
  - {method: chaos.Chaos/Latest, stream: [{each: "${collection.latest}", send: "${item}"}]}
  - method: chaos.Chaos/Count
    state: {n: "${has(store.n) ? store.n + 1 : 1}"}
    set: {store.n: "${state.n}"}
    reply: {number: "${state.n}"}
  - method: chaos.Chaos/See
    reply: {number: "${has(store.n) ? store.n : 0}", points: "${collection.points.count()}"}
  - {name: twice, method: chaos.Chaos/Twice, times: 2, scope: request.name, reply: {text: one of two}}
  - {method: chaos.Chaos/Twice, reply: {text: later}}
  - method: chaos.Chaos/Wait
    session: {key: "${request.name}", message: [{send: {text: waits}}], signals: {bell: [{send: {text: woken}}]}}
  - method: chaos.Chaos/Ring
    session: {message: [{signal: bell, key: "${request.name}"}, {send: {text: rung}}]}
"#;

/// The types of the calls.
pub(super) fn schema() -> Schema {
    Schema::from_source("chaos.proto", PROTO).expect("it compiles")
}

/// What is published: always from the same folder, as the counters of rules go by the names of their files.
pub(super) struct Source(TempDir);

impl Source {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("chaos.proto"), PROTO).expect("written");
        Self(folder)
    }

    /// A generation whose calls of `Plain` answer with that text.
    pub(super) fn generation(&self, text: &str) -> Generation {
        let rules = RULES.replace("GENERATION", text);
        std::fs::write(self.0.path().join("chaos.rules.yaml"), rules).expect("written");
        let schema = Schema::load(self.0.path()).expect("it compiles");
        Generation::pack(&schema, &Rules::beside(&schema).expect("they load")).expect("packed")
    }
}
