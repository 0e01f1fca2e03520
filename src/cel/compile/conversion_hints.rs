//! What to write for a constant text that a conversion does not take: `int('2.5')`, `duration('1d')`.

use crate::cel::meant_times::{meant_duration, meant_timestamp};
use crate::cel::syntax::{Expr, ExprKind, Literal};

/// A hint at a conversion of a constant text that failed.
pub(super) fn hint(expr: &Expr) -> Option<String> {
    let ExprKind::Call {
        target: None,
        function,
        arguments,
    } = &expr.kind
    else {
        return None;
    };
    let [
        Expr {
            kind: ExprKind::Literal(Literal::String(text)),
            ..
        },
    ] = arguments.as_slice()
    else {
        return None;
    };
    let name = function.text.trim_start_matches('.');
    let call = |text: &str| format!("write `{name}('{text}')`");
    Some(match name {
        "int" | "uint" => whole_number(name, text),
        "double" => {
            let number = decimal(text).map(|number| call(&number));
            number.unwrap_or_else(|| "it takes a number with a point, as in `double('1.5')`".to_owned())
        }
        "bool" => match text.trim().to_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => "write `true`".to_owned(),
            "no" | "n" | "off" | "false" | "" => "write `false`".to_owned(),
            _ => "it takes `'true'` and `'false'`".to_owned(),
        },
        "duration" => match (meant_duration(text), text.trim().parse::<f64>()) {
            (Some(meant), _) => call(&meant),
            (None, Ok(_)) => format!(
                "put a unit after the number: {}",
                call(&format!("{}s", text.trim()))
            ),
            _ => "a number with a unit: `ns`, `us`, `ms`, `s`, `m` or `h`, as in `duration('1m30s')`"
                .to_owned(),
        },
        "timestamp" => match (meant_timestamp(text), text.trim().parse::<i64>()) {
            (Some(meant), _) => call(&meant),
            (None, Ok(seconds)) => format!("seconds since 1970 stand without quotes: `timestamp({seconds})`"),
            _ if matches!(text.trim(), "now" | "now()" | "today" | "") => "write `now`".to_owned(),
            _ => {
                "write a date that there is, its time and its zone, as in `timestamp('2026-01-31T23:59:00Z')`"
                    .to_owned()
            }
        },
        _ => return None,
    })
}

/// The hint at a text that is no whole number.
fn whole_number(name: &str, text: &str) -> String {
    let trimmed = text.trim();
    if let Some(digits) = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"))
        && i64::from_str_radix(digits, 16).is_ok()
    {
        let suffix = if name == "uint" { "u" } else { "" };
        return format!("such numbers stand without quotes: `0x{digits}{suffix}`");
    }
    match decimal(trimmed) {
        Some(number) if number.parse::<u64>().is_ok() => format!("write `{name}('{number}')`"),
        Some(number) if number.parse::<i64>().is_ok() && name == "uint" => {
            format!("a uint is not negative: write `int('{number}')`")
        }
        Some(number) if number.parse::<i64>().is_ok() => format!("write `int('{number}')`"),
        Some(number)
            if number
                .parse()
                .is_ok_and(|number: f64| number.abs() < 9e18 && (number >= 0.0 || name == "int")) =>
        {
            format!("write `{name}(double('{number}'))`, which cuts off the fraction")
        }
        Some(_) => format!("`double('{trimmed}')` takes such numbers"),
        None => format!("it takes the digits of a whole number, as in `{name}('42')`"),
    }
}

/// A number without blanks around it and without separators of thousands, whose point may have been a comma. An empty text
/// is 0.
fn decimal(text: &str) -> Option<String> {
    let plain = text.trim().replace(['_', '\''], "");
    let plain = match plain.split_once(',') {
        None => plain,
        // `1,000` or `1,000.5`; `1,5` is a fraction.
        Some((_, rest))
            if rest.len() >= 3 && rest.as_bytes().get(3).is_none_or(|byte| b",.".contains(byte)) =>
        {
            plain.replace(',', "")
        }
        Some(_) => plain.replacen(',', ".", 1),
    };
    match plain.parse::<f64>() {
        _ if plain.is_empty() => Some("0".to_owned()),
        Ok(number) if number.is_finite() => Some(plain),
        _ => None,
    }
}
