//! Keeps lines of the log that a client can cause without end to a few a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many lines of a kind are written in a minute.
const LINES: u32 = 10;

const MINUTE: Duration = Duration::from_mins(1);

/// Lets a few lines of each kind through in a minute, and counts the others. The kinds must not be the client's to choose:
/// each is kept.
#[derive(Debug, Default)]
pub(super) struct LimitedLines {
    kinds: Mutex<HashMap<String, Kind>>,
}

#[derive(Debug)]
struct Kind {
    since: Instant,
    /// Since then.
    written: u32,
    left_out: u64,
}

impl LimitedLines {
    /// Whether one more line of a kind is to be written: then how many were left out since the last one; `None` if it is to
    /// be left out.
    pub(super) fn take(&self, kind: &str) -> Option<u64> {
        let now = Instant::now();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = kinds.get_mut(kind) else {
            let first = Kind {
                since: now,
                written: 1,
                left_out: 0,
            };
            kinds.insert(kind.to_owned(), first);
            return Some(0);
        };
        if now.duration_since(known.since) >= MINUTE {
            known.since = now;
            known.written = 0;
        }
        if known.written == LINES {
            known.left_out += 1;
            return None;
        }
        known.written += 1;
        Some(std::mem::take(&mut known.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_over_ten_a_minute_are_counted_and_said_in_the_next() {
        let lines = LimitedLines::default();
        for _ in 0..LINES {
            assert_eq!(lines.take("a"), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(lines.take("a"), None);
        }
        assert_eq!(lines.take("b"), Some(0), "another kind");
        tokio::time::advance(MINUTE).await;
        assert_eq!(lines.take("a"), Some(3));
        assert_eq!(lines.take("a"), Some(0));
    }
}
