//! The first byte of a connection to a port with TLS, read before rustls sees it: a client without TLS is told so.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::replayed::Replayed;
use super::wrong_protocol::{HANDSHAKE_RECORD, WrongProtocol};

/// Reads the first byte, or refuses a client that does not speak TLS.
pub(super) async fn expect_tls<I>(mut io: I) -> io::Result<Replayed<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut start = [0; 24];
    let first = io.read_u8().await?;
    if first == HANDSHAKE_RECORD {
        return Ok(Replayed::new(io, Bytes::from_static(&[HANDSHAKE_RECORD])));
    }
    start[0] = first;
    let more = io.read(&mut start[1..]).await?;
    Err(WrongProtocol::PlainText.refuse(io, &start[..=more]).await)
}
