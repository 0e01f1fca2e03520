//! How long a call took, as the log has it.

use std::time::Duration;

/// How many bytes a text takes at most: twenty digits, a point, and the unit.
const MOST: usize = 24;

/// The text of a time, as its `Debug` writes it, but without nanoseconds, which say nothing of a call, and for a tenth of the
/// cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elapsed {
    bytes: [u8; MOST],
    /// Where the text begins, which goes to the end.
    start: usize,
}

impl Elapsed {
    pub(super) fn of(time: Duration) -> Self {
        let micros = time
            .as_secs()
            .saturating_mul(1_000_000)
            .saturating_add(time.subsec_micros().into());
        let (unit, name, mut places) = match micros {
            0 => (1, "ns", 0),
            1..1_000 => (1, "µs", 0),
            1_000..1_000_000 => (1_000, "ms", 3),
            _ => (1_000_000, "s", 6),
        };
        let mut text = Self {
            bytes: [0; MOST],
            start: MOST - name.len(),
        };
        text.bytes[text.start..].copy_from_slice(name.as_bytes());
        let (mut whole, mut part) = (micros / unit, micros % unit);
        if part > 0 {
            while part.is_multiple_of(10) {
                part /= 10;
                places -= 1;
            }
            for _ in 0..places {
                text.begin_with(b'0' + (part % 10) as u8);
                part /= 10;
            }
            text.begin_with(b'.');
        }
        loop {
            text.begin_with(b'0' + (whole % 10) as u8);
            whole /= 10;
            if whole == 0 {
                return text;
            }
        }
    }

    fn begin_with(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or_default()
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
            assert_eq!(Elapsed::of(time + nanos).as_str(), format!("{time:?}"));
        }
        assert_eq!(Elapsed::of(Duration::MAX).as_str(), "18446744073709.551615s");
    }
}
