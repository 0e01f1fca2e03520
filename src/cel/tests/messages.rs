//! Messages that expressions make.

use std::sync::LazyLock;

use bytes::Bytes;

use super::{Given, OLD_SCHEMA, fails, gives, holds};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::schema::Schema;

fn old() -> Given {
    Given {
        schema: &OLD_SCHEMA,
        message: "old.Old",
        ..Given::nothing()
    }
}

#[test]
fn a_message_has_the_fields_that_it_is_made_of() {
    gives(&[
        ("Point{name: 'a', value: 5}.name", "'a'"),
        ("shapes.Point{name: 'a', value: 5}.value", "5"),
        (".shapes.Point{value: 5}.value", "5"),
        ("Point{}.next.next.name", "''"),
        ("Shapes{anInt64: 5}.an_int64", "5"),
        ("Shapes{a_uint32: 5, an_int32: 5u}.a_uint32", "5u"),
        ("Shapes{a_double: 1}.a_double", "1.0"),
        ("Shapes{status: 'ACTIVE'}.status == Status.ACTIVE", "true"),
        ("Shapes{status: Status.GONE}.status == -2", "true"),
        (
            "Shapes{points: [Point{value: 1}, Point{value: 2}]}.points.map(p, p.value)",
            "[1, 2]",
        ),
        ("Shapes{by_id: {7: Point{name: 'x'}}}.by_id[7].name", "'x'"),
        ("Shapes{counts: {'a': 1}}.counts", "{'a': 1}"),
        ("Shapes{pt: {'name': 'by map', 'value': 3}}.pt.name", "'by map'"),
        (
            "json(Shapes{time: timestamp(1), span: duration('90s'), wrapped: 5, facts: {'a': [null]}})",
            r#"'{"wrapped":5,"time":"1970-01-01T00:00:01Z","span":"90s","facts":{"a":[null]}}'"#,
        ),
        ("type(Point{}) == Point", "true"),
        ("google.protobuf.Int32Value{value: 5} + 1", "6"),
        ("google.protobuf.Timestamp{seconds: 5}", "timestamp(5)"),
        (
            "google.protobuf.Duration{seconds: 5, nanos: 1}",
            "duration('5.000000001s')",
        ),
        ("google.protobuf.Struct{fields: {'a': 1.0}}", "{'a': 1.0}"),
        ("google.protobuf.Value{list_value: [1.0]}", "[1.0]"),
        ("Shapes{any: Point{name: 'in'}}.any.name", "'in'"),
        ("Shapes{any: 5}.any + 1", "6"),
        (
            "[Point{value: 2}, Point{value: 1}].sortBy(p, p.value).map(p, p.value)",
            "[1, 2]",
        ),
        (
            "[1, 2].map(n, Point{value: n}).filter(p, p.value > 1)[0].value",
            "2",
        ),
    ]);
    holds(&[
        "has(Point{value: 1}.value)",
        "!has(Point{value: 0}.value)",
        "has(Shapes{maybe: 0}.maybe)",
        "has(Shapes{pt: Point{}}.pt)",
        "!has(Shapes{pt: null}.pt)",
        "Point{value: 1, name: 'a'} == Point{name: 'a', value: 1}",
        "Point{value: 0} == Point{}",
        "Point{value: 1} != Point{}",
        "Point{} in [Point{}]",
        "Shapes{a_double: 0.0 / 0.0} != Shapes{a_double: 0.0 / 0.0}",
    ]);
    old().gives(&[
        ("Old{}.limit", "10"),
        ("Old{limit: 0}.limit", "0"),
        ("has(Old{limit: 10}.limit)", "true"),
        ("Old{`old.extra`: 5}.`old.extra`", "5"),
        ("Old{part: {'name': 'g'}}.part.name", "'g'"),
        ("Old{row: [{'cell': 1}, {}]}.row.map(r, r.cell)", "[1, 0]"),
    ]);
}

#[test]
fn a_message_is_made_of_what_is_read() {
    let given = Given::json(r#"{"anInt32": 7, "numbers": [1, 2], "pt": {"name": "p", "value": 3}}"#);
    given.gives(&[
        ("Point{value: request.an_int32}.value", "7"),
        (
            "json(request.numbers.map(n, Point{value: n * request.an_int32}))",
            r#"'[{"value":7},{"value":14}]'"#,
        ),
        (
            "json(Point{next: request.pt, value: request.pt.value})",
            r#"'{"value":3,"next":{"name":"p","value":3}}'"#,
        ),
        ("request.pt == Point{value: 3, name: 'p'}", "true"),
    ]);
    given.fails(&[
        (
            "Shapes{an_int32: request.an_int32 * 1000000000}.an_int32",
            "field shapes.Shapes.an_int32: 7000000000 does not fit int32",
        ),
        (
            "Shapes{points: [Point{}, {'value': request.pt.name}]}",
            "field shapes.Shapes.points[1].value: \"p\" does not fit int32",
        ),
        (
            "Point{next: {'nmae': 1}}",
            "the message shapes.Point has no field `nmae`; did you mean `name`?",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_a_message_is_known_at_load_with_its_place() {
    for (source, at, message, hint) in [
        (
            "Pont{name: 'a'}",
            "Pont",
            "there is no message type `Pont`",
            "did you mean `shapes.Point`?",
        ),
        (
            "other.Point{}",
            "other.Point",
            "there is no message type `other.Point`",
            "did you mean `shapes.Point`?",
        ),
        ("Status{}", "Status", "there is no message type `Status`", ""),
        (
            "Point{nmae: 'a'}",
            "nmae",
            "message shapes.Point has no field `nmae`",
            "did you mean `name`?",
        ),
        (
            "Point{name: 5}",
            "5",
            "expected string for shapes.Point.name, found int",
            "",
        ),
        (
            "Point{value: 'a'}",
            "'a'",
            "expected int32 for shapes.Point.value, found string",
            "",
        ),
        (
            "Shapes{numbers: 5}",
            "5",
            "expected a list of int32 for shapes.Shapes.numbers, found int",
            "",
        ),
        (
            "Shapes{pt: Shapes{}}",
            "Shapes{}",
            "expected shapes.Point for shapes.Shapes.pt, found shapes.Shapes",
            "",
        ),
        (
            "Point{name: 'a', name: 'b'}",
            "name",
            "`name` and `name` are the same field",
            "",
        ),
        (
            "Shapes{anInt32: 1, an_int32: 2}",
            "an_int32",
            "`an_int32` and `anInt32` are the same field",
            "",
        ),
        (
            "Shapes{text: 'a', number: 1}",
            "number",
            "`number` and `text` are both of the oneof `choice`: one can be set",
            "",
        ),
        (
            "Shapes{status: 'ACTIV'}",
            "'ACTIV'",
            "enum shapes.Status has no value `ACTIV`",
            "did you mean `ACTIVE`?",
        ),
        (
            "Point{name: null}",
            "null",
            "shapes.Point.name cannot be null",
            "leave the field out",
        ),
        (
            "Shapes{numbers: null}",
            "null",
            "shapes.Shapes.numbers cannot be null",
            "leave the field out",
        ),
        (
            "Point{value: 3000000000}",
            "Point{value: 3000000000}",
            "field shapes.Point.value: 3000000000 does not fit int32",
            "",
        ),
        (
            "Point{name: request.nope}",
            "nope",
            "message shapes.Shapes has no field `nope`",
            "",
        ),
        (
            "Nope{name: request.nope}",
            "Nope",
            "there is no message type `Nope`",
            "",
        ),
    ] {
        let problems = Given::nothing().problems(source);
        let problem = &problems[0];
        assert_eq!(problem.message, message, "{source}");
        assert_eq!(problem.hint.as_deref().unwrap_or_default(), hint, "{source}");
        assert_eq!(&source[problem.span.clone()], at, "{source}");
    }
    assert_eq!(Given::nothing().problems("Nope{name: request.nope}").len(), 2);
    fails(&[
        ("Point{name: 'a' 'b'}", "expected `,` or `}`, found `'b'`"),
        ("Point{'name': 'a'}", "expected a field's name"),
        ("Point{?name: 'a'}", "unsupported syntax"),
        (
            "google.protobuf.Timestamp{seconds: 300000000000}",
            "google.protobuf.Timestamp: it is out of range",
        ),
        (
            "google.protobuf.Duration{seconds: 1, nanos: -1}",
            "google.protobuf.Duration: it is out of range",
        ),
    ]);
}

#[test]
fn messages_are_compared_however_deep_they_are() {
    /// Messages within each other, with the innermost one's bytes.
    fn nested(mut bytes: Vec<u8>, levels: usize) -> Vec<u8> {
        for _ in 0..levels {
            let inner = std::mem::take(&mut bytes);
            put_varint(&mut bytes, key(1, WireType::LengthDelimited).into());
            put_delimited(&mut bytes, &inner);
        }
        bytes
    }
    /// As deep as messages may be, and in the innermost an Any with the same in it, some times.
    fn deep(mut bytes: Vec<u8>) -> Bytes {
        for _ in 0..20 {
            let mut any = Vec::new();
            put_varint(&mut any, key(1, WireType::LengthDelimited).into());
            put_delimited(&mut any, b"type.googleapis.com/deep.Deep");
            put_varint(&mut any, key(2, WireType::LengthDelimited).into());
            put_delimited(&mut any, &nested(bytes, 95));
            bytes = Vec::new();
            put_varint(&mut bytes, key(2, WireType::LengthDelimited).into());
            put_delimited(&mut bytes, &any);
        }
        nested(bytes, 95).into()
    }
    static DEEP: LazyLock<Schema> = LazyLock::new(|| {
        let source = r#"
            syntax = "proto3";
            package deep;
            import "google/protobuf/any.proto";
            message Deep { Deep next = 1; google.protobuf.Any any = 2; int32 value = 3; }"#;
        Schema::from_source("deep.proto", source).expect("the schema compiles")
    });
    for (left, right, same) in [
        (vec![], vec![24, 1], false),
        (vec![24, 1], vec![24, 1], true),
        // A NaN would have such a byte.
        (vec![24, 127], vec![24, 127], true),
    ] {
        let given = Given {
            schema: &DEEP,
            message: "deep.Deep",
            requests: vec![deep(left.clone()), deep(right.clone())],
            ..Given::nothing()
        };
        given.gives(&[("requests[0] == requests[1]", if same { "true" } else { "false" })]);
        let given = Given {
            requests: vec![nested(left, 95).into(), nested(right, 95).into()],
            ..given
        };
        given.gives(&[("requests[0] == requests[1]", if same { "true" } else { "false" })]);
    }
}

#[test]
fn a_message_costs_what_is_written() {
    let long = "x".repeat(1 << 16);
    let given = Given::json(&format!(r#"{{"aString": "{long}"}}"#));
    given.fails(&[(
        "lists.range(1000).map(n, Point{name: request.a_string}).size()",
        "costs more than",
    )]);
}
