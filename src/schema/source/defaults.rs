//! The defaults of floats, written as protoc writes them: as C's `%g` does, with as many digits as are needed.

use prost_types::field_descriptor_proto::Type;
use prost_types::{FieldDescriptorProto, FileDescriptorProto};

use crate::schema::each::each_field;

/// Writes the defaults of all floats of a file anew.
pub(super) fn write_float_defaults(file: &mut FileDescriptorProto) {
    each_field(file, write_default);
}

fn write_default(field: &mut FieldDescriptorProto) {
    if !matches!(field.r#type(), Type::Float | Type::Double) || field.r#type.is_none() {
        return;
    }
    let Some(value) = field
        .default_value
        .as_ref()
        .and_then(|value| value.parse::<f64>().ok())
    else {
        return;
    };
    field.default_value = Some(match field.r#type() {
        // protoc reads its six digits back by C's `strtof`, which fails for numbers that are too small to be normal.
        Type::Float if (value as f32).is_subnormal() => general(value as f32, 9),
        Type::Float => written(value as f32, 6, 9),
        _ => written(value, 15, 17),
    });
}

/// A number with `short` digits if they say all, else with `long` ones.
fn written<F>(value: F, short: usize, long: usize) -> String
where
    F: Copy + PartialEq + std::str::FromStr + Into<f64> + std::fmt::LowerExp,
{
    let number: f64 = value.into();
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = general(value, short);
    match text.parse::<F>() {
        Ok(parsed) if parsed == value => text,
        _ => general(value, long),
    }
}

/// A finite number as `%.{digits}g` prints it.
fn general(value: impl std::fmt::LowerExp, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').expect("it has an exponent");
    let exponent: i32 = exponent.parse().expect("it is a number");
    let without_zeros = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let limit = i32::try_from(digits).expect("few digits");
    if !(-4..limit).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    let is_negative = mantissa.starts_with('-');
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let fixed = match usize::try_from(exponent) {
        Ok(whole) => format!("{}.{}", &all[..=whole], &all[whole + 1..]),
        Err(_) => format!("0.{}{all}", "0".repeat((-exponent - 1) as usize)),
    };
    let sign = if is_negative { "-" } else { "" };
    format!("{sign}{}", without_zeros(&fixed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_c_writes_them() {
        let doubles = [
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1e-7, "1e-07"),
            (-0.0, "-0"),
            (123_456_789.123_456_79, "123456789.12345679"),
            (5e-324, "4.94065645841247e-324"),
            (1500.0, "1500"),
            (0.0001, "0.0001"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in doubles {
            assert_eq!(written(value, 15, 17), text);
        }
        assert_eq!(written(16_777_216_f32, 6, 9), "16777216");
        assert_eq!(written(3.402_823_5e38_f32, 6, 9), "3.40282347e+38");
    }
}
