//! Why a request is refused before it is one, and how its client is told.

use std::fmt;

/// What is wrong with the bytes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// The status of HTTP.
    pub(super) code: u16,
    /// What is wrong, without a full stop.
    pub(super) text: &'static str,
}

impl Fault {
    /// A request that is malformed.
    pub(super) const fn malformed(text: &'static str) -> Self {
        Self { code: 400, text }
    }

    /// The whole response. The connection ends with it.
    pub(super) fn response(self) -> Vec<u8> {
        let reason = match self.code {
            408 => "Request Timeout",
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            505 => "HTTP Version Not Supported",
            _ => "Bad Request",
        };
        let Self { code, text } = self;
        format!(
            "HTTP/1.1 {code} {reason}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{text}\n",
            text.len() + 1
        )
        .into_bytes()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl std::error::Error for Fault {}
