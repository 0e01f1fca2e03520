//! The first bytes of a connection, read before hyper sees them.
//!
//! They tell HTTP/2 from HTTP/1. This way a silent client is cut off, and a client that speaks neither is told so.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use crate::transport::replayed::Replayed;
use crate::transport::wrong_protocol::{WrongProtocol, starts_http1};

/// The first bytes of every HTTP/2 connection, RFC 9113 section 3.4.
pub(in crate::transport) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum Version {
    Http1,
    Http2,
}

/// Reads the first bytes, or refuses a client that speaks another protocol.
pub(in crate::transport) async fn read_preface<I>(mut io: I) -> io::Result<(Replayed<I>, Version)>
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
            if starts_http1(start) {
                return Ok((Replayed::new(io, Bytes::copy_from_slice(start)), Version::Http1));
            }
            return Err(WrongProtocol::in_place_of_http(start).refuse(io, start).await);
        }
    }
    Ok((Replayed::new(io, Bytes::from_static(PREFACE)), Version::Http2))
}
