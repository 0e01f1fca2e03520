//! WINDOW_UPDATE frames of streams that were opened after the last stream that a draining connection takes.
//!
//! A server that drains sends a first GOAWAY and a PING. Streams that come after the client has acknowledged the PING are
//! too late, and a second GOAWAY says which stream was the last. Until the client reads it, it may open more streams,
//! whose frames must be ignored, RFC 9113 section 6.8. h2 does not ignore WINDOW_UPDATE: to h2 the stream was never
//! opened, and it ends the connection with all calls in flight. So these frames are hidden from h2.

use super::frame::{ACK, Frame, HEADERS, PING, PING_PAYLOAD, WINDOW_UPDATE};

/// The payload of h2's PING when it drains. h2 does not export it; a test of the server fails if it changes. A client that
/// acknowledges such a PING unasked only loses its own window updates.
const DRAINS: [u8; PING_PAYLOAD] = [0x0b, 0x7b, 0xa2, 0xf0, 0x8b, 0x9b, 0xfe, 0x54];

/// Which stream is the last that the connection takes.
#[derive(Debug, Default)]
pub(super) struct LastStream {
    /// The highest stream that the client has opened so far.
    opened: u32,
    /// Whether later streams are too late. This is known from what is read, and not from the GOAWAY that is written,
    /// since h2 reads frames that came with the acknowledgement before it writes.
    is_final: bool,
}

impl LastStream {
    pub(super) fn is_final(&self) -> bool {
        self.is_final
    }

    /// Whether a frame is a window update of a stream that is too late.
    pub(super) fn is_late_update(&mut self, frame: Frame) -> bool {
        match frame.kind {
            HEADERS if !self.is_final => self.opened = self.opened.max(frame.stream),
            PING if frame.flags & ACK != 0 && frame.ping == Some(DRAINS) => self.is_final = true,
            WINDOW_UPDATE => return self.is_final && frame.stream > self.opened,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::transport::http2::frame::frame;
    use crate::transport::http2::frame::{DATA, FrameScanner, RST_STREAM};

    pub(in crate::transport::http2) fn acknowledgement() -> Vec<u8> {
        frame(PING, ACK, 0, &DRAINS)
    }

    /// The streams whose window updates are late.
    fn late(bytes: &[Vec<u8>]) -> Vec<u32> {
        let mut last = LastStream::default();
        let mut late = Vec::new();
        FrameScanner::default().read(&mut bytes.concat(), |frame| {
            let is_late = last.is_late_update(frame);
            if is_late {
                late.push(frame.stream);
            }
            is_late
        });
        late
    }

    fn update(stream: u32) -> Vec<u8> {
        frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1])
    }

    fn open(stream: u32) -> Vec<u8> {
        frame(HEADERS, 4, stream, b"...")
    }

    #[test]
    fn updates_are_late_after_the_acknowledgement_and_the_last_stream() {
        let before = [open(1), open(3), update(1), update(3), update(5)].concat();
        assert_eq!(late(std::slice::from_ref(&before)), [0; 0]);
        let after = [open(5), update(0), update(1), update(3), update(5), update(6)].concat();
        assert_eq!(late(&[before, acknowledgement(), after]), [5, 6]);
    }

    #[test]
    fn trailers_of_an_earlier_stream_do_not_make_it_the_last() {
        assert_eq!(
            late(&[open(1), open(3), open(1), acknowledgement(), update(3), update(5)]),
            [5]
        );
    }

    #[test]
    fn other_pings_and_other_frames_do_not_matter() {
        let keep_alive = frame(PING, ACK, 0, b"alive...");
        let asked = frame(PING, 0, 0, &DRAINS);
        assert_eq!(late(&[open(1), keep_alive, asked, update(3)]), [0; 0]);
        let (data, reset) = (frame(DATA, 0, 3, b"late"), frame(RST_STREAM, 0, 3, &[0; 4]));
        assert_eq!(late(&[open(1), acknowledgement(), open(3), data, reset]), [0; 0]);
    }
}
