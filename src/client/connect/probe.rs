//! Asks a server that was not understood whether it speaks the other language: TLS, or HTTP/2 in plain text.
//!
//! This is done after a failure only, on a connection of its own, to say what to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::address::Address;
use super::fault::{ConnectError, ConnectFault};
use super::first_words::{Heard, Hearing, Overheard, heard};
use super::socket::{Duplex, open};
use super::tls::ClientTls;

/// How long a server is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a client in HTTP/2 says first: its preface, and empty SETTINGS.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub(super) fn speaks_tls() -> ConnectError {
    ConnectError::new(
        ConnectFault::SpeaksTls,
        "the server speaks TLS, and this client was told to speak plain text",
    )
}

pub(super) fn speaks_plain_text() -> ConnectError {
    ConnectError::new(
        ConnectFault::SpeaksPlainText,
        "the server does not speak TLS, and this client was told to",
    )
}

/// Whether the server answers TLS with TLS, even if only to refuse it.
pub(super) async fn answers_tls(address: &Address) -> bool {
    let asking = async {
        let socket = open(address, PATIENCE).await.ok()?;
        let name = ServerName::try_from(address.host().to_owned()).ok()?;
        let config = ClientTls::new().insecure().load(&["h2"]).ok()?;
        let hearing = Hearing::default();
        let connector = TlsConnector::from(Arc::new(config));
        // How it ends does not matter.
        let _ = connector.connect(name, Overheard::new(socket, &hearing)).await;
        Some(matches!(*hearing.borrow(), Heard::Tls))
    };
    tokio::time::timeout(PATIENCE, asking).await.ok().flatten() == Some(true)
}

/// Whether the server answers HTTP/2 in plain text.
pub(super) async fn answers_http2(address: &Address) -> bool {
    match open(address, PATIENCE).await {
        Ok(socket) => matches!(greeted(socket).await, Heard::Http2),
        Err(_) => false,
    }
}

/// What a server in plain text answers to HTTP/2.
pub(super) async fn greeted(mut socket: Box<dyn Duplex>) -> Heard {
    let greeting = async {
        socket.write_all(GREETING).await.ok()?;
        let mut answer = Vec::new();
        loop {
            if let Some(heard) = heard(&answer) {
                return Some(heard);
            }
            if socket.read_buf(&mut answer).await.ok()? == 0 {
                return None;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, greeting).await {
        Ok(heard) => heard.unwrap_or(Heard::HungUp(None)),
        Err(_) => Heard::Nothing,
    }
}
