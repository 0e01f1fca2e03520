//! The same seed, method, request and index give the same sample. If one of them differs, the sample differs.

use protod::{Sampler, Schema};

use crate::{json, message, method, schema};

fn people() -> Schema {
    schema(
        r#"
        syntax = "proto3"; package t;
        service S { rpc A(Q) returns (P); rpc B(Q) returns (P); }
        message Q { string q = 1; map<string, int32> labels = 2; }
        message P { string id = 1; repeated P friends = 2; map<string, double> scores = 3; oneof o { string a = 4; int64 b = 5; } }
        "#,
    )
}

#[test]
fn the_same_call_gives_the_same_sample() {
    // Two schemas, so that nothing can depend on addresses or on the order of one pool's tables.
    let (one, two) = (people(), people());
    let sample = |schema: &Schema| {
        let request = message(schema, "t.Q", r#"{"q": "x", "labels": {"a": 1, "b": 2, "c": 3}}"#);
        json(&Sampler::new(7).sample(method(schema, "t.S/A"), Some(&request), 2))
    };
    assert_eq!(sample(&one), sample(&two));
}

#[test]
fn this_sample_stays_as_it_is_from_version_to_version() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t;
        service S { rpc Get(User) returns (User); }
        message User { int64 user_id = 1; double score = 2; string color = 3; bytes digest = 4; bool odd = 5; }
        "#,
    );
    let sample = json(&Sampler::new(1).sample(method(&schema, "t.S/Get"), None, 0));
    insta::assert_snapshot!(
        sample.to_string(),
        @r##"{"color":"#024ebf","digest":"abvPQkIvPXyyV9JBTnTz3UN++qSqPvAoYrweZTUQJLk=","score":0.958,"userId":"76304"}"##
    );
}

#[test]
fn seed_method_request_and_index_each_make_a_difference() {
    let schema = people();
    let sample = |seed, name, q, index| {
        let request = message(&schema, "t.Q", q);
        json(&Sampler::new(seed).sample(method(&schema, name), Some(&request), index))
    };
    let first = sample(1, "t.S/A", r#"{"q": "x"}"#, 0);
    assert_ne!(first, sample(2, "t.S/A", r#"{"q": "x"}"#, 0));
    assert_ne!(first, sample(1, "t.S/B", r#"{"q": "x"}"#, 0));
    assert_ne!(first, sample(1, "t.S/A", r#"{"q": "y"}"#, 0));
    assert_ne!(first, sample(1, "t.S/A", r#"{"q": "x", "labels": {"a": 1}}"#, 0));
    assert_ne!(first, sample(1, "t.S/A", r#"{"q": "x"}"#, 1));
}

#[test]
fn a_new_field_changes_no_other() {
    let before = schema(
        "syntax = 'proto3'; package t; service S { rpc A(P) returns (P); }
         message P { string email = 2; int64 age = 3; repeated string tags = 4; }",
    );
    let after = schema(
        "syntax = 'proto3'; package t; service S { rpc A(P) returns (P); }
         message P { string city = 1; string email = 2; int64 age = 3; repeated string tags = 4; }",
    );
    let mut longer = json(&Sampler::new(3).sample(method(&after, "t.S/A"), None, 0));
    let added = longer.as_object_mut().expect("an object").remove("city");
    assert!(added.is_some());
    assert_eq!(
        longer,
        json(&Sampler::new(3).sample(method(&before, "t.S/A"), None, 0))
    );
}
