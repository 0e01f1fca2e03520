//! Keeps lines of the log that a client can cause without end to a few a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::throttle::Throttle;

/// How many lines of a kind are written in a minute.
const LINES: u32 = 10;

/// Lets a few lines of each kind through in a minute, and counts the others. The kinds must not be the client's to choose:
/// each is kept.
#[derive(Debug, Default)]
pub(super) struct LimitedLines {
    kinds: Mutex<HashMap<String, Throttle>>,
}

impl LimitedLines {
    /// Whether one more line of a kind is to be written: then how many were left out since the last one; `None` if it is to
    /// be left out.
    pub(super) fn take(&self, kind: &str) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kinds.get(kind) {
            return known.pass();
        }
        let throttle = Throttle::of_lines(LINES, Duration::from_mins(1));
        kinds.entry(kind.to_owned()).or_insert(throttle).pass()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_lines() {
        let lines = LimitedLines::default();
        for _ in 0..LINES {
            assert_eq!(lines.take("a"), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(lines.take("a"), None);
        }
        assert_eq!(lines.take("b"), Some(0), "another kind");
    }
}
