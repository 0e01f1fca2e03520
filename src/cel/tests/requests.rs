//! Reading the request: fields of every kind, presence, pieces, oneofs, well-known types.

use super::{Given, OLD_SCHEMA, Type, Uses};
use bytes::Bytes;

#[test]
fn every_scalar_reads_as_it_was_written() {
    let given = Given::json(
        r#"{"aDouble": 1.5, "aFloat": -0.5, "anInt32": -2147483648, "anInt64": "-9223372036854775808",
            "aUint32": 4294967295, "aUint64": "18446744073709551615", "aSint32": -3, "aSint64": "-9007199254740993",
            "aFixed32": 4294967295, "aFixed64": "18446744073709551615", "aSfixed32": -5,
            "aSfixed64": "-9223372036854775808", "aBool": true, "aString": "été", "someBytes": "AP8=",
            "status": "GONE"}"#,
    );
    given.gives(&[
        ("request.a_double", "1.5"),
        ("request.a_float", "-0.5"),
        ("request.an_int32", "-2147483648"),
        ("request.an_int64", "-9223372036854775808"),
        ("request.a_uint32", "4294967295u"),
        ("request.a_uint64", "18446744073709551615u"),
        ("request.a_sint32", "-3"),
        ("request.a_sint64", "-9007199254740993"),
        ("request.a_fixed32", "4294967295u"),
        ("request.a_fixed64", "18446744073709551615u"),
        ("request.a_sfixed32", "-5"),
        ("request.a_sfixed64", "-9223372036854775808"),
        ("request.a_bool", "true"),
        ("request.a_string", "'été'"),
        ("request.some_bytes", "b'\\x00\\xff'"),
        ("request.status", "shapes.Status.GONE"),
        ("request.aString", "'été'"),
        ("request['a_string']", "'été'"),
        ("request.an_int32 + 1", "-2147483647"),
        ("request.a_sfixed64 + 1", "-9223372036854775807"),
        ("request.a_sint32 * request.a_sfixed32", "15"),
        ("request.a_string + '!' + request.a_string", "'été!été'"),
    ]);
}

#[test]
fn unset_fields_read_as_their_defaults() {
    Given::nothing().gives(&[
        ("request.a_double", "0.0"),
        ("request.an_int32 + 1", "1"),
        ("request.a_uint64", "0u"),
        ("request.a_bool", "false"),
        ("request.a_string", "''"),
        ("request.some_bytes", "b''"),
        ("request.status", "shapes.Status.UNKNOWN"),
        ("request.pt.next.next.value", "0"),
        ("request.pt == request.pt.next", "true"),
        ("request.numbers", "dyn([])"),
        ("size(request.counts)", "0"),
        ("request.wrapped", "null"),
        ("request.wrapped_text == null", "true"),
        ("request.time", "timestamp(0)"),
        ("request.span", "duration('0s')"),
        ("request.facts == {}", "true"),
        ("request.anything", "null"),
        ("request.things", "dyn([])"),
        ("request.nothing", "null"),
        ("request.maybe", "0"),
        ("request.number", "0"),
    ]);
}

#[test]
fn has_tells_presence() {
    Given::nothing().holds(&[
        "!has(request.pt)",
        "!has(request.pt.name)",
        "!has(request.maybe)",
        "!has(request.an_int32)",
        "!has(request.numbers)",
        "!has(request.counts)",
        "!has(request.wrapped)",
        "!has(request.text)",
        "!has(request.facts.x)",
        "!has(request.status)",
    ]);
    Given::json(
        r#"{"pt": {}, "maybe": 0, "anInt32": 0, "text": "", "wrapped": 0, "numbers": [0], "facts": {"x": null},
            "counts": {"": 0}, "status": "ACTIVE", "points": [{"next": {}}]}"#,
    )
    .holds(&[
        "has(request.pt)",
        "!has(request.pt.name)",
        "!has(request.pt.next)",
        "has(request.maybe)",
        "!has(request.an_int32)",
        "has(request.numbers)",
        "has(request.counts)",
        "has(request.wrapped)",
        "has(request.text)",
        "!has(request.number)",
        "has(request.facts.x)",
        "!has(request.facts.y)",
        "has(request.status)",
        "has(request.points[0].next)",
        "!has(request.points[0].name)",
        "request.wrapped == 0",
    ]);
}

#[test]
fn lists_and_maps_read_whole() {
    let given = Given::json(
        r#"{"numbers": [3, -1, 2], "names": ["b", "a"], "points": [{"name": "x", "value": 1}, {"value": 2}],
            "statuses": ["ACTIVE", "GONE", "UNKNOWN"], "loose": ["-1", "5"],
            "counts": {"a": 1, "b": 2}, "byId": {"7": {"name": "seven"}}, "byFlag": {"true": "yes"}}"#,
    );
    given.gives(&[
        ("request.numbers", "[3, -1, 2]"),
        ("request.loose", "[-1, 5]"),
        ("request.numbers[1] + size(request.names)", "1"),
        ("request.names.join(',')", "'b,a'"),
        ("request.names.sort()[0]", "'a'"),
        ("request.points.map(p, p.value)", "[1, 2]"),
        ("request.points.exists(p, p.name == 'x' && p.value == 1)", "true"),
        ("request.points[1].name", "''"),
        ("request.statuses.filter(s, s == 'GONE').size()", "1"),
        ("request.counts['b']", "2"),
        ("request.counts.a", "1"),
        ("request.counts.map(k, request.counts[k]).sort()", "[1, 2]"),
        ("'c' in request.counts || 'a' in request.counts", "true"),
        ("request.by_id[7].name", "'seven'"),
        ("request.by_flag[true]", "'yes'"),
        ("request.counts == {'b': 2, 'a': 1}", "true"),
        ("request.statuses[1]", "shapes.Status.GONE"),
    ]);
    given.fails(&[
        ("request.numbers[3]", "index out of range"),
        ("request.counts.z", "no such key: z"),
        ("request.by_id[8].name", "no such key: 8"),
    ]);
}

#[test]
fn enums_compare_with_names_and_numbers() {
    let given = Given::json(r#"{"status": "ACTIVE", "inner": "SOME"}"#);
    given.holds(&[
        "request.status == 'ACTIVE'",
        "'GONE' != request.status",
        "request.status == 1",
        "request.status != -2",
        "request.status == shapes.Status.ACTIVE",
        "request.status == Status.ACTIVE",
        "request.inner == shapes.Shapes.Inner.SOME",
        "request.inner == Inner.SOME",
        "request.status in ['ACTIVE', 'GONE']",
        "!(request.status in ['GONE'])",
        "request.status in [1, 2]",
        "request.status > shapes.Status.GONE",
        "request.status >= 1",
        "string(request.status) == 'ACTIVE'",
        "int(request.status) == 1",
        "request.status + 1 == 2",
        "dyn(request.status) == 'ACTIVE'",
        "dyn(request.status) == dyn(1)",
        "'ACTIVE' == dyn(request.status)",
    ]);
    let unknown = Given::bytes(&[0x80, 0x01, 42]);
    unknown.gives(&[("int(request.status)", "42"), ("string(request.status)", "'42'")]);
    assert_eq!(unknown.text("request.status").as_deref(), Ok("42"));
}

#[test]
fn the_last_value_wins_and_pieces_merge() {
    // an_int32 = 1, then 2; pt {name: "a", value: 1}, then pt {value: 2}.
    let given = Given::bytes(b"\x18\x01\x18\x02\x8a\x01\x05\x0a\x01a\x10\x01\x8a\x01\x02\x10\x02");
    given.gives(&[
        ("request.an_int32", "2"),
        ("request.pt.name", "'a'"),
        ("request.pt.value", "2"),
        ("json(request.pt)", r#"'{"name":"a","value":2}'"#),
        ("json([request.pt][0])", r#"'{"name":"a","value":2}'"#),
        ("[request.pt][0].name + string([request.pt][0].value)", "'a2'"),
    ]);
    // next {name: "a"} and next {value: 3} in two pieces of pt.
    let nested = Given::bytes(b"\x8a\x01\x05\x1a\x03\x0a\x01a\x8a\x01\x04\x1a\x02\x10\x03");
    nested.gives(&[
        ("json(request.pt.next)", r#"'{"name":"a","value":3}'"#),
        ("request.pt.next.name", "'a'"),
        ("has(request.pt.next.next)", "false"),
    ]);
}

#[test]
fn the_last_member_of_a_oneof_clears_the_others() {
    // text "a", then number 5; then text again.
    Given::bytes(b"\xaa\x01\x01a\xb0\x01\x05").holds(&[
        "request.number == 5",
        "request.text == ''",
        "!has(request.text)",
        "has(request.number)",
        "[request].all(r, r.number == 5 && r.text == '' && !has(r.text) && has(r.number))",
    ]);
    // point {name: "a"}, number 5, point {value: 3}: the first piece is gone.
    Given::bytes(b"\xba\x01\x03\x0a\x01a\xb0\x01\x05\xba\x01\x02\x10\x03").holds(&[
        "request.point.name == ''",
        "request.point.value == 3",
        "!has(request.number)",
        "json(request.point) == '{\"value\":3}'",
        "[request].all(r, r.point.name == '' && has(r.point) && r.point.value == 3)",
    ]);
}

#[test]
fn lists_come_packed_or_not_and_the_last_entry_of_a_key_wins() {
    // numbers: packed [1, 2], then 3 alone; counts: a = 1, b = 2, a = 3, and an entry without a value.
    let given = Given::bytes(
        b"\xf2\x01\x02\x01\x02\xf0\x01\x03\xc2\x02\x05\x0a\x01a\x10\x01\xc2\x02\x05\x0a\x01b\x10\x02\
          \xc2\x02\x05\x0a\x01a\x10\x03\xc2\x02\x03\x0a\x01c",
    );
    given.gives(&[
        ("request.numbers", "[1, 2, 3]"),
        ("request.counts.a", "3"),
        ("request.counts.c", "0"),
        ("size(request.counts)", "3"),
    ]);
    // loose, packed although it is declared otherwise: -1, 1.
    Given::bytes(b"\x92\x02\x02\x01\x02").gives(&[("request.loose", "[-1, 1]")]);
    let many: Vec<String> = (0..100).map(|n| format!(r#""k{n}": {n}"#)).collect();
    let mut bytes = Given::json(&format!(r#"{{"counts": {{{}}}}}"#, many.join(",")))
        .request
        .to_vec();
    bytes.extend_from_slice(b"\xc2\x02\x06\x0a\x02k5\x10\x07");
    Given::bytes(&bytes).gives(&[("request.counts.k5", "7"), ("size(request.counts)", "100")]);
}

#[test]
fn well_known_types_read_as_what_they_stand_for() {
    let given = Given::json(
        r#"{"wrapped": 5, "wrappedText": "", "time": "2009-02-13T23:31:30.5Z", "span": "1.5s",
            "facts": {"n": 1, "s": "x", "l": [1, null, true], "o": {"k": "v"}}, "anything": [1, "a"],
            "things": ["x", 2]}"#,
    );
    given.gives(&[
        ("request.wrapped", "5"),
        ("request.wrapped + 1", "6"),
        ("request.wrapped.value + 1", "6"),
        ("request.wrapped_text", "''"),
        ("request.time", "timestamp('2009-02-13T23:31:30.5Z')"),
        ("request.time.getFullYear()", "2009"),
        ("request.time.seconds", "1234567890"),
        ("request.time.nanos", "500000000"),
        ("request.span + duration('500ms')", "duration('2s')"),
        ("request.span.seconds", "1"),
        ("request.facts.n", "1.0"),
        ("request.facts.n == 1", "true"),
        ("request.facts.s + '!'", "'x!'"),
        ("request.facts.l[2]", "true"),
        ("request.facts.l[1] == null", "true"),
        ("request.facts.o.k", "'v'"),
        ("request.facts['o']['k']", "'v'"),
        ("request.anything[1]", "'a'"),
        ("request.anything.size()", "2"),
        ("request.things[0]", "'x'"),
        ("has(request.time.seconds)", "true"),
    ]);
    given.fails(&[
        ("request.facts.missing", "no such key: missing"),
        ("request.facts.n.x", "double has no field x"),
        (
            "request.time.getFullYear",
            "google.protobuf.Timestamp has no field",
        ),
    ]);
}

#[test]
fn an_any_is_unpacked_when_someone_looks_inside() {
    let given = Given::json(
        r#"{"any": {"@type": "type.googleapis.com/shapes.Point", "name": "x", "value": 5},
            "anys": [{"@type": "type.googleapis.com/google.protobuf.Int32Value", "value": 3}]}"#,
    );
    given.gives(&[
        ("request.any.name", "'x'"),
        ("request.any.value + 1", "6"),
        ("request.any.type_url", "'type.googleapis.com/shapes.Point'"),
        ("has(request.any.name)", "true"),
        ("has(request.any.next)", "false"),
        ("request.anys[0] + 1", "4"),
        ("request.anys.map(a, a == 3)", "[true]"),
        (
            "json(request.any)",
            r#"'{"@type":"type.googleapis.com/shapes.Point","name":"x","value":5}'"#,
        ),
    ]);
    given.fails(&[("request.any.nope", "shapes.Point has no field nope")]);
    // An unknown type stays an Any; contents that are not what they claim are an error.
    let unknown = Given::bytes(b"\xca\x03\x05\x0a\x03x/y");
    unknown.gives(&[("request.any.type_url", "'x/y'")]);
    unknown.fails(&[("request.any.name", "google.protobuf.Any has no field name")]);
    let broken = Given::bytes(b"\xca\x03\x13\x0a\x0ex/shapes.Point\x12\x01\x0a");
    broken.fails(&[("request.any.name", "the Any does not hold a shapes.Point")]);
}

#[test]
fn messages_are_equal_by_their_fields() {
    let given = Given::json(
        r#"{"pt": {"name": "x", "value": 1}, "points": [{"name": "x", "value": 1}, {"name": "y"}]}"#,
    );
    given.holds(&[
        "request.pt == request.points[0]",
        "request.pt != request.points[1]",
        "request.pt in request.points",
        "[request.pt] == [request.points[0]]",
    ]);
    // The same fields in another order: value 1, name "x".
    let turned = Given::bytes(b"\x8a\x01\x05\x10\x01\x0a\x01x\x82\x02\x05\x0a\x01x\x10\x01");
    turned.holds(&["request.pt == request.points[0]"]);
}

#[test]
fn proto2_has_defaults_groups_and_extensions() {
    let given = Given {
        schema: &OLD_SCHEMA,
        message: "old.Old",
        ..Given::nothing()
    };
    given.gives(&[
        ("request.limit", "10"),
        ("request.title", "'none'"),
        ("request.level", "old.Level.HIGH"),
        ("request.level == 'HIGH'", "true"),
        ("request.raw", "b'\\x01'"),
        ("has(request.limit)", "false"),
        ("request.part.name", "''"),
        ("request.`old.extra`", "0"),
        ("has(request.`old.extra`)", "false"),
    ]);
    // limit 0; group part {name "p", sizes 4 and 5}; two rows; extra 9; tags "a" and "b".
    let bytes = Bytes::from_static(
        b"\x08\x00\x2b\x0a\x01p\x10\x04\x10\x05\x2c\x33\x08\x01\x34\x33\x08\x02\x34\
          \xa0\x06\x09\xaa\x06\x01a\xaa\x06\x01b",
    );
    let given = Given {
        request: bytes,
        ..given
    };
    given.gives(&[
        ("request.limit", "0"),
        ("has(request.limit)", "true"),
        ("request.part.name", "'p'"),
        ("request.part.sizes", "[4, 5]"),
        ("request.row.map(r, r.cell)", "[1, 2]"),
        ("request.`old.extra` + 1", "10"),
        ("request['old.extra']", "9"),
        ("request['old.tags'].join()", "'ab'"),
        ("has(request.`old.extra`)", "true"),
    ]);
}

#[test]
fn well_known_types_can_be_the_request() {
    let wrapper = Given {
        message: "google.protobuf.StringValue",
        ..Given::nothing()
    };
    let wrapper = Given {
        request: wrapper.message_of(r#""text""#),
        ..wrapper
    };
    wrapper.gives(&[
        ("request", "'text'"),
        ("request.value", "'text'"),
        ("request + '!'", "'text!'"),
    ]);
    let facts = Given {
        message: "google.protobuf.Struct",
        ..Given::nothing()
    };
    let facts = Given {
        request: facts.message_of(r#"{"a": [1, 2]}"#),
        ..facts
    };
    facts.gives(&[("request.a[1]", "2.0"), ("has(request.b)", "false")]);
    let time = Given {
        message: "google.protobuf.Timestamp",
        ..Given::nothing()
    };
    let time = Given {
        request: time.message_of(r#""1970-01-01T00:00:05Z""#),
        ..time
    };
    time.gives(&[("request", "timestamp(5)"), ("request.seconds", "5")]);
}

#[test]
fn all_messages_so_far_are_requests() {
    let given = Given::nothing();
    let requests = vec![
        given.message_of(r#"{"anInt32": 1}"#),
        given.message_of(r#"{"anInt32": 2}"#),
    ];
    let given = Given { requests, ..given };
    given.gives(&[
        ("size(requests)", "2"),
        ("requests.size() + received", "4"),
        ("requests[1].an_int32", "2"),
        ("requests.map(r, r.an_int32)", "[1, 2]"),
        ("requests.exists(r, r.an_int32 == 2)", "true"),
        ("requests[received - 1].an_int32", "2"),
    ]);
    given.fails(&[
        ("requests[2].an_int32", "index out of range: 2 in 2 requests"),
        ("requests[-1]", "out of range"),
    ]);
    assert_eq!(
        given.uses("requests[0].an_int32"),
        Uses {
            requests: true,
            ..Uses::default()
        }
    );
    assert_eq!(
        given.uses("size(requests)"),
        Uses {
            requests: true,
            ..Uses::default()
        }
    );
}

#[test]
fn the_path_of_a_field_is_told_and_of_nothing_else() {
    let path = |source: &str| {
        let given = Given::nothing();
        given
            .with_program(source, |program, _| program.request_path().map(<[u32]>::to_vec))
            .expect("it compiles")
    };
    assert_eq!(path("request.pt.next.value"), Some(vec![17, 3, 2]));
    assert_eq!(path("(request.pt)"), Some(vec![17]));
    assert_eq!(path("request.maybe"), Some(vec![20]));
    assert_eq!(path("request.numbers"), Some(vec![30]));
    assert_eq!(path("request.wrapped"), Some(vec![50]));
    assert_eq!(path("request"), None);
    assert_eq!(path("request.numbers[0]"), None);
    assert_eq!(path("request.facts.x"), None);
    assert_eq!(path("request.pt.value + 0"), None);
    assert_eq!(path("has(request.pt)"), None);
    assert_eq!(path("[request.pt][0].value"), None);
}

#[test]
fn the_types_of_fields_are_known_at_load() {
    let type_of = |source: &str| {
        let given = Given::nothing();
        given
            .with_program(source, |program, _| program.result_type().to_string())
            .expect("it compiles")
    };
    for (source, expected) in [
        ("request", "shapes.Shapes"),
        ("request.pt", "shapes.Point"),
        ("request.pt.value + 1", "int"),
        ("request.a_uint32", "uint"),
        ("request.a_float", "double"),
        ("request.status", "shapes.Status"),
        ("request.numbers", "list(int)"),
        ("request.counts", "map(string, int)"),
        ("request.by_id[1]", "shapes.Point"),
        ("request.wrapped", "dyn"),
        ("request.facts", "map(string, dyn)"),
        ("request.things", "list(dyn)"),
        ("request.time - request.time", "duration"),
        ("request.points.map(p, p.name)", "list(string)"),
        ("request.a_bool ? 1 : 2", "int"),
        ("request.a_bool ? 1 : 'x'", "dyn"),
        ("request.names.first()", "string"),
        ("size(request.names) > 1", "bool"),
        ("request.wrapped + 1", "int"),
        ("request.any.name", "dyn"),
        ("metadata", "map(string, string)"),
        ("math.greatest(request.numbers)", "int"),
        ("math.greatest(1, request.a_double)", "dyn"),
        ("request.a_string.split(',')", "list(string)"),
        ("requests", "list(shapes.Shapes)"),
    ] {
        assert_eq!(type_of(source), expected, "{source}");
    }
    assert_eq!(
        Given::nothing().with_program("now", |p, _| p.result_type().clone()),
        Ok(Type::Timestamp)
    );
}
