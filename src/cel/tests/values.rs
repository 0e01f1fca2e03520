//! Values as text, as constants, and free of what they were read from.

use std::borrow::Cow;

use super::{Given, Value};

#[test]
fn values_print_as_templates_show_them() {
    let given = Given::json(
        r#"{"status": "ACTIVE", "someBytes": "AP8=", "pt": {"name": "x"}, "statuses": ["GONE"], "byId": {"7": {}}}"#,
    );
    for (source, expected) in [
        ("42", "42"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615u", "18446744073709551615"),
        ("1.0", "1"),
        ("0.1", "0.1"),
        ("-2.5e-9", "-2.5e-9"),
        ("1e300", "1e+300"),
        ("1.0 / 0.0", "Infinity"),
        ("0.0 / 0.0", "NaN"),
        ("true", "true"),
        ("null", ""),
        ("'té\"xt'", "té\"xt"),
        ("request.status", "ACTIVE"),
        ("request.some_bytes", "AP8="),
        ("request.pt", r#"{"name":"x"}"#),
        ("[1, 'a', null, 2.5]", r#"[1,"a",null,2.5]"#),
        ("request.statuses", r#"["GONE"]"#),
        ("{'a': [1], 'b': {}}", r#"{"a":[1],"b":{}}"#),
        ("{1: true}", r#"{"1":true}"#),
        ("request.by_id", r#"{"7":{}}"#),
        ("[request.some_bytes, 0.0 / 0.0]", r#"["AP8=","NaN"]"#),
    ] {
        assert_eq!(given.text(source).as_deref(), Ok(expected), "{source}");
    }
}

/// A float is the double that it is, and shows the digits that a float has.
#[test]
fn floats_print_with_the_fewest_digits_and_compute_as_doubles() {
    let given = Given::json(r#"{"aFloat": 0.1, "aDouble": 0.10000000149011612}"#);
    for (source, expected) in [
        ("request.a_float", "0.1"),
        ("string(request.a_float)", "0.1"),
        ("json(request.a_float)", "0.1"),
        ("json({'f': [request.a_float]})", r#"{"f":[0.1]}"#),
        ("[request.a_float].map(f, f)", "[0.1]"),
        (
            "'%s %d %.3f %s'.format([request.a_float, request.a_float, request.a_float, [request.a_float]])",
            "0.1 0.1 0.100 [0.1]",
        ),
        ("-request.a_float", "-0.1"),
        ("math.abs(-request.a_float)", "0.1"),
        ("math.greatest(request.a_float, 0.05)", "0.1"),
        ("dyn(request.a_float)", "0.1"),
        ("request", r#"{"aDouble":0.10000000149011612,"aFloat":0.1}"#),
        ("request.a_double", "0.10000000149011612"),
        ("string(request.a_double)", "0.10000000149011612"),
        ("double(request.a_float)", "0.10000000149011612"),
        ("request.a_float + 0.0", "0.10000000149011612"),
        ("request.a_float * 1.0", "0.10000000149011612"),
        ("dyn(request.a_float) * 1.0", "0.10000000149011612"),
        ("request.a_float == request.a_double", "true"),
        ("request.a_float == 0.1", "false"),
        ("request.a_double in [request.a_float]", "true"),
        (
            "[request.a_double, request.a_float].distinct()",
            "[0.10000000149011612]",
        ),
        ("request.a_float < 1 && request.a_float > 0u", "true"),
        ("type(request.a_float) == type(request.a_double)", "true"),
        ("int(request.a_float + 2.0)", "2"),
        ("int(request.a_float)", "0"),
        ("math.round(request.a_float)", "0"),
        ("math.sign(request.a_float)", "1"),
        ("[request.a_float, 0.05].sort()", "[0.05,0.1]"),
    ] {
        assert_eq!(given.text(source).as_deref(), Ok(expected), "{source}");
    }
    let large = Given::json(r#"{"aFloat": 3.4e38}"#);
    assert_eq!(large.text("request.a_float").as_deref(), Ok("3.4e+38"));
    let infinite = Given::json(r#"{"aFloat": "-Infinity"}"#);
    assert_eq!(
        infinite.text("[request.a_float]").as_deref(),
        Ok(r#"["-Infinity"]"#)
    );
}

#[test]
fn what_depends_on_nothing_is_computed_at_load() {
    let constant = |source: &str| {
        let given = Given::nothing();
        given
            .with_program(source, |program, _| program.constant().is_some())
            .expect("it compiles")
    };
    for source in [
        "1",
        "1 + 2 * 3",
        "'a' + 'b'",
        "[1, 2].map(x, x * 2)",
        "[1, 2].exists(x, [3].all(y, y > x))",
        "true || 1 / 0 > 0",
        "size('abc') > 2 ? 'a' : 'b'",
        "timestamp('2020-01-01T00:00:00Z') + duration('1h')",
        "shapes.Status.ACTIVE",
        "{'a': [1]}.a[0]",
    ] {
        assert!(constant(source), "{source}");
    }
    for source in [
        "request.an_int32",
        "now",
        "random()",
        "'a' in metadata",
        "received",
        "[1].map(x, x + received)",
    ] {
        assert!(!constant(source), "{source}");
    }
}

#[test]
fn text_and_bytes_are_borrowed_from_the_request() {
    let given =
        Given::json(r#"{"aString": "text", "someBytes": "AP8=", "pt": {"name": "x"}, "names": ["n"]}"#);
    let borrows = |source: &str| {
        given
            .with_program(source, |program, env| match program.eval(env).expect("it runs") {
                Value::String(text) => matches!(text, Cow::Borrowed(_)),
                Value::Bytes(bytes) => matches!(bytes, Cow::Borrowed(_)),
                Value::Message(message) => matches!(message.bytes, Cow::Borrowed(_)),
                other => panic!("{other:?} has nothing to borrow"),
            })
            .expect("it compiles")
    };
    for source in [
        "request.a_string",
        "request.some_bytes",
        "request.pt",
        "request.pt.name",
        "request.names[0]",
        "request",
        "received > 5 ? 'a' : request.a_string",
        "[request.pt][0].name",
        "request.names.filter(n, n != '')[0]",
        "call.method",
        "bytes(request.a_string)",
    ] {
        assert!(borrows(source), "{source}");
    }
}

#[test]
fn type_names_are_those_of_the_language() {
    let given = Given::nothing();
    for (source, expected) in [
        ("null", "null"),
        ("1u", "uint"),
        ("[1]", "list"),
        ("{}", "map"),
        ("request.pt", "shapes.Point"),
        ("request.status", "shapes.Status"),
        ("now", "timestamp"),
        ("duration('1s')", "duration"),
        ("b''", "bytes"),
    ] {
        let value = given.eval(source).expect("it runs");
        assert_eq!(value.type_name(), expected, "{source}");
    }
}

#[test]
fn the_type_of_a_value_is_a_value_itself() {
    let given = Given::json(
        r#"{"status": "ACTIVE", "wrapped": 5, "anything": 1.5, "any": {"@type": "x/shapes.Point", "name": "x"}}"#,
    );
    given.holds(&[
        "type(request.a_string) == string",
        "type(request.some_bytes) == bytes",
        "type(request.a_uint32) == uint",
        "type(request.a_float) == double",
        "type(request.a_bool) == bool",
        "type(request.pt) == shapes.Point && type(request.pt) == Point",
        "type(request.status) == Status && type(request.inner) == Shapes.Inner",
        "type(request.time) == google.protobuf.Timestamp && type(now) == google.protobuf.Timestamp",
        "type(request.span) == google.protobuf.Duration",
        "type(request.wrapped) == int && type(request.wrapped) == google.protobuf.Int32Value",
        "type(request.wrapped_text) == null_type",
        "type(request.facts) == map && type(request.facts) == google.protobuf.Struct",
        "type(request.anything) == double",
        "type(request.numbers) == list && type(request.counts) == map",
        "type(request.any) == Point",
        "type(type(1)) == type && type(int) == type",
        "type(1) != type(1u)",
        "[1, 'a', null].map(x, type(x)) == [int, string, null_type]",
        "type(request.a_string) in [bytes, string]",
        "[1].all(int, int == 1)",
        "['x'].exists(request, .request.wrapped == 5 && request == 'x')",
    ]);
    for (source, expected) in [
        ("type(request)", "shapes.Shapes"),
        ("[int, type(null)]", r#"["int","null_type"]"#),
        ("'%s'.format([type(now)])", "google.protobuf.Timestamp"),
    ] {
        assert_eq!(given.text(source).as_deref(), Ok(expected), "{source}");
    }
    given.fails(&[
        ("type(1) == 'int'", "`==` does not take type and string"),
        ("int < string", "`<` does not take type and type"),
        ("int + 1", "`+` does not take type and int"),
        ("type()", "`type` does not take 0 arguments"),
        ("type(1) == strin", "unknown name `strin`"),
        ("Poin == Point", "unknown name `Poin`"),
        ("string(int)", "`string` does not take (type)"),
    ]);
}
