//! Clients that speak another protocol than their port does: they are told so as well as they can understand it.
//!
//! The reason is an error of its own, so that the log of whoever runs the server can say what to do.

use std::fmt;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The type of TLS' handshake records, with which every client of TLS begins.
pub(super) const HANDSHAKE_RECORD: u8 = 22;

/// An alert of TLS: fatal, an unexpected message.
#[cfg(feature = "tls")]
const TLS_ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 10];

/// What a client speaks, where its port speaks something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongProtocol {
    /// TLS, on a port without it.
    Tls,
    /// HTTP/1 or HTTP/2 without TLS, on a port with it.
    #[cfg(feature = "tls")]
    PlainText,
    Unknown,
}

impl WrongProtocol {
    /// What a connection speaks that begins like this, on a port for HTTP in plain text or within TLS.
    pub(super) fn in_place_of_http(start: &[u8]) -> Self {
        match start {
            [HANDSHAKE_RECORD, ..] => Self::Tls,
            _ => Self::Unknown,
        }
    }

    /// Whether an error is a mix-up of TLS and plain text.
    pub(super) fn is_mix_up(error: &io::Error) -> bool {
        let wrong = error.get_ref().and_then(|error| error.downcast_ref::<Self>());
        wrong.is_some_and(|wrong| !matches!(wrong, Self::Unknown))
    }

    /// Answers the client and hangs up. Returns the reason.
    pub(super) async fn refuse<I: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut io: I,
        start: &[u8],
    ) -> io::Error {
        let answered = async {
            io.write_all(&self.answer(start)).await?;
            hang_up(io).await
        };
        match answered.await {
            Ok(()) => io::Error::new(io::ErrorKind::InvalidData, self),
            Err(error) => error,
        }
    }

    /// The answer, in a language that a client which begins like this may understand.
    fn answer(self, start: &[u8]) -> Vec<u8> {
        #[cfg(not(feature = "tls"))]
        let _ = start;
        let http1 = |code: &str, text: &str| {
            format!("HTTP/1.1 {code}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n{text}")
                .into_bytes()
        };
        match self {
            // Clients of TLS take this for what it is: plain text.
            Self::Tls => http1("400 Bad Request", "this port does not speak TLS"),
            #[cfg(feature = "tls")]
            Self::PlainText if starts_http1(start) => http1("400 Bad Request", "this port speaks TLS"),
            #[cfg(feature = "tls")]
            Self::PlainText => TLS_ALERT.to_vec(),
            Self::Unknown => Vec::new(),
        }
    }
}

/// Closes a connection after a refusal. What the client still sends is read: closing with unread bytes would reset the
/// connection, and the refusal would be lost.
pub(super) async fn hang_up<I: AsyncRead + AsyncWrite + Unpin>(mut io: I) -> io::Result<()> {
    io.shutdown().await?;
    tokio::io::copy(&mut io.take(64 << 10), &mut tokio::io::sink()).await?;
    Ok(())
}

impl fmt::Display for WrongProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => {
                "the client speaks TLS, and this port does not: call it without TLS, or give the server a certificate"
            }
            #[cfg(feature = "tls")]
            Self::PlainText => "the client does not speak TLS, and this port does: call it with TLS, as https://",
            Self::Unknown => "the client speaks neither HTTP/2 nor HTTP/1",
        })
    }
}

impl std::error::Error for WrongProtocol {}

/// Whether these bytes are the beginning of an HTTP/1 request: a verb in capitals, such as PURGE, and what it is for. An
/// empty line may stand before it.
pub(super) fn starts_http1(start: &[u8]) -> bool {
    let start = match start {
        b"\r" | b"\r\n" => return true,
        [b'\r', b'\n', rest @ ..] | rest => rest,
    };
    let mut words = start.splitn(2, |&byte| byte == b' ');
    let verb = words.next().unwrap_or_default();
    let is_verb = verb.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-');
    // A path, all of the server, or the address of a proxy's client.
    let target = words.next().and_then(<[u8]>::first);
    let is_target = |first: &u8| b"/*h".contains(first) || verb == b"CONNECT";
    // Whoever says PRI means HTTP/2.
    is_verb && !verb.is_empty() && verb != b"PRI" && target.is_none_or(is_target)
}
