//! Strings, bytes and encodings: `string`, `string_ext`, `encoders_ext`, `conversions`, and our own functions.

use super::{Given, fails, gives, holds};
use crate::cel::Value;

#[test]
fn sizes_count_code_points_bytes_and_elements() {
    gives(&[
        ("size('')", "0"),
        ("size('A')", "1"),
        ("size('été')", "3"),
        ("'four'.size()", "4"),
        ("size('\\U0001F431\\U0001F600\\U0001F61B')", "3"),
        ("size(b'')", "0"),
        ("size(b'abc')", "3"),
        ("b'ÿ'.size()", "2"),
        ("size([1, 2, 3])", "3"),
        ("{'a': 1}.size()", "1"),
        ("size({})", "0"),
    ]);
}

#[test]
fn tests_on_strings() {
    holds(&[
        "'foobar'.startsWith('foo')",
        "!'foobar'.startsWith('bar')",
        "''.startsWith('')",
        "'été'.startsWith('ét')",
        "'foobar'.endsWith('bar')",
        "!''.endsWith('non-empty')",
        "'été'.endsWith('té')",
        "'expositive'.contains('posit')",
        "'abc'.contains('')",
        "!'a'.contains('ab')",
        "'straße'.contains('aß')",
        "'hubba'.matches('ubb')",
        "!'tacocat'.matches('^cat')",
        "''.matches('')",
        "matches('cows', '^[a-z]+$')",
        "'abcd'.matches('bc')",
        "!'grey'.matches('gr(a)y')",
        "'mañana'.matches('a\\u00f1a')",
    ]);
    fails(&[
        ("'a'.startsWith(1)", "`startsWith` does not take (string, int)"),
        ("'a'.matches('(')", "not a regular expression: unclosed group"),
    ]);
    let given = Given::nothing().local("pattern", super::Type::String, Value::text("["));
    given.fails(&[("'a'.matches(pattern)", "matches: ")]);
}

#[test]
fn concatenation_keeps_the_type() {
    gives(&[
        ("'he' + 'llo'", "'hello'"),
        ("'' + ''", "''"),
        ("'¢' + 'ÿ' + 'Ȁ'", "'¢ÿȀ'"),
        ("b'abc' + b'def'", "b'abcdef'"),
        ("b'\\xff' + b'\\x00'", "b'\\xff\\x00'"),
        ("[1] + [2] + []", "[1, 2]"),
        ("'a' + 'b' + 'c' + 'd'", "'abcd'"),
    ]);
    fails(&[
        ("'a' + 1", "`+` does not take string and int"),
        ("'a' + b'a'", "`+` does not take string and bytes"),
    ]);
}

#[test]
fn characters_and_places_count_code_points() {
    gives(&[
        ("'tacocat'.charAt(3)", "'o'"),
        ("'tacocat'.charAt(7)", "''"),
        ("'©αT'.charAt(0)", "'©'"),
        ("'©αT'.charAt(1)", "'α'"),
        ("'tacocat'.indexOf('')", "0"),
        ("''.indexOf('a')", "-1"),
        ("''.lastIndexOf('a')", "-1"),
        ("'tacocat'.indexOf('ac')", "1"),
        ("'tacocat'.indexOf('none')", "-1"),
        ("'tacocat'.indexOf('', 3)", "3"),
        ("'tacocat'.indexOf('a', 3)", "5"),
        ("'tacocat'.indexOf('at', 3)", "5"),
        ("'ta©o©αT'.indexOf('©')", "2"),
        ("'ta©o©αT'.indexOf('©', 3)", "4"),
        ("'ta©o©αT'.indexOf('©αT', 3)", "4"),
        ("'ta©o©αT'.indexOf('©α', 5)", "-1"),
        ("'hello wello'.indexOf('ello', 6)", "7"),
        ("'abc'.indexOf('', 20)", "3"),
        ("'tacocat'.lastIndexOf('')", "7"),
        ("'tacocat'.lastIndexOf('at')", "5"),
        ("'tacocat'.lastIndexOf('none')", "-1"),
        ("'tacocat'.lastIndexOf('', 3)", "3"),
        ("'tacocat'.lastIndexOf('a', 3)", "1"),
        ("'ta©o©αT'.lastIndexOf('©')", "4"),
        ("'ta©o©αT'.lastIndexOf('©', 3)", "2"),
        ("'ta©o©αT'.lastIndexOf('©α', 4)", "4"),
        ("'hello mellow'.lastIndexOf('ello', 6)", "1"),
        ("'bananananana'.lastIndexOf('nana', 7)", "6"),
    ]);
    fails(&[
        ("'tacocat'.charAt(30)", "index out of range: 30"),
        ("'tacocat'.charAt(-1)", "index out of range: -1"),
        ("'tacocat'.indexOf('a', 30)", "index out of range: 30"),
        ("'tacocat'.indexOf('a', 7)", "index out of range: 7"),
        ("'tacocat'.lastIndexOf('a', -1)", "index out of range: -1"),
        ("'tacocat'.lastIndexOf('a', 30)", "index out of range: 30"),
    ]);
}

#[test]
fn case_is_that_of_ascii() {
    gives(&[
        ("'TacoCat'.lowerAscii()", "'tacocat'"),
        ("'TacoCÆt'.lowerAscii()", "'tacocÆt'"),
        ("'TacoCÆt Xii'.lowerAscii()", "'tacocÆt xii'"),
        ("'tacoCat'.upperAscii()", "'TACOCAT'"),
        ("'tacoCαt'.upperAscii()", "'TACOCαT'"),
    ]);
}

#[test]
fn replacing_splitting_and_joining() {
    gives(&[
        ("'12 days 12 hours'.replace('{0}', '2')", "'12 days 12 hours'"),
        ("'{0} days {0} hours'.replace('{0}', '2')", "'2 days 2 hours'"),
        (
            "'{0} days {0} hours'.replace('{0}', '2', 1).replace('{0}', '23')",
            "'2 days 23 hours'",
        ),
        ("'1 ©αT taco'.replace('αT', 'o©α')", "'1 ©o©α taco'"),
        ("'hello hello'.replace('he', 'we', 0)", "'hello hello'"),
        ("'hello hello'.replace('', '_')", "'_h_e_l_l_o_ _h_e_l_l_o_'"),
        ("'hello hello'.replace('h', '')", "'ello ello'"),
        ("'hello world'.split(' ')", "['hello', 'world']"),
        ("'hello world events!'.split(' ', 0)", "dyn([])"),
        ("'hello world events!'.split(' ', 1)", "['hello world events!']"),
        ("'o©o©o©o'.split('©', -1)", "['o', 'o', 'o', 'o']"),
        ("'o©o©o©o'.split('©', 2)", "['o', 'o©o©o']"),
        ("'héy'.split('')", "['h', 'é', 'y']"),
        ("'hey'.split('', 2)", "['h', 'ey']"),
        ("''.split('')", "dyn([])"),
        ("''.split(',')", "['']"),
        ("['x', 'y'].join()", "'xy'"),
        ("['x', 'y'].join('-')", "'x-y'"),
        ("[].join()", "''"),
        ("[].join('-')", "''"),
        ("['one'].join(', ')", "'one'"),
        ("'tacocat'.substring(4)", "'cat'"),
        ("'tacocat'.substring(7)", "''"),
        ("'tacocat'.substring(0, 4)", "'taco'"),
        ("'tacocat'.substring(4, 4)", "''"),
        ("'ta©o©αT'.substring(2, 6)", "'©o©α'"),
        ("'ta©o©αT'.substring(7, 7)", "''"),
        ("' \\f\\n\\r\\t\\vtext  '.trim()", "'text'"),
        (
            "'\\u0085\\u00a0\\u1680text\\u2000\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'.trim()",
            "'text'",
        ),
        ("'\\u200btext'.trim()", "'\\u200btext'"),
        ("'gums'.reverse()", "'smug'"),
        ("'palíndromos'.reverse()", "'somordnílap'"),
    ]);
    fails(&[
        ("'tacocat'.substring(40)", "index out of range: 40"),
        ("'tacocat'.substring(-1)", "index out of range: -1"),
        ("'tacocat'.substring(1, 50)", "index out of range: 50"),
        ("'tacocat'.substring(49, 1)", "before its start"),
        ("[1, 2].join(',')", "`join` does not take (list(int), string)"),
        ("dyn([1]).join(',')", "join does not take (int)"),
    ]);
}

#[test]
fn quoting_escapes_what_cel_escapes() {
    gives(&[
        ("strings.quote('first\\nsecond')", r#"'"first\\nsecond"'"#),
        ("strings.quote('bell\\a')", r#"'"bell\\a"'"#),
        (
            "strings.quote('\\bbackspace\\f\\v\\t\\r')",
            r#"'"\\bbackspace\\f\\v\\t\\r"'"#,
        ),
        (r#"strings.quote('a \\ "b"')"#, r#"'"a \\\\ \\"b\\""'"#),
        ("strings.quote('❤')", "'\"❤\"'"),
    ]);
}

#[test]
fn formatting_by_clauses() {
    gives(&[
        ("'no substitution'.format([])", "'no substitution'"),
        (
            "'str is %s and some more'.format(['filler'])",
            "'str is filler and some more'",
        ),
        ("'%% and also %%'.format([])", "'% and also %'"),
        ("'%%%s%%'.format(['text'])", "'%text%'"),
        ("'%s%s'.format(['hello', 'world'])", "'helloworld'"),
        (
            "'this is 5 in binary: %b'.format([5])",
            "'this is 5 in binary: 101'",
        ),
        ("'negative %b'.format([-5])", "'negative -101'"),
        ("'%b'.format([true])", "'1'"),
        ("'%b'.format([9u])", "'1001'"),
        ("'%o'.format([11])", "'13'"),
        (
            "'%x is 20 in hexadecimal'.format([30])",
            "'1e is 20 in hexadecimal'",
        ),
        (
            "'%X is 20 in hexadecimal'.format([30])",
            "'1E is 20 in hexadecimal'",
        ),
        ("'%x'.format(['Hello world!'])", "'48656c6c6f20776f726c6421'"),
        ("'%X'.format([b'\\xde\\xad'])", "'DEAD'"),
        ("'%d'.format([-1])", "'-1'"),
        ("'%d'.format([1u])", "'1'"),
        ("'%.3f'.format([1.2345])", "'1.234'"),
        ("'%f'.format([1.5])", "'1.500000'"),
        ("'%.1f'.format([3])", "'3.0'"),
        ("'%.0f'.format([2.5])", "'2'"),
        ("'%.6e'.format([1052.032911275])", "'1.052033e+03'"),
        ("'%e'.format([0.00123])", "'1.230000e-03'"),
        ("'%f'.format([double('NaN')])", "'NaN'"),
        ("'%f'.format([double('-inf')])", "'-Infinity'"),
        ("'%s'.format([42])", "'42'"),
        ("'%s'.format([20.25])", "'20.25'"),
        ("'%s'.format([null])", "'null'"),
        ("'%s'.format([false])", "'false'"),
        ("'%s'.format([b'xyz'])", "'xyz'"),
        ("'%s'.format([duration('1h45m47s')])", "'6347s'"),
        (
            "'%s'.format([timestamp('2023-02-03T23:31:20+00:00')])",
            "'2023-02-03T23:31:20Z'",
        ),
        (
            "'%s'.format([['abc', 3.14, null, [9, 8]]])",
            "'[abc, 3.14, null, [9, 8]]'",
        ),
        ("'%s'.format([{'b': 2, 'a': 1}])", "'{a: 1, b: 2}'"),
        ("'%s and %s'.format([1, 2, 3])", "'1 and 2'"),
    ]);
    fails(&[
        ("'%z'.format([1])", "there is no %z"),
        ("'%s'.format([])", "more clauses than arguments"),
        ("'%'.format([1])", "ends in a clause"),
        ("'%.101f'.format([1.0])", "precision"),
        ("'%d'.format(['text'])", "%d does not take string"),
        ("'%b'.format([1.5])", "%b does not take double"),
        ("'%s'.format([1].map(x, request))", "does not take a message"),
    ]);
}

#[test]
fn base64_of_bytes() {
    gives(&[
        ("base64.encode(b'hello')", "'aGVsbG8='"),
        ("base64.decode('aGVsbG8=')", "b'hello'"),
        ("base64.decode('aGVsbG8')", "b'hello'"),
        ("base64.decode(base64.encode(b'\\x00\\xff'))", "b'\\x00\\xff'"),
    ]);
    fails(&[
        ("base64.decode('?')", "base64.decode"),
        ("base64.encode('text')", "does not take (string)"),
    ]);
}

#[test]
fn conversions_are_checked() {
    gives(&[
        ("int('987')", "987"),
        ("int(42u)", "42"),
        ("int(1.9)", "1"),
        ("int(-7.9)", "-7"),
        ("int(11.5)", "11"),
        ("int(-9223372036854774784.0)", "-9223372036854774784"),
        ("int(timestamp('2004-09-16T23:59:59Z'))", "1095379199"),
        ("uint(1729)", "1729u"),
        ("uint(3.14159265)", "3u"),
        ("uint('300')", "300u"),
        ("double(1000000000000)", "1e12"),
        ("double('-3.5')", "-3.5"),
        ("double(123u)", "123.0"),
        ("string(123.456)", "'123.456'"),
        ("string(-0.5)", "'-0.5'"),
        ("string(1e6)", "'1000000'"),
        ("string(6.02214e23)", "'6.02214e+23'"),
        ("string(1.5e-7)", "'1.5e-7'"),
        ("string(-98765)", "'-98765'"),
        ("string(18446744073709551615u)", "'18446744073709551615'"),
        ("string(true)", "'true'"),
        ("string(b'abc')", "'abc'"),
        ("string(b'\\303\\277')", "'ÿ'"),
        ("string('same')", "'same'"),
        ("string(duration('1h1m'))", "'3660s'"),
        ("string(duration('-1.25s'))", "'-1.25s'"),
        (
            "string(timestamp('2009-02-13T23:31:30.5Z'))",
            "'2009-02-13T23:31:30.5Z'",
        ),
        ("bytes('abc')", "b'abc'"),
        ("bytes('ÿ')", "b'\\303\\277'"),
        ("bool('true')", "true"),
        ("bool('F')", "false"),
        ("bool('1')", "true"),
        ("bool(true)", "true"),
        ("dyn(1)", "1"),
    ]);
    fails(&[
        ("int(18446744073709551615u)", "out of range"),
        ("int(9223372036854775807.0)", "out of range"),
        ("int(-9223372036854775808.0)", "out of range"),
        ("int(1e99)", "out of range"),
        ("int(double('NaN'))", "out of range"),
        ("int('text')", "\"text\" is not an int"),
        ("uint(-1)", "out of range"),
        ("uint(-1.5)", "out of range"),
        ("uint(18446744073709551616.0)", "out of range"),
        ("double('x')", "is not a double"),
        ("bool('tRuE')", "is not a bool"),
        ("string(b'\\xff')", "not UTF-8"),
        ("string([1])", "`string` does not take (list(int))"),
        ("int(true)", "`int` does not take (bool)"),
        ("string(dyn(null))", "string does not take (null)"),
    ]);
}

#[test]
fn repetition_is_bounded() {
    gives(&[
        ("repeat('ab', 3)", "'ababab'"),
        ("repeat(b'\\x01', 2)", "b'\\x01\\x01'"),
        ("repeat('a', 0)", "''"),
    ]);
    fails(&[
        ("repeat('a', -1)", "negative"),
        ("repeat('a', 67108865)", "more than 64 MiB"),
        ("repeat('ab', 9223372036854775807)", "more than 64 MiB"),
    ]);
    let long = Given::nothing().local("long", super::Type::String, Value::text("a".repeat(10_000)));
    long.fails(&[("long.replace('a', long)", "more than 64 MiB")]);
    long.fails(&[("long.split('').join(long)", "more than 64 MiB")]);
}

#[test]
fn json_of_values_and_messages() {
    gives(&[
        (
            "json([1, 'a\"b', null, 2.5, true])",
            r#"'[1,"a\\"b",null,2.5,true]'"#,
        ),
        ("json({'a': [1u]})", r#"'{"a":[1]}'"#),
        ("json(b'\\x00')", "'\"AA==\"'"),
        ("json(duration('1.5s'))", "'\"1.5s\"'"),
        ("json(double('NaN'))", "'\"NaN\"'"),
    ]);
    Given::json(r#"{"pt": {"name": "x", "value": 5}}"#).gives(&[
        ("json(request.pt)", r#"'{"name":"x","value":5}'"#),
        ("json(request.pt.next)", "'{}'"),
    ]);
}
