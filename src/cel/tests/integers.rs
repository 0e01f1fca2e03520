//! Arithmetic: `integer_math`, `fp_math`, and the comparison of numbers (`comparisons`).

use super::{fails, gives, holds};

#[test]
fn ints_are_exact_in_64_bits() {
    gives(&[
        ("40 + 2", "42"),
        ("42 - 12 - 30", "0"),
        ("6 * -7", "-42"),
        ("77 / 4", "19"),
        ("-5 / 2", "-2"),
        ("5 / -2", "-2"),
        ("42 % 5", "2"),
        ("-42 % 5", "-2"),
        ("43 % -5", "3"),
        ("-(42)", "-42"),
        ("--42", "42"),
        ("9223372036854775806 + 1", "9223372036854775807"),
        ("-9223372036854775807 - 1", "-9223372036854775808"),
        ("0x55555555 + 0", "1431655765"),
        ("-0x55555555", "-1431655765"),
        ("2 + 3 * 4 - 6 / 2 % 2", "13"),
        ("(2 + 3) * 4", "20"),
    ]);
}

#[test]
fn ints_that_overflow_are_errors() {
    fails(&[
        ("9223372036854775807 + 1", "integer overflow in `+`"),
        ("-9223372036854775808 - 1", "integer overflow in `-`"),
        ("5000000000 * 5000000000", "integer overflow in `*`"),
        ("-9223372036854775808 / -1", "integer overflow in `/`"),
        ("-9223372036854775808 % -1", "integer overflow in `%`"),
        ("-(-9223372036854775808)", "integer overflow in `-`"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "remainder of a division by zero"),
    ]);
}

#[test]
fn uints_are_exact_and_never_negative() {
    gives(&[
        ("42u + 2u", "44u"),
        ("42u - 12u", "30u"),
        ("40u * 40u", "1600u"),
        ("60u / 7u", "8u"),
        ("42u % 5u", "2u"),
        ("18446744073709551615u", "uint('18446744073709551615')"),
    ]);
    fails(&[
        ("42u - 43u", "unsigned integer overflow"),
        ("18446744073709551615u + 1u", "unsigned integer overflow"),
        ("5000000000u * 5000000000u", "unsigned integer overflow"),
        ("1u / 0u", "division by zero"),
        ("1u % 0u", "by zero"),
        ("-(42u)", "`-` does not take uint"),
    ]);
}

#[test]
fn doubles_follow_ieee() {
    gives(&[
        ("4.25 + 15.25", "19.5"),
        ("42.0 - 12.0", "30.0"),
        ("42.5 * 0.2", "8.5"),
        ("60.0 / 60.0", "1.0"),
        ("-(4.2)", "-4.2"),
        ("1.0 / 0.0", "double('infinity')"),
        ("-1.0 / 0.0", "double('-infinity')"),
        ("0.0 / 0.0", "double('NaN')"),
        ("1e308 * 10.0", "double('infinity')"),
        ("8.5 - 0.1 + 0.0", "8.4"),
    ]);
    fails(&[("47.5 % 5.5", "`%` does not take double and double")]);
}

#[test]
fn types_of_numbers_do_not_mix_in_arithmetic() {
    fails(&[
        ("1 + 1u", "`+` does not take int and uint"),
        ("1 + 1.0", "`+` does not take int and double"),
        ("1u * 2.0", "`*` does not take uint and double"),
        ("dyn(1) + 1u", "+ does not take (int, uint)"),
    ]);
}

#[test]
fn types_of_numbers_mix_in_comparisons() {
    holds(&[
        "1 == 1u",
        "1 == 1.0",
        "1u == 1.0",
        "1.0 == 1",
        "-1 != 18446744073709551615u",
        "-1 < 1u",
        "1u < 2",
        "1.5 < 2",
        "2u > 1.9",
        "!(9223372036854775807 < 9223372036854775808.0)",
        "9223372036854775807 < 9223372036854777857.0",
        "1 < 9223372036854775808u",
        "9223372036854775808u > 9223372036854775807",
        "dyn(2) >= 2.0",
        "1 != 1.5",
        "0.0 == -0.0",
        "18446744073709551615u > -1",
    ]);
}

#[test]
fn nan_has_no_order_and_equals_nothing() {
    holds(&[
        "!(0.0 / 0.0 == 0.0 / 0.0)",
        "0.0 / 0.0 != 0.0 / 0.0",
        "!(0.0 / 0.0 < 1.0)",
        "!(0.0 / 0.0 >= 1.0)",
        "!(1 > 0.0 / 0.0)",
        "!(double('NaN') in [double('NaN')])",
    ]);
}
