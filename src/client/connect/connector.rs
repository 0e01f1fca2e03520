//! [`Connector`]: opens sockets for tonic's channel and for hyper's client, with TLS or without it.
//!
//! The channel asks it again when a connection is lost. What the server says first is heard on every connection.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tower::Service;

use super::address::{Address, host_of};
use super::fault::{ConnectError, ConnectFault};
use super::first_words::{Heard, Hearing, Overheard};
use super::given::GivenStream;
use super::probe;
use super::socket::{Duplex, open};
use super::tls::ClientTls;
use crate::client::protocol::HttpVersion;
use crate::error::Error;

/// Connects to one server. Cheap to clone.
#[derive(Clone)]
pub(in crate::client) struct Connector {
    address: Arc<Address>,
    /// What is spoken over in the place of a socket.
    given: Option<GivenStream>,
    tls: Option<Tls>,
    /// The versions of HTTP that may be spoken.
    versions: &'static [HttpVersion],
    timeout: Duration,
    /// What the server says first on the socket, and below TLS.
    below: Hearing,
    /// What it says first to HTTP/2.
    words: Hearing,
}

#[derive(Clone)]
struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Connector {
    /// A connector to `address`, which speaks one of these versions of HTTP. Each attempt may take `timeout`.
    pub(in crate::client) fn new(
        address: &Address,
        tls: Option<&ClientTls>,
        authority: Option<&str>,
        versions: &'static [HttpVersion],
        timeout: Duration,
    ) -> Result<Self, Error> {
        let host = authority.map_or(address.host(), host_of);
        let tls = tls.map(|tls| Tls::new(tls, host, versions)).transpose()?;
        Ok(Self {
            address: Arc::new(address.clone()),
            given: None,
            tls,
            versions,
            timeout,
            below: Hearing::default(),
            words: Hearing::default(),
        })
    }

    /// Speaks over a stream that is open, and not over a socket.
    pub(in crate::client) fn over(self, given: Option<GivenStream>) -> Self {
        Self { given, ..self }
    }

    /// Whether it speaks TLS.
    pub(in crate::client) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    fn speaks_http1(&self) -> bool {
        self.versions.contains(&HttpVersion::Http1)
    }

    /// Waits for this time until the server has spoken HTTP/2 on the newest connection, or fails with what it did instead.
    pub(in crate::client) async fn spoken(&self, time: Duration) -> Result<(), ConnectError> {
        let mut words = self.words.subscribe();
        let heard = words.wait_for(|heard| !matches!(heard, Heard::Nothing));
        let Ok(heard) = tokio::time::timeout(time, heard).await else {
            return Err(ConnectError::new(
                ConnectFault::TimedOut,
                format!(
                    "the server took the connection, and has said nothing in {:?}",
                    self.timeout
                ),
            ));
        };
        let heard = heard.expect("this connector holds the sender").clone();
        match heard {
            Heard::Http2 => Ok(()),
            other => Err(self.misunderstanding(other).await),
        }
    }

    /// What is wrong where a server says something else than HTTP/2, or nothing.
    async fn misunderstanding(&self, heard: Heard) -> ConnectError {
        let is_tls = self.is_tls();
        match heard {
            Heard::HungUp(Some(error)) => error,
            Heard::Tls if !is_tls => probe::speaks_tls(),
            Heard::HungUp(None) | Heard::Http1
                if !is_tls && self.given.is_none() && probe::answers_tls(&self.address).await =>
            {
                probe::speaks_tls()
            }
            Heard::Http1 => ConnectError::new(
                ConnectFault::SpeaksHttp1,
                "the server answers in HTTP/1, and gRPC needs HTTP/2",
            ),
            Heard::HungUp(None) => ConnectError::new(
                ConnectFault::HungUp,
                "the server closed the connection before it said anything",
            ),
            _ => ConnectError::new(
                ConnectFault::SpeaksOther,
                "the server speaks neither HTTP/2, HTTP/1 nor TLS",
            ),
        }
    }

    /// Which version of HTTP a server in plain text speaks: it is greeted in HTTP/2. Fails if it speaks TLS, or is not
    /// there.
    pub(in crate::client) async fn plain_version(&self) -> Result<HttpVersion, ConnectError> {
        let asking = async {
            if self.given.is_some() {
                // It is there once, and not to be spent on a greeting.
                return Ok(HttpVersion::Http2);
            }
            match probe::greeted(open(&self.address, self.timeout).await?).await {
                Heard::Http2 => Ok(HttpVersion::Http2),
                Heard::Tls => Err(probe::speaks_tls()),
                _ if probe::answers_tls(&self.address).await => Err(probe::speaks_tls()),
                _ => Ok(HttpVersion::Http1),
            }
        };
        self.in_time(asking).await
    }

    /// Opens a connection. Says whether TLS has agreed on HTTP/2.
    pub(super) async fn open(&self) -> Result<(Box<dyn Duplex>, bool), ConnectError> {
        let opening = async {
            let socket = match &self.given {
                Some(given) => given.open()?,
                None => open(&self.address, self.timeout).await?,
            };
            let Some(tls) = &self.tls else {
                return Ok((socket, false));
            };
            let stream = self.handshake(tls, Overheard::new(socket, &self.below)).await?;
            let agreed = stream.get_ref().1.alpn_protocol();
            let agreed_on_http2 = agreed == Some(HttpVersion::Http2.alpn().as_bytes());
            Ok((Box::new(stream) as Box<dyn Duplex>, agreed_on_http2))
        };
        self.in_time(opening).await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::new(
                    ConnectFault::TimedOut,
                    format!("the server did not answer in {:?}", self.timeout),
                ))
            })
    }

    async fn connect(self) -> Result<TokioIo<Box<dyn Duplex>>, ConnectError> {
        let (stream, _) = self.open().await?;
        let stream = Overheard::new(stream, &self.words);
        Ok(TokioIo::new(Box::new(stream)))
    }

    async fn handshake<I: Duplex>(&self, tls: &Tls, socket: I) -> Result<TlsStream<I>, ConnectError> {
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        match connector.connect(tls.name.clone(), socket).await {
            // A server that does not know ALPN may still speak HTTP/2: its first words tell.
            Ok(stream) => Ok(stream),
            Err(error) => Err(self.no_handshake(&error).await),
        }
    }

    /// Why a handshake failed. A server that does not speak TLS is asked in plain text what it does speak.
    async fn no_handshake(&self, error: &io::Error) -> ConnectError {
        let heard = self.below.borrow().clone();
        match heard {
            Heard::Tls => match ConnectError::of_tls(error) {
                Some(error) if error.fault == ConnectFault::SpeaksHttp1 && self.speaks_http1() => {
                    ConnectError::new(
                        ConnectFault::Handshake,
                        "the server does not offer the version of HTTP that the client was told to speak",
                    )
                }
                Some(error) => error,
                None => ConnectError::new(
                    ConnectFault::Handshake,
                    format!("the TLS handshake failed: {error}"),
                ),
            },
            Heard::Http2 => probe::speaks_plain_text(),
            _ if self.given.is_none() && probe::answers_http2(&self.address).await => {
                probe::speaks_plain_text()
            }
            Heard::Http1 if self.speaks_http1() => probe::speaks_plain_text(),
            Heard::Http1 => ConnectError::new(
                ConnectFault::SpeaksHttp1,
                "the server answers in HTTP/1 without TLS, and gRPC needs HTTP/2",
            ),
            Heard::HungUp(_) | Heard::Nothing => ConnectError::new(
                ConnectFault::HungUp,
                "the server closed the connection during the TLS handshake",
            ),
            Heard::Other => ConnectError::new(ConnectFault::SpeaksOther, "the server does not speak TLS"),
        }
    }
}

impl Tls {
    fn new(tls: &ClientTls, host: &str, versions: &[HttpVersion]) -> Result<Self, Error> {
        let name = tls.name().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| Error::invalid_input(format!("{name:?} is no name of a server"), error))?;
        Ok(Self {
            config: Arc::new(tls.load(&versions.iter().map(|version| version.alpn()).collect::<Vec<_>>())?),
            name,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Duplex>>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connecting = self.clone().connect();
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
