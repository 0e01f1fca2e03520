//! The math extension: `math_ext`.

use super::{fails, gives};

#[test]
fn the_greatest_and_the_least_keep_their_type() {
    gives(&[
        ("math.greatest(5)", "5"),
        ("math.greatest(1, 1.0)", "1"),
        ("math.greatest(3, -3)", "3"),
        ("math.greatest(-7.5, 5)", "5"),
        ("math.greatest(1u, 2u)", "2u"),
        ("math.greatest(1, 2u, 3.5)", "3.5"),
        (
            "math.greatest([5.4, 10u, 3u, -5.0, 9223372036854775807])",
            "9223372036854775807",
        ),
        ("math.least(-3, 3)", "-3"),
        ("math.least(1, 1.0)", "1"),
        ("math.least([5.4, 10, 3u, -5.0, 9223372036854775807])", "-5.0"),
        ("math.least(5u, 4u, 6u)", "4u"),
    ]);
    fails(&[
        ("math.greatest()", "`math.greatest` does not take 0 arguments"),
        ("math.greatest('a')", "`math.greatest` does not take (string)"),
        ("math.greatest(1, 'a')", "does not take"),
        ("math.greatest([])", "the list is empty"),
        ("math.greatest([1, 'a'])", "math.greatest does not take (string)"),
        ("math.greatest([1], [2])", "does not take"),
    ]);
}

#[test]
fn rounding() {
    gives(&[
        ("math.ceil(1.2)", "2.0"),
        ("math.ceil(-1.2)", "-1.0"),
        ("math.floor(1.2)", "1.0"),
        ("math.floor(-1.2)", "-2.0"),
        ("math.round(1.5)", "2.0"),
        ("math.round(-1.5)", "-2.0"),
        ("math.round(-1.2)", "-1.0"),
        ("math.trunc(-1.3)", "-1.0"),
        ("math.trunc(1.9)", "1.0"),
        ("math.round(double('NaN'))", "double('NaN')"),
    ]);
    fails(&[
        ("math.ceil(1)", "`math.ceil` does not take (int)"),
        ("math.ceil(dyn(1))", "math.ceil does not take (int)"),
    ]);
}

#[test]
fn signs_roots_and_tests() {
    gives(&[
        ("math.abs(-234)", "234"),
        ("math.abs(1u)", "1u"),
        ("math.abs(-2.5)", "2.5"),
        ("math.sign(-42)", "-1"),
        ("math.sign(0)", "0"),
        ("math.sign(9u)", "1u"),
        ("math.sign(-0.3)", "-1.0"),
        ("math.sign(-0.0)", "0.0"),
        ("math.sqrt(49.0)", "7.0"),
        ("math.sqrt(4)", "2.0"),
        ("math.sqrt(-1.0)", "double('NaN')"),
        ("math.isNaN(0.0 / 0.0)", "true"),
        ("math.isInf(1.0 / 0.0)", "true"),
        ("math.isFinite(1.0)", "true"),
        ("math.isFinite(1.0 / 0.0)", "false"),
    ]);
    fails(&[("math.abs(-9223372036854775808)", "integer overflow")]);
}

#[test]
fn bits() {
    gives(&[
        ("math.bitAnd(3u, 2u)", "2u"),
        ("math.bitAnd(5, 3)", "1"),
        ("math.bitAnd(-1, 5)", "5"),
        ("math.bitOr(1u, 2u)", "3u"),
        ("math.bitXor(3, 5)", "6"),
        ("math.bitNot(1)", "-2"),
        ("math.bitNot(0u)", "18446744073709551615u"),
        ("math.bitShiftLeft(1, 2)", "4"),
        ("math.bitShiftLeft(1, 200)", "0"),
        ("math.bitShiftLeft(-1, 1)", "-2"),
        ("math.bitShiftRight(1024, 2)", "256"),
        ("math.bitShiftRight(-1024, 3)", "2305843009213693824"),
        ("math.bitShiftRight(-1024, 64)", "0"),
        ("math.bitShiftLeft(1u, 2)", "4u"),
    ]);
    fails(&[
        ("math.bitShiftLeft(1, -2)", "negative offset"),
        ("math.bitAnd(1, 1u)", "does not take (int, uint)"),
        ("math.bitAnd(1.5, 1)", "does not take"),
    ]);
}
