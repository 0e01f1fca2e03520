//! Sizes in bytes, as flags take and print them: `65536`, `64k`, `8MiB`, `1.5GB`.
//!
//! A number alone is bytes. `k`, `M`, `G` and `T` count in 1024, with or without `i` or `iB` after them, as in nginx and
//! Docker; `kB`, `MB`, `GB` and `TB` count in 1000. Case does not matter. A size is printed so that it is read as the
//! same number.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(u64);

/// The units of 1024, largest first.
const UNITS: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

impl Size {
    pub(crate) const KIB: Self = Self(1 << 10);

    pub(crate) const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size as a `u32`, or the largest one.
    pub(crate) fn as_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The size as a `usize`, or the largest one.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// A parser that takes sizes in this range.
    pub(crate) fn between(
        least: Self,
        most: Self,
    ) -> impl Fn(&str) -> Result<Self, String> + Clone + Send + Sync + 'static {
        move |text| match text.parse::<Self>()? {
            size if size < least => Err(format!("it must be at least {least}")),
            size if size > most => Err(format!("it must be at most {most}")),
            size => Ok(size),
        }
    }
}

impl From<u32> for Size {
    fn from(bytes: u32) -> Self {
        Self(bytes.into())
    }
}

impl From<usize> for Size {
    fn from(bytes: usize) -> Self {
        Self(bytes as u64)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err("a size cannot be negative".to_owned());
        }
        let (number, unit) = text.split_at(text.find(|c| !is_of_number(c)).unwrap_or(text.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
            return Err(
                "a size is a number of bytes, or a number with a unit, as in 65536, 64k or 8MiB".to_owned(),
            );
        }
        let scale = scale(unit.trim_start())?;
        if scale == 1 && fraction.contains(|digit| digit != '0') {
            return Err("a part of a byte is no size; with a unit it is one, as in 1.5k".to_owned());
        }
        let bytes = bytes(whole, fraction, scale).ok_or("it is more than a size can be")?;
        Ok(Self(bytes))
    }
}

fn is_of_number(character: char) -> bool {
    character == '.' || character.is_ascii_digit()
}

/// How many bytes a unit has.
fn scale(unit: &str) -> Result<u64, String> {
    let lower = unit.to_ascii_lowercase();
    let (letter, base): (&str, u64) = match lower.as_str() {
        "" | "b" => return Ok(1),
        other if other.len() == 2 && other.ends_with('b') => (&other[..1], 1000),
        other => (
            other
                .strip_suffix("ib")
                .or(other.strip_suffix('i'))
                .unwrap_or(other),
            1024,
        ),
    };
    let power = ["k", "m", "g", "t"].iter().position(|known| *known == letter);
    let power = power.ok_or_else(|| {
        format!("there is no unit `{unit}`: KiB, MiB, GiB, TiB or k, M, G, T count in 1024, and kB, MB, GB, TB in 1000")
    })?;
    Ok((0..=power).fold(1, |scale, _| scale * base))
}

/// The number times the scale; what is less than a byte is cut off.
fn bytes(whole: &str, fraction: &str, scale: u64) -> Option<u64> {
    let whole = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    // More digits are less than a byte in every unit.
    let fraction = &fraction[..fraction.len().min(15)];
    let tenths = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    whole.checked_add(u64::try_from(fraction * u128::from(scale) / tenths).ok()?)
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .iter()
            .find(|(_, scale)| self.0 > 0 && self.0.is_multiple_of(*scale));
        match unit {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_is_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("7B", 7),
            ("64k", 64 << 10),
            ("64K", 64 << 10),
            ("64Ki", 64 << 10),
            ("64KiB", 64 << 10),
            ("64kib", 64 << 10),
            ("64kB", 64_000),
            ("64KB", 64_000),
            ("8MiB", 8 << 20),
            ("8 MiB", 8 << 20),
            ("8m", 8 << 20),
            ("1GB", 1_000_000_000),
            ("1.5GiB", 3 << 29),
            ("0.5k", 512),
            ("2T", 2 << 40),
            (" 1k ", 1024),
            ("1.0000000000000000000001k", 1024),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_told() {
        for (text, part) in [
            ("", "number"),
            ("k", "number"),
            (".5k", "number"),
            ("5.", "number"),
            ("1.2.3", "number"),
            ("abc", "number"),
            ("-1", "negative"),
            ("8.5", "part of a byte"),
            ("8.5 B", "part of a byte"),
            ("1X", "`X`"),
            ("1 MiBs", "`MiBs`"),
            ("1kk", "`kk`"),
            ("1e6", "`e6`"),
            ("99999999999999999999", "more"),
            ("99999999T", "more"),
        ] {
            let error = text.parse::<Size>().expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_size_is_printed_as_it_is_read() {
        for text in [
            "0",
            "1",
            "1023",
            "1KiB",
            "1025",
            "64KiB",
            "8MiB",
            "1GiB",
            "3TiB",
            "4294967295",
        ] {
            assert_eq!(text.parse::<Size>().expect("a size").to_string(), text);
        }
    }

    #[test]
    fn a_range_is_told_with_units() {
        let parse = Size::between(Size::KIB, Size::bytes(1 << 20));
        assert_eq!(parse("1k"), Ok(Size::KIB));
        assert_eq!(parse("1000"), Err("it must be at least 1KiB".to_owned()));
        assert_eq!(parse("2M"), Err("it must be at most 1MiB".to_owned()));
    }
}
