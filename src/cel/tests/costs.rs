//! What costs too much is stopped, whatever loops: over elements, over bytes, within each other, at load. What is usual
//! costs far less.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::Given;
use crate::cel::Budget;
use crate::cel::values::Value;

/// So many numbers and texts, and a text of so many bytes.
fn given(elements: usize, bytes: usize) -> Given {
    let mut json = String::from(r#"{"numbers": ["#);
    for number in 0..elements {
        write!(json, "{}{number}", if number == 0 { "" } else { "," }).expect("a String takes all");
    }
    json.push_str(r#"], "names": ["#);
    for number in 0..elements {
        write!(json, "{}\"n{number}\"", if number == 0 { "" } else { "," }).expect("a String takes all");
    }
    write!(
        json,
        r#"], "aString": "{}", "text": "{}"}}"#,
        "ab".repeat(bytes / 2),
        "ba".repeat(bytes / 2)
    )
    .expect("a String takes all");
    Given::json(&json)
}

const TOO_COSTLY: &str = "it costs more than";

#[test]
fn loops_over_what_a_client_sends_are_stopped() {
    let given = given(20_000, 200_000);
    given.fails(&[
        (
            "request.numbers.all(x, request.numbers.exists_one(y, y == x))",
            TOO_COSTLY,
        ),
        (
            "request.numbers.exists_one(x, request.numbers.all(y, y >= 0 || x < 0))",
            TOO_COSTLY,
        ),
        ("request.numbers.map(x, request.numbers)", TOO_COSTLY),
        ("request.numbers.filter(x, x in request.numbers)", TOO_COSTLY),
        (
            "request.numbers.map(x, request.numbers.map(y, y + x))",
            TOO_COSTLY,
        ),
        (
            "request.numbers.sortBy(x, request.numbers.filter(y, y < x).size())",
            TOO_COSTLY,
        ),
        (
            "request.names.all(n, request.names.exists(m, m == n + ''))",
            TOO_COSTLY,
        ),
        ("request.names.map(n, request.aString + n)", TOO_COSTLY),
        ("request.names.map(n, request.aString.upperAscii())", TOO_COSTLY),
        (
            "request.names.exists(n, request.aString == request.text)",
            TOO_COSTLY,
        ),
        ("request.names.exists(n, request.aString.contains(n))", TOO_COSTLY),
        (
            "request.names.exists(n, request.aString.matches('(a|b)*c' + n))",
            TOO_COSTLY,
        ),
        (
            "request.names.exists(n, request.aString.matches('[ab]*a[ab]{200}c'))",
            TOO_COSTLY,
        ),
        ("request.names.map(n, json(request))", TOO_COSTLY),
        ("request.names.map(n, request.aString.split('a'))", TOO_COSTLY),
        (
            "request.names.map(n, request.aString.replace('a', 'bb'))",
            TOO_COSTLY,
        ),
        (
            "request.names.map(n, base64.encode(bytes(request.aString)))",
            TOO_COSTLY,
        ),
        ("request.names.map(n, '%s'.format([request.names]))", TOO_COSTLY),
        ("request.names.map(n, request.names.join(n))", TOO_COSTLY),
        ("request.names.map(n, request.numbers.sort())", TOO_COSTLY),
        ("request.names.map(n, request.names.distinct())", TOO_COSTLY),
        (
            "request.names.map(n, request.numbers.reverse().flatten())",
            TOO_COSTLY,
        ),
        ("request.numbers.map(x, [x, [x]]).distinct()", TOO_COSTLY),
        (
            "request.numbers.map(x, dyn(request) == dyn(request.pt))",
            TOO_COSTLY,
        ),
    ]);
}

#[test]
fn looking_for_a_part_costs_what_it_takes_where_the_part_begins_everywhere() {
    let mut random = fastrand::Rng::with_seed(7);
    let letters: String = (0..640_000)
        .map(|_| if random.bool() { 'a' } else { 'b' })
        .collect();
    let given = Given::json(&format!(r#"{{"aString": "{letters}"}}"#));
    // A unit is some 20 ns, and these take up to 16 ns for the bytes of one.
    for call in [
        "request.aString.contains('b' + string(x) + 'name')",
        "request.aString.indexOf('b' + string(x) + 'name')",
        "request.aString.indexOf('b' + string(x) + 'name', 1)",
        "request.aString.lastIndexOf('b' + string(x) + 'name')",
        "request.aString.lastIndexOf('b' + string(x) + 'name', 639990)",
        "request.aString.split('b' + string(x) + 'name')",
        "request.aString.replace('b' + string(x) + 'name', 'c')",
    ] {
        given.fails(&[(&*format!("lists.range(30).map(x, {call})"), TOO_COSTLY)]);
        given.holds(&[&format!("lists.range(5).map(x, {call}).size() == 5")]);
    }
}

#[test]
fn a_part_that_costs_too_much_is_not_outweighed_by_another() {
    let given = given(20_000, 100);
    let costly = "request.numbers.all(x, request.numbers.exists_one(y, y == x))";
    for around in [
        "X && request.a_bool",
        "X || !request.a_bool",
        "!(X) || !request.a_bool",
        "[1].exists(i, X || i == 1)",
        "[1, 2].exists(i, i == 1 ? X : true)",
        "[true].all(t, t && X) || !request.a_bool",
    ] {
        given.fails(&[(&around.replace('X', costly), TOO_COSTLY)]);
    }
}

#[test]
fn long_texts_that_are_no_key_time_or_zone_cost_what_is_read_of_them_and_are_not_quoted_whole() {
    let given = given(20_000, 2_000_000);
    let begun = Instant::now();
    for source in [
        "request.numbers.all(x, metadata[request.aString] == 'a')",
        "request.numbers.all(x, store[request.aString] == 'a')",
        "request.numbers.all(x, {'a': 'b'}[request.aString] == 'a')",
        "request.numbers.all(x, {request.aString: 1, request.aString: 2}.size() == 1)",
        "request.numbers.all(x, int(request.aString) == 1)",
        "request.numbers.all(x, timestamp(request.aString) == timestamp(0))",
        "request.numbers.all(x, timestamp(0).getHours(request.aString) == 1)",
    ] {
        let error = given.eval(source).expect_err(source);
        assert!(error.len() < 2000, "{source}: an error of {} bytes", error.len());
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[test]
fn numbers_with_many_digits_cost_more_than_those_with_few() {
    let given = given(5000, 10);
    given.fails(&[(
        "request.numbers.map(x, '%.100f'.format([1e300 + double(x)]))",
        TOO_COSTLY,
    )]);
    let few = "request.numbers.map(x, '%.2f'.format([double(x)])).size() == 5000";
    assert!(matches!(given.eval(few), Ok(Value::Bool(true))));
}

#[test]
fn values_that_double_are_stopped_before_they_are_made() {
    let doubled = |start: &str, each: &str| {
        let mut source = start.to_owned();
        for _ in 0..40 {
            source = format!("{source}.map(x, {each})");
        }
        source
    };
    let begun = Instant::now();
    let given = given(10, 100);
    given.fails(&[
        (&doubled("[request.aString]", "x + x"), TOO_COSTLY),
        (&doubled("[[request.aString]]", "x + x"), TOO_COSTLY),
        (&doubled("[request.numbers]", "[x, x]"), TOO_COSTLY),
        (&doubled("[bytes(request.aString)]", "x + x"), TOO_COSTLY),
        (&doubled("[request.aString]", "x.replace('a', 'aa')"), TOO_COSTLY),
        (
            &doubled("[request.aString]", "strings.quote(x + '\"')"),
            TOO_COSTLY,
        ),
    ]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn constants_are_computed_within_a_budget_too() {
    let nested = |levels: usize, inner: &str| {
        format!("{}{inner}{}", "[1, 2].map(x, ".repeat(levels), ")".repeat(levels))
    };
    let begun = Instant::now();
    for source in [
        nested(40, "x"),
        nested(99, "1"),
        "lists.range(100000).map(x, lists.range(100000))".to_owned(),
        "lists.range(1000).all(x, lists.range(1000).all(y, lists.range(1000).exists(z, z == x + y)))"
            .to_owned(),
        "lists.range(100000).map(x, repeat('a', 1000))".to_owned(),
    ] {
        assert!(!Given::nothing().compiles(&source), "{source}");
        let problems = Given::nothing().problems(&source);
        let problem = &problems[0];
        assert!(problem.message.contains(TOO_COSTLY), "{source}: {problem:?}");
        assert!(source.get(problem.span.clone()).is_some(), "{problem:?}");
    }
    assert!(Given::nothing().compiles(&nested(10, "x")));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn what_is_usual_costs_a_fraction_of_the_budget() {
    let given = given(1000, 10_000);
    for source in [
        "request.numbers.all(x, x >= 0)",
        "request.numbers.map(x, x * 2).filter(x, x > 10).size()",
        "request.names.exists(n, n == 'n999')",
        "request.names.distinct().size()",
        "request.names.sort()",
        "request.numbers.map(x, double(x) / 3.0).distinct()",
        "request.numbers.sortBy(x, -x)",
        "request.names.join(', ').split(', ')",
        "request.aString.replace('a', 'c').contains('cb')",
        "request.aString.matches('^[a-z]+$')",
        r"request.aString.matches(r'^\w+$')",
        r"request.names.all(n, n.matches(r'^n\d+$'))",
        "json(request).size()",
        "'%s'.format([request.names])",
        "base64.encode(bytes(request.aString))",
        "request.numbers.filter(x, x in [1, 5, 9])",
        "request.names.map(n, {'name': n, 'upper': n.upperAscii()})",
    ] {
        let left = given
            .with_program(source, |program, env| {
                program.eval(env).expect(source);
                env.call.budget.left()
            })
            .expect(source);
        let cost = Budget::DEFAULT - left;
        assert!(cost < Budget::DEFAULT / 10, "{source} costs {cost}");
    }
}

#[test]
fn what_has_neither_loops_nor_sizes_costs_nothing() {
    let given =
        Given::json(r#"{"anInt32": 3, "aString": "abc", "pt": {"name": "p"}, "aDouble": 1.5, "maybe": 1}"#)
            .metadata("x-user", "ann");
    for source in [
        "request.an_int32 * 2 + 1 > 5 && request.a_string == 'abc'",
        "request.a_string + ' and ' + string(request.an_int32)",
        "request.pt.name == 'p' || has(request.maybe)",
        "request.a_double / 2.0",
        "metadata['x-user'] == 'ann' && 'x-user' in metadata",
        "request.a_string.startsWith('a') ? 'yes' : 'no'",
        "math.greatest(request.an_int32, 7)",
        "request.status == 'ACTIVE'",
    ] {
        let left = given
            .with_program(source, |program, env| {
                program.eval(env).expect(source);
                env.call.budget.left()
            })
            .expect(source);
        assert_eq!(left, Budget::DEFAULT, "{source}");
    }
}
