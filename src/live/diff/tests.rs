//! Which changes of schemas and rules a reload reports.

use super::{diff_rules, diff_schemas};
use crate::rules::Rules;
use crate::schema::Schema;

fn schema(body: &str) -> Schema {
    let text = format!("syntax = 'proto2'; package p; {body}");
    Schema::from_source("p.proto", &text).expect("it compiles")
}

/// All changes but the last, which is the file.
fn lines(old: &str, new: &str) -> Vec<String> {
    let changes = diff_schemas(&schema(old), &schema(new));
    let mut lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines.pop().as_deref(), Some("file p.proto changed"));
    lines
}

#[test]
fn services_and_methods_that_come_go_and_change_shape_are_told() {
    let old = "message M {} message N {}
        service Stays { rpc A(M) returns (M); rpc B(M) returns (M); } service Goes { rpc A(M) returns (M); }";
    let new = "message M {} message N {}
        service Stays { rpc A(stream M) returns (N); rpc C(M) returns (M); } service Comes { rpc A(M) returns (M); }";
    assert_eq!(
        lines(old, new),
        [
            "service p.Comes added",
            "service p.Goes removed",
            "method p.Stays/C added",
            "method p.Stays/A: response type changed from p.M to p.N",
            "method p.Stays/A: shape changed from unary to client streaming",
            "method p.Stays/B removed",
        ]
    );
}

#[test]
fn each_incompatible_change_of_a_message_is_told() {
    let table = [
        (
            "optional int32 a = 1;",
            "optional int32 a = 2;",
            "field p.M.a: number changed from 1 to 2",
        ),
        (
            "optional int32 a = 1;",
            "optional string a = 1;",
            "field p.M.a: type changed from int32 to string",
        ),
        (
            "optional M a = 1;",
            "optional N a = 1;",
            "field p.M.a: type changed from p.M to p.N",
        ),
        (
            "optional int32 a = 1;",
            "repeated int32 a = 1;",
            "field p.M.a: label changed from singular to repeated",
        ),
        (
            "optional int32 a = 1;",
            "required int32 a = 1;",
            "field p.M.a: label changed from singular to required",
        ),
        (
            "optional int32 a = 1;",
            "optional int32 b = 1;",
            "field p.M.a: name changed from a to b",
        ),
        ("optional int32 a = 1;", "", "field p.M.a removed"),
        (
            "",
            "required int32 a = 1;",
            "field p.M.a: label changed from none to required",
        ),
        (
            "map<string, int32> a = 1;",
            "map<string, bytes> a = 1;",
            "field p.M.AEntry.value: type changed from int32 to bytes",
        ),
    ];
    for (old, new, expected) in table {
        let of = |fields: &str| format!("message M {{ {fields} }} message N {{}}");
        assert_eq!(lines(&of(old), &of(new)), [expected]);
    }
}

#[test]
fn enum_values_that_change_number_or_go_are_told() {
    assert_eq!(
        lines(
            "enum E { A = 0; B = 1; C = 2; }",
            "enum E { A = 0; B = 3; D = 4; }"
        ),
        [
            "enum value p.E.B: number changed from 1 to 3",
            "enum value p.E.C removed"
        ]
    );
}

#[test]
fn compatible_changes_are_told_by_their_file_alone() {
    let old = "message M { optional int32 a = 1; } enum E { A = 0; }";
    let new = "// A comment.
        message M { optional int32 a = 1; optional int32 b = 2; } message N {} enum E { A = 0; B = 1; }";
    assert_eq!(lines(old, new), Vec::<String>::new());
}

#[test]
fn files_that_come_and_go_are_told() {
    let of = |name: &str| Schema::from_source(name, "syntax = 'proto3'; message M {}").expect("it compiles");
    let changes = diff_schemas(&of("a.proto"), &of("b.proto"));
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["file b.proto added", "file a.proto removed"]);
    assert!(!changes.iter().any(super::Change::is_incompatible));
}

#[test]
fn files_are_compared_by_name_wherever_they_stand_among_others() {
    let schema = |files: &[(&str, &str)]| {
        let mut builder = Schema::builder();
        for (name, body) in files {
            builder = builder.source(*name, format!("syntax = 'proto3'; {body}"));
        }
        builder.build().expect("it compiles")
    };
    let service = "message M {} service S { rpc A(M) returns (M); rpc B(M) returns (M); }";
    let old = [
        ("a.proto", "message A {}"),
        ("b.proto", "message B { int32 b = 1; }"),
        ("c.proto", service),
        ("d.proto", "message D {}"),
        ("e.proto", "message E {}"),
    ];
    let new = [
        ("e.proto", "message E {}"),
        ("a.proto", "message A {}"),
        // What has moved to another file is no change.
        ("f.proto", service),
        ("b.proto", "message B { string b = 1; }"),
        ("d.proto", "message D {}"),
    ];
    let lines = |old: &[_], new: &[_]| -> Vec<String> {
        let changes = diff_schemas(&schema(old), &schema(new));
        changes.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        lines(&old, &new),
        [
            "field B.b: type changed from int32 to string",
            "file f.proto added",
            "file b.proto changed",
            "file c.proto removed",
        ]
    );
    assert_eq!(lines(&old, &old), [""; 0]);
    let reversed: Vec<_> = old.into_iter().rev().collect();
    assert_eq!(lines(&old, &reversed), [""; 0]);
}

#[test]
fn rules_come_go_and_change_by_name_wherever_they_stand() {
    let schema = schema("message M {} service S { rpc A(M) returns (M); }");
    let outlines = |rules: &str| {
        let rules = Rules::from_text(&schema, "r.yaml", rules).expect("the rules fit");
        rules.outlines().to_vec()
    };
    let lines = |new: &str| {
        const OLD: &str = "rules:
        - {name: stays, method: p.S/A, times: 1, reply: {}}
        - {method: p.S/A, times: 2, reply: {}}
        - {name: other, method: p.S/A, times: 3, reply: {}}";
        let changes = diff_rules(&outlines(OLD), &outlines(new));
        assert!(!changes.iter().any(super::Change::is_incompatible));
        changes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let stays = "{name: stays, method: p.S/A, times: 1, reply: {}}";
    let nameless = "{method: p.S/A, times: 2, reply: {}}";
    let other = "{name: other, method: p.S/A, times: 3, reply: {}}";
    // The one without a name goes by its line, which is another now, and a new one has its place.
    assert_eq!(
        lines(&format!(
            "rules:
        - {stays}
        - {{method: p.S/A, times: 9, reply: {{}}}}
        - method:   p.S/A
          times:    2   # the same
          reply:    {{}}
        - {other}"
        )),
        ["rule r.yaml:3 added"]
    );
    assert_eq!(
        lines(&format!(
            "rules: [{stays}, {nameless}, {}, {}]",
            other.replace('3', "4"),
            other.replace("other", "new")
        )),
        ["rule other changed", "rule new added"]
    );
    assert_eq!(
        lines(&format!("rules: [{stays}, {other}]")),
        ["rule r.yaml:3 removed"]
    );
    assert_eq!(
        lines(&format!("rules: [{other}, {stays}, {nameless}]")),
        ["the order of the rules changed"]
    );
}
