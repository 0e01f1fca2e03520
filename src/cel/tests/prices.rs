//! How long the worst evaluations take: none that the budget allows takes much longer than a unit's 20 ns for each of its
//! units. An optimised build on a machine with nothing else to do measures it:
//! `cargo test --release --lib prices -- --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "the figures are what it is run by hand for")]

use std::time::{Duration, Instant};

use super::Given;
use crate::cel::Budget;

/// What a unit stands for.
const UNIT: Duration = Duration::from_nanos(20);

/// The longest that an evaluation may take within the default budget.
const LONGEST: Duration = Duration::from_millis(50);

fn given(elements: usize, bytes: usize) -> Given {
    let list = |one: &dyn Fn(usize) -> String| (0..elements).map(one).collect::<Vec<_>>().join(",");
    let mut random = fastrand::Rng::with_seed(7);
    let text: String = (0..bytes)
        .map(|_| if random.bool() { 'a' } else { 'b' })
        .collect();
    Given::json(&format!(
        r#"{{"numbers":[{}],"names":[{}],"aString":"{text}","text":"{text}"}}"#,
        list(&|n| n.to_string()),
        list(&|n| format!("\"n{n}\"")),
    ))
}

/// Expressions that loop over the names or numbers of a request, each with one kind of work in a round.
const ROUNDS: &[&str] = &[
    "request.numbers.all(x, request.numbers.exists_one(y, y == x))",
    "request.names.exists(n, request.names.exists(m, n + m == 'x'))",
    "request.numbers.map(x, [x, x, x, x])",
    "request.numbers.map(x, {'a': x, 'b': x})",
    "request.numbers.map(x, string(x))",
    "request.numbers.map(x, string(double(x) / 7.0))",
    "request.numbers.map(x, string(1e300 / double(x)))",
    "request.numbers.map(x, double('1.797693134862315708145274237317e+308'))",
    "request.numbers.map(x, double(repeat('1', 300)))",
    "request.numbers.map(x, string(timestamp(x)))",
    "request.numbers.map(x, timestamp('2026-01-01T00:00:00.123456789Z'))",
    "request.numbers.map(x, timestamp(x).getHours('Europe/Zurich'))",
    "request.numbers.map(x, timestamp(x).getDayOfYear('America/New_York'))",
    "request.numbers.map(x, timestamp(x).getFullYear('+01:30'))",
    "request.numbers.map(x, timestamp(x).getHours('Europe/Nowhere') == 1)",
    "request.numbers.all(x, timestamp(x).getHours('No/' + string(x)) == 1)",
    "request.numbers.map(x, duration('1h2m3.5s'))",
    "request.numbers.map(x, string(duration('1h2m3.5s')))",
    "request.numbers.map(x, timestamp(x) - timestamp(0))",
    "request.numbers.map(x, '%.100f'.format([1e300 + double(x)]))",
    "request.numbers.map(x, '%.100e'.format([1.0 / double(x + 1)]))",
    "request.numbers.map(x, '%.50f'.format([5e-324]))",
    "request.numbers.map(x, '%s %d %x %b %o'.format([x, x, x, x, x]))",
    "request.numbers.map(x, '%s'.format([timestamp(x)]))",
    "request.numbers.map(x, '%s'.format([[x, x, [x, {'a': x}]]]))",
    "request.numbers.map(x, strings.quote('\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"'))",
    "request.numbers.map(x, base64.encode(b'abcdefghijklmnopqrstuvwxyz'))",
    "request.numbers.map(x, base64.decode('YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo='))",
    "request.names.map(n, n.split(''))",
    "request.names.map(n, n.replace('n', 'mm'))",
    "request.names.map(n, n.upperAscii().lowerAscii().trim())",
    "request.names.map(n, n.substring(1))",
    "request.names.map(n, n.reverse())",
    "request.names.map(n, n.indexOf('9'))",
    "request.names.map(n, [n, n].join(','))",
    "request.names.map(n, n.matches('^n[0-9]+$'))",
    r"request.names.map(n, n.matches(r'^\w+\s\w+$'))",
    r"request.names.map(n, n.matches(r'(é|\w)+\b9'))",
    "request.names.exists(n, request.aString.matches('[ab]*a[ab]{500}c'))",
    r"request.numbers.map(x, 'a'.matches(r'\w' + string(x)))",
    r"request.numbers.map(x, 'a'.matches('a' + string(x)))",
    r"request.numbers.map(x, 'a'.matches(r'\w{20}' + string(x)))",
    r"request.numbers.map(x, 'a'.matches(r'\pL' + string(x)))",
    r"request.numbers.map(x, 'a'.matches(r'(?i)\pL\pN' + string(x)))",
    r"request.numbers.map(x, 'a'.matches(r'[[:^alpha:]--\w]' + string(x)) )",
    r"request.numbers.map(x, 'a'.matches(r'(?i)abcdefghijklmnop' + string(x)))",
    r"request.numbers.map(x, 'a'.matches('.{100}' + string(x)))",
    r"request.numbers.map(x, 'a'.matches('(a{10}){10}' + string(x)))",
    r"request.numbers.map(x, 'a'.matches('((((((((((a))))))))))' + string(x)))",
    r"request.numbers.map(x, 'a'.matches('(' + string(x)))",
    r"request.numbers.map(x, 'a'.matches(r'(\w{200}){200}' + string(x)))",
    r"request.numbers.exists(x, request.aString.matches(r'\w{20}!' + string(x)))",
    r"request.numbers.exists(x, request.aString.matches('[ab]*a[ab]{100}' + string(x)))",
    "request.numbers.map(x, json({'a': [x, x]}))",
    "request.numbers.map(x, json(request.pt))",
    "request.numbers.map(x, request.numbers)",
    "request.numbers.map(x, request)",
    "request.numbers.map(x, request.names.size())",
    "request.numbers.map(x, lists.range(10))",
    "request.numbers.map(x, lists.range(10).sort())",
    "request.numbers.map(x, [x, x + 1].distinct())",
    "request.numbers.map(x, [[x], [x]].flatten())",
    "request.numbers.map(x, [3, 2, 1].sortBy(y, y))",
    "request.numbers.map(x, [3, 2, 1].sum())",
    "request.numbers.map(x, math.greatest(x, 2, 3))",
    "request.numbers.map(x, math.round(double(x) / 3.0))",
    "request.numbers.map(x, x in [1, 2, 3, 4, 5, 6, 7, 8, 9])",
    "request.numbers.map(x, x in request.numbers)",
    "request.names.map(n, n in request.names)",
    "request.names.map(n, n in {'a': 1, 'b': 2})",
    "request.numbers.map(x, request.numbers[x])",
    "request.names.map(n, request.names == request.names)",
    "request.names.map(n, request.aString == request.text)",
    "request.names.map(n, request.aString.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'))",
    "request.names.map(n, request.aString.lastIndexOf('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba'))",
    "request.names.map(n, request.aString.substring(100))",
    "request.names.map(n, request.aString.charAt(100))",
    "request.names.map(n, size(request.aString))",
    "request.names.map(n, request.aString.upperAscii())",
    "request.names.map(n, request.aString.reverse())",
    "request.names.map(n, request.aString.split('a'))",
    "request.names.map(n, request.aString.replace('a', ''))",
    "request.names.map(n, strings.quote(request.aString))",
    "request.names.map(n, base64.encode(bytes(request.aString)))",
    "request.names.map(n, string(bytes(request.aString)))",
    "request.numbers.all(x, int('x' + string(x)) == 1)",
    "request.numbers.all(x, [][x] == 1)",
    "request.numbers.all(x, {}[string(x)] == 1)",
    "request.numbers.all(x, metadata['a' + string(x)] == 'a')",
    "request.numbers.all(x, store['a' + string(x)] == 'a')",
    "request.numbers.all(x, x / 0 == 1)",
    "request.numbers.map(x, uuid())",
    "request.numbers.map(x, random(100))",
    "request.numbers.map(x, now)",
    "request.numbers.map(x, has(request.pt.name))",
];

/// Expressions over the whole of a request.
const WHOLES: &[&str] = &[
    "request.numbers.sort()",
    "request.names.sort()",
    "request.names.distinct()",
    "request.numbers.distinct()",
    "request.numbers.reverse()",
    "request.numbers.sum()",
    "request.names.sortBy(n, n)",
    "request.names.sortBy(n, n.reverse())",
    "request.names.join(',')",
    "request.names.map(n, [n]).flatten()",
    "'%s'.format([request.names])",
    "'%s'.format([request.numbers])",
    "json(request)",
    "json(request.names)",
    "json(request.numbers)",
    "request.aString.split('')",
    "request.aString.split('a')",
    "request.aString.replace('', 'x')",
    "request.aString.reverse()",
    "strings.quote(request.aString)",
    "base64.encode(bytes(request.aString))",
    r"request.aString.matches(r'\b\w{60}!\b')",
    "request.aString.matches('[ab]*a[ab]{1000}c')",
    "request.aString.matches('(a|b|ab)*c')",
    "lists.range(499999)",
    "lists.range(400000).map(x, x)",
    "lists.range(400000).filter(x, x > 1)",
    "repeat('ab', 8000000)",
    "repeat('ab', 2000000).split('a')",
    "{'a': request.names, 'b': request.numbers}",
    "dyn(request) == dyn(request)",
    "request.numbers == request.numbers.reverse()",
];

#[test]
#[ignore = "it measures, for which a build must be optimised and the machine idle"]
fn what_the_budget_allows_is_over_in_time() {
    let mut slow = Vec::new();
    for (elements, bytes) in [(100, 100), (20_000, 100_000), (300_000, 2_000_000)] {
        let given = given(elements, bytes);
        for source in ROUNDS.iter().chain(WHOLES) {
            let mut best = Duration::MAX;
            let mut cost = 0;
            for _ in 0..3 {
                let begun = Instant::now();
                let ran = given.with_program(source, |program, env| {
                    let begun = Instant::now();
                    drop(program.eval(env).map(crate::cel::values::Value::into_owned));
                    cost = Budget::DEFAULT - env.call.budget.left();
                    begun.elapsed()
                });
                match ran {
                    Ok(took) => best = best.min(took),
                    Err(problem) => {
                        println!("NOT COMPILED {source}: {problem:?} {:?}", begun.elapsed());
                        break;
                    }
                }
                if best < Duration::from_millis(1) {
                    break;
                }
            }
            if best == Duration::MAX {
                continue;
            }
            let promised = UNIT * u32::try_from(cost).unwrap_or(u32::MAX);
            let ratio = best.as_secs_f64() / promised.as_secs_f64().max(1e-6);
            if best > LONGEST || ratio > 2.5 && best > Duration::from_millis(2) {
                slow.push(format!(
                    "{elements:>7} {cost:>8} units {best:>10.1?} {ratio:>6.1} {source}"
                ));
            }
        }
    }
    println!("{}", slow.join("\n"));
}
