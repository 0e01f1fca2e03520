//! How long a call took, as the log has it.

use std::fmt;
use std::time::Duration;

/// Writes a time as its `Debug` does, but without nanoseconds, which say nothing of a call, and for a tenth of the cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elapsed(pub(super) Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (unit, name, mut places) = match micros {
            0 => return f.write_str("0ns"),
            1..1_000 => return write!(f, "{micros}µs"),
            1_000..1_000_000 => (1_000, "ms", 3),
            _ => (1_000_000, "s", 6),
        };
        let (whole, mut part) = (micros / unit, micros % unit);
        if part == 0 {
            return write!(f, "{whole}{name}");
        }
        while part.is_multiple_of(10) {
            part /= 10;
            places -= 1;
        }
        write!(f, "{whole}.{part:0places$}{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_debug_writes_whole_microseconds() {
        let powers = (0..14).map(|power| 10_u64.pow(power));
        let micros = powers.flat_map(|power| [0, 1, 9, 10, 12, 100, 305, 999].map(|times| power * times));
        for micros in micros.flat_map(|micros| [micros, micros + 1, micros + 1_000_000]) {
            let time = Duration::from_micros(micros);
            let nanos = Duration::from_nanos(999);
            assert_eq!(Elapsed(time + nanos).to_string(), format!("{time:?}"));
        }
    }
}
