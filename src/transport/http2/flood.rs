//! Stops floods of frames that cost the server work but belong to no call: too many in a row end the connection.
//!
//! h2 limits resets, CONTINUATION, and empty or tiny DATA frames, but answers PING and SETTINGS without limit. A flood of
//! them takes no memory, but all of one core, so they are counted here. Over the limit the connection ends as gRPC's
//! proposal A8 asks: GOAWAY with ENHANCE_YOUR_CALM and the text `too_many_pings`, after which clients ping less often.

use std::time::Duration;

use tokio::time::Instant;

use super::frame::{
    ACK, CONTINUATION, DATA, FRAME_HEADER, HEADERS, PING, PING_PAYLOAD, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

/// The lowest limit: clients begin with a few SETTINGS, and some with PRIORITY frames.
pub(super) const FEWEST: u32 = 10;

/// The count goes down by one each time this has passed.
const FORGIVEN: Duration = Duration::from_secs(1);

/// The whole GOAWAY frame. Its last stream is the highest possible, since any stream may have been handled; its code is
/// ENHANCE_YOUR_CALM.
pub(super) const GOAWAY: &[u8] = b"\0\0\x16\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\x0btoo_many_pings";

/// Counts the frames that belong to no call.
#[derive(Debug)]
pub(super) struct Flood {
    /// How many more the client may send.
    left: i64,
    /// The limit.
    most: i64,
    /// The time up to which passed seconds were counted into `left`.
    forgiven: Instant,
    /// Bytes of answers to such frames that were not written yet. A write of more bytes contains something else.
    owed: usize,
}

impl Flood {
    pub(super) fn new(max_pings: u32) -> Self {
        Self {
            left: max_pings.into(),
            most: max_pings.into(),
            forgiven: Instant::now(),
            owed: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.left < 0
    }

    /// Counts a frame that has come.
    pub(super) fn received(&mut self, kind: u8, flags: u8) {
        let answer = match kind {
            // These belong to a call, or to what the server sends. h2 counts the useless ones.
            DATA | HEADERS | RST_STREAM | WINDOW_UPDATE | CONTINUATION => return,
            // Acknowledgements count too: h2 logs a line for each one that it did not ask for.
            PING | SETTINGS if flags & ACK != 0 => 0,
            PING => FRAME_HEADER + PING_PAYLOAD,
            SETTINGS => FRAME_HEADER,
            _ => 0,
        };
        self.owed += answer;
        if self.left <= 0 {
            self.forgive();
        }
        self.left -= 1;
    }

    fn forgive(&mut self) {
        let seconds = self.forgiven.elapsed().as_secs();
        self.forgiven += FORGIVEN * u32::try_from(seconds).unwrap_or(u32::MAX);
        self.left = (self.left + i64::try_from(seconds).unwrap_or(i64::MAX)).min(self.most);
    }

    /// Notes that `count` bytes were written.
    pub(super) fn sent(&mut self, count: usize) {
        if count <= self.owed {
            self.owed -= count;
        } else if !self.is_over() {
            self.owed = 0;
            self.left = self.most;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http2::frame::tests::kinds;

    const PONG: usize = 17;

    #[tokio::test(start_paused = true)]
    async fn pings_are_forgiven_one_a_second() {
        let mut flood = Flood::new(3);
        for _ in 0..3 {
            flood.received(PING, 0);
        }
        for _ in 0..20 {
            tokio::time::advance(FORGIVEN).await;
            flood.received(PING, 0);
            assert!(!flood.is_over());
        }
        flood.received(PING, 0);
        assert!(flood.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn pings_are_forgiven_when_more_than_answers_is_sent() {
        let mut flood = Flood::new(3);
        for _ in 0..1000 {
            flood.received(PING, 0);
            flood.sent(PONG + 20);
        }
        assert!(!flood.is_over());
        for _ in 0..4 {
            flood.received(PING, 0);
            flood.sent(PONG);
        }
        assert!(flood.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_calls_do_not_count() {
        let mut flood = Flood::new(0);
        for kind in [0, 1, 3, 8, 9] {
            flood.received(kind, 0);
        }
        assert!(!flood.is_over());
    }

    #[test]
    fn goaway_is_one_frame() {
        assert_eq!(kinds([GOAWAY]), [7]);
    }
}
