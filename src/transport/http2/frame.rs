//! Finds the frames of HTTP/2 in the bytes that are read, RFC 9113 section 4.1.
//!
//! Only frame headers and the payloads of PING and SETTINGS are looked at. However the bytes are split, each frame is seen once, before
//! h2 sees the end of its header. A frame that h2 must not see gets an unknown type, which h2 ignores.

use super::settings::Settings;

/// Length, type, flags and stream of a frame.
pub(in crate::transport) const FRAME_HEADER: usize = 9;
/// The offset of the type in it.
const KIND: usize = 3;

/// The length of a PING's payload, section 6.7.
pub(super) const PING_PAYLOAD: usize = 8;

pub(in crate::transport) const DATA: u8 = 0;
pub(in crate::transport) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(in crate::transport) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(in crate::transport) const CONTINUATION: u8 = 9;
/// Reserved for experiments by section 11.2, so no extension uses it. Unknown types are ignored, section 5.5.
const UNKNOWN: u8 = 0xff;

/// The flag of PING and SETTINGS that acknowledge.
pub(super) const ACK: u8 = 1;

/// The bytes of a frame.
pub(in crate::transport) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header of a frame, and the payload of a PING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    /// The payload of a PING.
    pub(super) ping: Option<[u8; PING_PAYLOAD]>,
}

/// Finds where one frame ends and the next begins, in bytes that come in pieces.
#[derive(Debug, Default)]
pub(super) struct FrameScanner {
    /// How many bytes are still to come before the next header.
    skipped: usize,
    /// What has come of the current frame's header, and of a PING's payload.
    start: [u8; FRAME_HEADER + PING_PAYLOAD],
    filled: usize,
    /// Whether the bytes to come are settings.
    in_settings: bool,
    settings: Settings,
}

impl FrameScanner {
    /// A scanner of frames that come after `bytes` bytes of something else.
    pub(super) fn after(bytes: usize) -> Self {
        Self {
            skipped: bytes,
            ..Self::default()
        }
    }

    /// Looks at the next bytes, and hides the frames for which `is_hidden` returns true. The type of such a frame must be
    /// in `bytes`; see [`header_begun`](Self::header_begun).
    pub(super) fn read(&mut self, bytes: &mut [u8], mut is_hidden: impl FnMut(Frame) -> bool) {
        let mut at = 0;
        loop {
            let skipped = self.skipped.min(bytes.len() - at);
            if self.in_settings {
                self.settings.read(&bytes[at..][..skipped]);
            }
            self.skipped -= skipped;
            at += skipped;
            if at == bytes.len() {
                return;
            }
            let taken = (bytes.len() - at).min(self.wanted() - self.filled);
            self.start[self.filled..][..taken].copy_from_slice(&bytes[at..][..taken]);
            self.filled += taken;
            at += taken;
            if self.filled < self.wanted() {
                continue;
            }
            let kind_at = (at + KIND).checked_sub(self.filled);
            if is_hidden(self.take()) {
                debug_assert!(kind_at.is_some(), "its type was handed over before");
                if let Some(kind_at) = kind_at {
                    bytes[kind_at] = UNKNOWN;
                }
            }
        }
    }

    /// How many bytes at the end belong to a header that is not whole. The scanner forgets them: a caller that hides
    /// frames holds these bytes back, and passes them in again with the rest.
    pub(super) fn header_begun(&mut self) -> usize {
        if self.filled < FRAME_HEADER {
            std::mem::take(&mut self.filled)
        } else {
            0
        }
    }

    /// How many bytes of headers the client takes, if it has announced that since this was last asked.
    pub(super) fn new_header_limit(&mut self) -> Option<u32> {
        self.settings.new_header_limit()
    }

    fn length(&self) -> usize {
        let [a, b, c, ..] = self.start;
        u32::from_be_bytes([0, a, b, c]) as usize
    }

    /// How many bytes of the current frame must be read: its header, and the payload of a PING.
    fn wanted(&self) -> usize {
        if self.filled >= FRAME_HEADER && self.start[KIND] == PING {
            FRAME_HEADER + self.length().min(PING_PAYLOAD)
        } else {
            FRAME_HEADER
        }
    }

    /// The current frame, after all wanted bytes have come.
    fn take(&mut self) -> Frame {
        let length = self.length();
        let payload = self.filled - FRAME_HEADER;
        self.filled = 0;
        self.skipped = length - payload;
        let [_, _, _, kind, flags, a, b, c, d, ping @ ..] = self.start;
        self.in_settings = kind == SETTINGS && flags & ACK == 0;
        Frame {
            kind,
            flags,
            // The highest bit is reserved.
            stream: u32::from_be_bytes([a & 0x7f, b, c, d]),
            ping: (payload == PING_PAYLOAD).then_some(ping),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::transport::http2::frame::frame;

    /// The types of the frames in these pieces, which end with the last of them.
    pub(in crate::transport::http2) fn kinds<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut frames = FrameScanner::default();
        let mut kinds = Vec::new();
        for piece in pieces {
            frames.read(&mut piece.to_vec(), |frame| {
                kinds.push(frame.kind);
                false
            });
        }
        assert_eq!((frames.skipped, frames.filled), (0, 0), "a part is missing");
        kinds
    }

    fn some_frames() -> Vec<u8> {
        [
            frame(SETTINGS, 0, 0, &[4; 6]),
            frame(HEADERS, 4, 1, &[1; 300]),
            frame(DATA, 0, 1, &[]),
            frame(PING, ACK, 0, b"eightchr"),
            frame(PING, 0, 0, &[]),
            frame(PING, 0, 0, &[6; 30]),
            frame(WINDOW_UPDATE, 0, 0xffff_ffff, &[0, 0, 0, 1]),
        ]
        .concat()
    }

    #[test]
    fn frames_are_told_apart_however_they_are_split() {
        let bytes = some_frames();
        for size in 1..=bytes.len() {
            assert_eq!(
                kinds(bytes.chunks(size)),
                [4, 1, 0, 6, 6, 6, 8],
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn flags_stream_and_ping_are_told() {
        let bytes = some_frames();
        for size in 1..=bytes.len() {
            let mut frames = FrameScanner::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(size) {
                frames.read(&mut piece.to_vec(), |frame| {
                    seen.push((frame.flags, frame.stream, frame.ping));
                    false
                });
            }
            let expected = [
                (0, 0, None),
                (4, 1, None),
                (0, 1, None),
                (ACK, 0, Some(*b"eightchr")),
                (0, 0, None),
                (0, 0, Some([6; 8])),
                (0, 0x7fff_ffff, None),
            ];
            assert_eq!(seen, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_comes_before_the_frames_is_no_frame() {
        let mut frames = FrameScanner::after(24);
        let mut seen = 0;
        let mut bytes = [&[0; 24][..], &some_frames()].concat();
        frames.read(&mut bytes, |_| {
            seen += 1;
            false
        });
        assert_eq!(seen, 7);
    }

    #[test]
    fn a_hidden_frame_is_of_an_unknown_type_and_nothing_else_changes() {
        let mut bytes = some_frames();
        let place = bytes.len() - 13 + KIND;
        let mut expected = bytes.clone();
        expected[place] = UNKNOWN;
        // Its header begins where the second read does, and before that in the middle of the first one.
        for split in [0, 1, 100, place - KIND] {
            let mut frames = FrameScanner::default();
            let mut read = bytes.clone();
            let (first, second) = read.split_at_mut(split);
            for piece in [first, second] {
                frames.read(piece, |frame| frame.kind == WINDOW_UPDATE);
            }
            assert_eq!(read, expected, "in two pieces, split at {split}");
        }
        FrameScanner::default().read(&mut bytes, |_| false);
        assert_eq!(bytes, some_frames());
    }

    #[test]
    fn a_header_that_is_not_whole_is_read_once_more() {
        let bytes = frame(WINDOW_UPDATE, 0, 5, &[0, 0, 0, 1]);
        for begun in 0..FRAME_HEADER {
            let mut frames = FrameScanner::default();
            let unseen = |_| panic!("it is not whole");
            frames.read(&mut bytes[..begun].to_vec(), unseen);
            assert_eq!(frames.header_begun(), begun);
            assert_eq!(frames.header_begun(), 0);
            let mut all = bytes.clone();
            frames.read(&mut all, |frame| frame.stream == 5);
            assert_eq!(all[KIND], UNKNOWN);
            assert_eq!(frames.header_begun(), 0);
        }
    }
}
