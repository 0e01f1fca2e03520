//! When a certificate is valid.
//!
//! A server may show a certificate that has expired, and rustls lets it. The clients refuse it, and say little; so the
//! server reads these two times, the only ones that it needs of a certificate (RFC 5280, section 4.1).

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in which a certificate is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before: Time,
    not_after: Time,
}

/// A point in time, in UTC: year, month, day, hour, minute, second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Time([u32; 6]);

impl Validity {
    /// The validity of a certificate in DER; `None` if it cannot be read.
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        let (_, certificate, _) = element(certificate)?;
        let (_, mut rest, _) = element(certificate)?;
        // The version may be missing. Number, algorithm and issuer come before the validity.
        if rest.first() == Some(&VERSION) {
            rest = element(rest)?.2;
        }
        for _ in 0..3 {
            rest = element(rest)?.2;
        }
        let (_, validity, _) = element(rest)?;
        let (kind, not_before, rest) = element(validity)?;
        let not_before = Time::of(kind, not_before)?;
        let (kind, not_after, _) = element(rest)?;
        let not_after = Time::of(kind, not_after)?;
        Some(Self {
            not_before,
            not_after,
        })
    }

    /// Why clients refuse the certificate at this time, if they do.
    pub(crate) fn problem(&self, now: SystemTime) -> Option<String> {
        let now = Time::at(now);
        if now > self.not_after {
            Some(format!("has expired on {}", self.not_after.text()))
        } else if now < self.not_before {
            Some(format!("is not valid before {}", self.not_before.text()))
        } else {
            None
        }
    }
}

/// The tag of the version of a certificate, and those of times.
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first element of DER: its tag, its contents, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
        length = bytes.iter().try_fold(0_usize, |length, &byte| {
            Some(length.checked_mul(256)? + usize::from(byte))
        })?;
        rest = after;
    }
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

impl Time {
    /// `YYMMDDhhmmssZ`, or with a year of four digits.
    fn of(kind: u8, text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        let (year, rest) = text.split_at_checked(match kind {
            UTC_TIME => 2,
            GENERALIZED_TIME => 4,
            _ => return None,
        })?;
        let mut time = [0; 6];
        time[0] = match year.parse().ok()? {
            year @ 0..50 if kind == UTC_TIME => 2000 + year,
            year if kind == UTC_TIME => 1900 + year,
            year => year,
        };
        for (index, part) in time.iter_mut().enumerate().skip(1) {
            *part = rest.get(2 * index - 2..2 * index)?.parse().ok()?;
        }
        (rest.len() == 10).then_some(Self(time))
    }

    /// The parts of a time of the system's clock, by the calendar that begins in March of the year 0.
    fn at(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (days, second) = (seconds / 86_400 + 719_468, (seconds % 86_400) as u32);
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = (day - (153 * month + 2) / 5 + 1) as u32;
        let month = if month < 10 { month + 3 } else { month - 9 } as u32;
        let year = (year + era * 400) as u32 + u32::from(month <= 2);
        Self([year, month, day, second / 3600, second / 60 % 60, second % 60])
    }

    fn text(self) -> String {
        let Self([year, month, day, hour, minute, second]) = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// A certificate for localhost.
    fn certificate(from: (i32, u8, u8), to: (i32, u8, u8)) -> Validity {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(to.0, to.1, to.2);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Validity::of(certificate.der()).expect("it can be read")
    }

    #[test]
    fn a_time_of_the_clock_has_a_date() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_704_067_199, "2023-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Time::at(at(seconds)).text(), text);
        }
    }

    #[test]
    fn a_certificate_is_valid_from_a_day_to_a_day() {
        // Times from 2050 on are written in another way.
        let validity = certificate((2024, 2, 29), (2060, 1, 2));
        assert_eq!(validity.problem(at(1_709_164_800)), None);
        assert_eq!(
            validity.problem(at(1_709_164_799)).unwrap(),
            "is not valid before 2024-02-29 00:00:00 UTC"
        );
        assert_eq!(
            validity.problem(at(3_000_000_000)).unwrap(),
            "has expired on 2060-01-02 00:00:00 UTC"
        );
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        let whole = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let whole = whole.self_signed(&KeyPair::generate().unwrap()).unwrap();
        for length in 0..whole.der().len() {
            assert_eq!(Validity::of(&whole.der()[..length]), None, "{length}");
        }
    }
}
