//! The ids of traces and spans.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

/// The id of a trace, which is never all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId(pub(super) [u8; 16]);

/// The id of a span, which is never all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanId(pub(super) [u8; 8]);

/// The place of a call in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceIds {
    pub(crate) trace: TraceId,
    /// The span of the call. `None` if the server makes no spans.
    pub(crate) span: Option<SpanId>,
    /// The span of the caller. `None` if the trace begins with this call.
    pub(crate) parent: Option<SpanId>,
}

impl TraceId {
    /// How long it is.
    pub(crate) const LENGTH: usize = 16;

    pub(super) fn random() -> Self {
        Self(random().to_be_bytes())
    }

    /// `None` for zeros, which are no id.
    pub(crate) fn of(bytes: [u8; Self::LENGTH]) -> Option<Self> {
        (bytes != [0; Self::LENGTH]).then_some(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl SpanId {
    /// How long it is.
    pub(crate) const LENGTH: usize = 8;

    pub(super) fn random() -> Self {
        Self((random() as u64).max(1).to_be_bytes())
    }

    /// `None` for zeros, which are no id.
    pub(crate) fn of(bytes: [u8; Self::LENGTH]) -> Option<Self> {
        (bytes != [0; Self::LENGTH]).then_some(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Random bits, not all zeros. They are no secret, so the standard library's hasher is good enough: its keys are drawn by the system for
/// each thread, and are others each time.
fn random() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(0_u8));
    (half() << 64 | half()).max(1)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_not_zero_and_no_two_are_the_same() {
        let traces: HashSet<String> = (0..1000).map(|_| TraceId::random().to_string()).collect();
        let spans: HashSet<String> = (0..1000).map(|_| SpanId::random().to_string()).collect();
        assert_eq!((traces.len(), spans.len()), (1000, 1000));
        assert!(traces.iter().all(|id| id.len() == 32) && spans.iter().all(|id| id.len() == 16));
        assert_eq!(TraceId::of([0; 16]), None);
        assert_eq!(SpanId::of([0; 8]), None);
    }
}
