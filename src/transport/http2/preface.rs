//! The first bytes of a connection, read before hyper sees them.
//!
//! This way a silent client is cut off, and a client that does not speak HTTP/2 is told so.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use crate::transport::replayed::Replayed;
use crate::transport::wrong_protocol::WrongProtocol;

/// The first bytes of every HTTP/2 connection, RFC 9113 section 3.4.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads the preface, or refuses a client that speaks another protocol.
pub(in crate::transport) async fn read_preface<I>(mut io: I) -> io::Result<Replayed<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = [0; PREFACE.len()];
    let mut filled = 0;
    while filled < PREFACE.len() {
        let count = io.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if !PREFACE.starts_with(&buffer[..filled]) {
            let start = &buffer[..filled];
            return Err(WrongProtocol::in_place_of_http2(start).refuse(io, start).await);
        }
    }
    Ok(Replayed::new(io, PREFACE))
}
