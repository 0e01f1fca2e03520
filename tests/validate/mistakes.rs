//! Rules in protos that are wrong are problems at load, at their places, with what is right.

use protod::{Schema, Validator};

/// The problems of a message's contents.
fn problems(contents: &str) -> Vec<String> {
    let text = format!(
        "syntax = \"proto3\";\nimport \"buf/validate/validate.proto\";\nimport \"google/protobuf/wrappers.proto\";\nmessage M {{\n{contents}\n}}\nmessage Other {{}}"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("m.proto");
    std::fs::write(&file, text).expect("it can be written");
    let schema = Schema::load(&file).unwrap_or_else(|error| panic!("{error:?}"));
    let message = schema.pool().get_message_by_name("M").expect("it is there");
    let Err(error) = Validator::new(&schema, [message]) else {
        return Vec::new();
    };
    assert!(error.is_schema());
    let lines = error.problems().iter().map(|problem| {
        let located = problem.located();
        let place = located.split("m.proto:").nth(1).expect("a place");
        match problem.hint() {
            Some(hint) => format!("{place} ({hint})"),
            None => place.to_owned(),
        }
    });
    lines.collect()
}

#[test]
fn each_mistake_has_its_place_and_what_is_right() {
    let table = [
        (
            "int32 n = 1 [(buf.validate.field).string.min_len = 1];",
            "5:13: field M.n: `string` rules do not fit it (a field of its type has `int32` rules)",
        ),
        (
            "repeated int32 n = 1 [(buf.validate.field).int32.gt = 1];",
            "5:22: field M.n: `int32` rules do not fit it (a field of its type has `repeated` rules)",
        ),
        (
            "Other n = 1 [(buf.validate.field).int32.gt = 1];",
            "5:13: field M.n: `int32` rules do not fit it (a field of its type has no rules but `required` and `cel`)",
        ),
        (
            "repeated google.protobuf.StringValue n = 1 [(buf.validate.field).repeated.items.bytes.min_len = 1];",
            "5:44: field M.n: `bytes` rules do not fit it (a field of its type has `string` rules)",
        ),
        (
            "string n = 1 [(buf.validate.field).string.pattern = \"(\"];",
            "5:14: field M.n: `string.pattern` cannot have this value: not a regular expression: unclosed group (a character such as `(` or `[` stands for itself after `\\`, or in brackets: `[(]`)",
        ),
        (
            "int32 n = 1 [(buf.validate.field).cel = {id: \"n\", expression: \"this > 1.0 && tihs > 1\"}];",
            "5:13: field M.n: the constraint `n` does not compile: unknown name `tihs` (at character 15 of `this > 1.0 && tihs > 1`) (did you mean `this`?)",
        ),
        (
            "int32 n = 1 [(buf.validate.field).cel = {id: \"n\", expression: \"this + 1\"}];",
            "5:13: field M.n: the constraint `n` gives int; a constraint gives a bool, or a text that is empty if all is well (compare it with what it must be, as in `this < 100`)",
        ),
        (
            "int32 n = 1 [(buf.validate.field).cel_expression = \"request.n > 1\"];",
            "5:13: field M.n: the constraint `request.n > 1` does not compile: unknown name `request` (at character 1 of `request.n > 1`) (the value is `this`)",
        ),
        (
            "option (buf.validate.message).cel = {id: \"m\", expression: \"this.m > 1\"}; int32 n = 1;",
            "5:1: message M: the constraint `m` does not compile: message M has no field `m` (at character 6 of `this.m > 1`) (did you mean `n`?)",
        ),
        (
            "option (buf.validate.message).oneof = {fields: [\"n\", \"m\"]}; int32 n = 1;",
            "5:1: message M: `oneof` names the field m, which there is not (did you mean `n`?)",
        ),
        (
            "option (buf.validate.message).oneof = {fields: [\"n\", \"n\"]}; int32 n = 1;",
            "5:1: message M: `oneof` names the field n twice (name each field once)",
        ),
        (
            "option (buf.validate.message).oneof = {required: true}; int32 n = 1;",
            "5:1: message M: `oneof` names no fields (name two or more, as in `fields: [\"email\", \"phone\"]`)",
        ),
    ];
    for (contents, problem) in table {
        assert_eq!(problems(contents), [problem], "{contents}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let contents = "int32 a = 1 [(buf.validate.field).string.min_len = 1];\n\
                    int32 b = 2 [(buf.validate.field).cel_expression = \"a\"];";
    assert_eq!(problems(contents).len(), 2);
}

#[test]
fn rules_that_are_ignored_are_not_compiled() {
    let contents = "int32 n = 1 [(buf.validate.field) = {ignore: IGNORE_ALWAYS, cel_expression: \"a\"}];";
    assert_eq!(problems(contents), Vec::<String>::new());
}
