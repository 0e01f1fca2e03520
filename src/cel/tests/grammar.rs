//! The corners of CEL's lexis and grammar, as the language definition has them, and cel-go where it is silent.

use super::{fails, gives};

#[test]
fn numbers() {
    gives(&[
        (".5", "0.5"),
        ("1e5", "100000.0"),
        ("1E+5", "100000.0"),
        ("-2.5e-3", "-0.0025"),
        ("-.5", "-0.5"),
        ("0755", "755"),
        ("0x1F", "31"),
        ("0xffu", "255u"),
        ("7U", "7u"),
        ("-0x8000000000000000", "-9223372036854775808"),
        ("- 9223372036854775808", "-9223372036854775807 - 1"),
        ("18446744073709551615u", "0xffffffffffffffffu"),
        ("2-1", "1"),
        ("2--2", "4"),
        ("[2][0]-1", "1"),
        ("1in[1]", "true"),
    ]);
    fails(&[
        ("1.", "expected a name, found the end"),
        ("1..5", "expected a name, found `.5`"),
        ("1 .5", "expected an operator, found `.5`"),
        ("1e", "expected an operator, found `e`"),
        ("0x", "expected an operator, found `x`"),
        ("0X1F", "expected an operator, found `X1F`"),
        ("1_000", "expected an operator, found `_000`"),
        ("+1", "expected an expression, found `+`"),
        ("9223372036854775808", "out of range"),
        ("0x8000000000000000", "out of range"),
        ("-9223372036854775809", "`-9223372036854775809` is out of range"),
        ("-(-9223372036854775808)", "overflow"),
        ("18446744073709551616u", "out of range"),
        ("1e400", "out of range"),
        ("-1u", "`-` does not take uint"),
        ("1.size()", "`size` does not take (int)"),
    ]);
}

#[test]
fn strings_and_bytes() {
    gives(&[
        (r"'\x41\X41\u0041\U00000041\101'", "'AAAAA'"),
        (r"'\u00e9' + '\351' + '\xe9'", "'ééé'"),
        (r"b'\xe9' + b'\351'", r"b'\xe9\xe9'"),
        ("b'é'", r"b'\xc3\xa9'"),
        (r#"'"' + "'""#, r#"'"\''"#),
        (r#"'''it's "so"'''"#, r#"'it\'s "so"'"#),
        ("''''a'''", r"'\'a'"),
        ("''", "''''''"),
        (r"r'\n' + R'\'", r"'\\n\\'"),
        ("r'''\\d\n'\\d'''", r"'\\d\n\'\\d'"),
        (r"bR'\x'", r"b'\\x'"),
        ("'''a\r\nb\rc\nd'''", r"'a\nb\nc\nd'"),
        (r"'a\r\nb'", r"'a\u000d\u000ab'"),
        ("'//' // no string", "'//'"),
    ]);
    fails(&[
        (r"'\u{41}'", r"`\u` is not an escape"),
        (r"'\u041'", r"`\u` is not an escape"),
        (r"'\ud83d\ude00'", r"`\u` is not an escape"),
        (r"'\U00110000'", r"`\U` is not an escape"),
        (r"'\x4'", r"`\x` is not an escape"),
        (r"'\400'", r"`\4` is not an escape"),
        (r"'\18'", r"`\1` is not an escape"),
        (r"'\q'", r"`\q` is not an escape"),
        (r"b'\u0041'", r"`\u` is not an escape"),
        ("'a\nb'", "the string is not closed"),
        ("'a\\\nb'", "the string is not closed"),
        (r"r'\''", "the string is not closed"),
        ("'''a''''", "the string is not closed"),
        ("'''a''", "the string is not closed"),
        ("rb'a'", "expected an operator, found `'a'`"),
        ("'a' 'b'", "expected an operator, found `'b'`"),
        ("“a”", "expected an expression, found `“`"),
    ]);
}

#[test]
fn names_and_blanks() {
    gives(&[
        ("[1].all(_a1, _a1 == 1)", "true"),
        ("[1].all(inn, inn == 1)", "true"),
        ("{'b': {'c': 2}} . b\n.c", "2"),
        ("[1].map(a, {'a': 2}.a + a)[0]", "3"),
        (".int(2.0)", "2"),
        (".math.abs(-2)", "2"),
        ("[[1]].map(math, .math.abs(-2) + math.size())[0]", "3"),
        ("{'a-b/c': 1}.`a-b/c`", "1"),
        ("1 // one\n + // more\r\n 2", "3"),
        ("\t1\u{c}+\r\n2 //", "3"),
        ("size ( [[1, 2]] [ 0 ] )", "2"),
    ]);
    fails(&[
        ("as", "`as` is a reserved word"),
        ("namespace.a", "`namespace` is a reserved word"),
        (".has(request.pt)", "unknown function `has`"),
        ("for(1)", "`for` is a reserved word"),
        ("{'in': 1}.in", "expected a name, found `in`"),
        ("`a`", "expected an expression, found ``a``"),
        ("é", "expected an expression, found `é`"),
        ("1\u{a0}+ 1", "expected an operator, found"),
        ("1\u{b}+ 1", "expected an operator, found"),
        ("1 /* one */", "expected an expression, found `*`"),
        ("// nothing", "expected an expression, found the end"),
        ("a.b.c()", "unknown"),
        (".a.b", "unknown name `a`"),
        ("a..b", "expected a name, found `.`"),
    ]);
}

#[test]
fn lists_maps_and_calls() {
    gives(&[
        ("[1,2,][0]", "1"),
        ("[,]", "[]"),
        ("{1: 2,}[1]", "2"),
        ("{,} == {}", "true"),
        ("{'a': {}}.a", "{}"),
        ("{1: 1 > 0 ? 'a' : 'b'}[1]", "'a'"),
    ]);
    fails(&[
        ("{}.a", "no such key: a"),
        ("{a: 1}", "unknown name `a`"),
        ("{1}", "expected `:`, found `}`"),
        ("[1 2]", "expected `,` or `]`, found `2`"),
        ("[,,]", "expected `]`, found `,`"),
        ("[1,,]", "expected an expression, found `,`"),
        ("size([1],)", "expected an expression, found `)`"),
        ("()", "expected an expression, found `)`"),
        ("(1", "expected `)`, found the end"),
        ("1)", "`)` closes no bracket"),
        ("[1)", "expected `,` or `]`, found `)`"),
    ]);
}

#[test]
fn operators() {
    gives(&[
        ("false ? 1 : false ? 2 : 3", "3"),
        ("true ? (false ? 1 : 2) : 3", "2"),
        ("!!!true", "false"),
        ("! !true", "true"),
        ("--1", "1"),
        ("- -1", "1"),
        ("---1", "-1"),
        ("-[5][0]", "-5"),
        ("-{'a': 5}.a", "-5"),
        ("!{'a': true}.a", "false"),
        ("1 in [1] == true", "true"),
        ("1 < 2 == true", "true"),
        ("1 == 1 != false", "true"),
        ("true || false && false", "true"),
        ("false == true || true", "true"),
        ("8 / 4 / 2", "1"),
        ("8 - 4 - 2", "2"),
        ("2 + 3 * 4 % 5", "4"),
        ("'a' + 'b' in ['ab']", "true"),
    ]);
    fails(&[
        ("1 < 2 < 3", "`<` does not take bool and int"),
        ("1 == 2 < 3", "`<` does not take bool and int"),
        ("true ? true ? 1 : 2 : 3", "expected `:`, found `?`"),
        ("true ? 1", "expected `:`, found the end"),
        ("-!true", "expected an expression, found `!`"),
        ("!-1", "`!` takes a bool, not int"),
        ("1 = 1", "expected an operator, found `=`"),
        ("1 & 1", "expected an operator, found `&`"),
        ("true and true", "expected an operator, found `and`"),
        ("1 === 1", "expected an expression, found `=`"),
        ("1 not in [1]", "expected an operator, found `not`"),
        ("1 in", "expected an expression, found the end"),
    ]);
}
