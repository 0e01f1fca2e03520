//! Stands in for TLS when the feature `tls` is off. Its type has no values.

use std::io;

use super::listener::Stream;
use crate::handler::{Peer, PeerAddr};

/// No server has one.
#[derive(Debug, Clone)]
pub(crate) enum Tls {}

/// No handshake leads to one.
pub(super) type TlsStream = Stream;

impl Tls {
    #[expect(clippy::unused_async, reason = "it is called as the handshake of TLS is")]
    pub(super) async fn accept(&self, _: Stream, _: PeerAddr) -> io::Result<(TlsStream, Peer)> {
        match *self {}
    }
}
