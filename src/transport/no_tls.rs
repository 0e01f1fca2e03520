//! Stands in for TLS when the feature `tls` is off. Its type has no values.

use std::io;

use crate::handler::Peer;

/// No server has one.
#[derive(Debug, Clone)]
pub(crate) enum Tls {}

/// No handshake leads to one.
pub(super) type TlsStream<I> = I;

impl Tls {
    #[expect(clippy::unused_async, reason = "it is called as the handshake of TLS is")]
    pub(super) async fn accept<I>(&self, _: I, _: Peer) -> io::Result<(TlsStream<I>, Peer)> {
        match *self {}
    }
}

/// No handshake fails.
pub(super) fn is_handshake_fault(_: &io::Error) -> bool {
    false
}
