//! Fields of one message whose names differ in case or underscores alone: each is known by the name that its proto has, and by
//! its name in JSON.

use protod::{Message, RulesOptions, Schema};

use crate::support::{Running, problems};

const PROTO: &str = r#"
syntax = "proto3";
package similar;
message In {
  string foo_bar = 1;
  string Foo_bar = 2;
  int32 FOO_BAR = 3;
  In _FOO_bar = 4;
  repeated string foo__BAR = 5;
}
service Similar { rpc Tell(In) returns (In); rpc Match(In) returns (In); rpc Copy(In) returns (In); }
"#;

const RULES: &str = r#"
rules:
  - method: similar.Similar/Tell
    reply:
      foo_bar: "${request.Foo_bar} ${request.foo_bar} ${request.FOO_BAR} ${request._FOO_bar.Foo_bar} ${has(request.foo__BAR)}"
      Foo_bar: "${request.FooBar}"
      FOO_BAR: "${request.FOO_BAR + 1}"
      _FOO_bar: {Foo_bar: inner, foo__BAR: "${[request.Foo_bar] + request.foo__BAR}"}
      foo__BAR: [list]
  - {method: similar.Similar/Match, match: {Foo_bar: b, _FOO_bar: {FOO_BAR: 7}, foo__BAR: [x]}, reply: {foo_bar: matched}}
  - {method: similar.Similar/Match, when: 'request.Foo_bar == "c"', reply: {Foo_bar: when}}
  - {method: similar.Similar/Copy, reply: "${similar.In{Foo_bar: request.foo_bar, foo_bar: request.Foo_bar}}"}
"#;

/// A schema from the text, and the same from a set.
fn schemas() -> [Schema; 2] {
    let text = Schema::from_source("similar.proto", PROTO).expect("protoc takes it");
    let set: Vec<u8> = {
        use prost::Message as _;
        let file = text.files().iter().map(|file| &*file.descriptor);
        let file = file.map(|file| prost_types::FileDescriptorProto::decode(file).expect("a file"));
        prost_types::FileDescriptorSet { file: file.collect() }.encode_to_vec()
    };
    let set = Schema::from_descriptor_set(&set).expect("protoc takes it");
    assert_eq!(text.files()[0].descriptor, set.files()[0].descriptor);
    [text, set]
}

#[tokio::test]
async fn rules_know_fields_whose_names_are_alike_by_the_names_of_their_proto() {
    for schema in schemas() {
        let running = Running::with(schema.clone(), &RulesOptions::default(), RULES).await;
        let request =
            r#"{"fooBar":"a","FooBar":"b","FOO_BAR":6,"_FOO_bar":{"Foo_bar":"in"},"foo__BAR":["x"]}"#;
        let told = running.call("Tell", &[request]).await;
        assert_eq!(
            told.messages,
            [concat!(
                r#"{"fooBar":"b a 6 in true","FooBar":"b","FOOBAR":7,"#,
                r#""FOOBar":{"FooBar":"inner","fooBAR":["b","x"]},"fooBAR":["list"]}"#
            )],
        );
        let matched = r#"{"Foo_bar":"b","_FOO_bar":{"FOO_BAR":7},"foo__BAR":["x"]}"#;
        assert_eq!(
            running.call("Match", &[matched]).await.messages,
            [r#"{"fooBar":"matched"}"#]
        );
        let when = running.call("Match", &[r#"{"Foo_bar":"c"}"#]).await;
        assert_eq!(when.messages, [r#"{"FooBar":"when"}"#]);
        let copied = running.call("Copy", &[request]).await;
        assert_eq!(copied.messages, [r#"{"fooBar":"b","FooBar":"a"}"#]);
        // A hint has the names that a proto can have.
        let wrong = "rules:\n  - {method: similar.Similar/Tell, reply: {Foo_barr: x}}\n";
        let problems = problems(&schema, wrong);
        assert!(
            problems.contains("Foo_bar") && !problems.contains('\u{1}'),
            "{problems}"
        );
    }
}

#[test]
fn messages_know_fields_whose_names_are_alike_by_the_names_of_their_proto() {
    for schema in schemas() {
        let method = schema.method("similar.Similar/Tell").expect("it is there");
        let json = r#"{"foo_bar":"a","Foo_bar":"b","FOO_BAR":6}"#;
        let message = Message::from_json(method.input().clone(), json).expect("names of the proto");
        for (name, value) in [("foo_bar", "a"), ("Foo_bar", "b"), ("FooBar", "b")] {
            let found = message.get(name).expect("a field");
            assert_eq!(found.as_str(), Some(value), "{name}");
        }
        let twice = r#"{"Foo_bar":"b","FooBar":"c"}"#;
        Message::from_json(method.input().clone(), twice).expect_err("one field");
    }
}
