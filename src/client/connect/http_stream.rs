//! [`HttpConnector`]: connections for hyper's client, over which HTTP/1.1 or HTTP/2 is spoken.
//!
//! The first connection is made before there is a call, so that a wrong address or certificate is told at once; the first
//! call takes it. hyper keeps connections for the next calls, and asks for others when it needs them.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tower::Service;

use super::connector::Connector;
use super::fault::ConnectError;
use super::socket::Duplex;

/// A connection, and whether TLS has agreed on HTTP/2.
pub(in crate::client) struct HttpStream {
    io: TokioIo<Box<dyn Duplex>>,
    agreed_on_http2: bool,
}

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub(in crate::client) struct HttpConnector {
    connector: Connector,
    /// The connection that was made first, until it is taken.
    first: Arc<Mutex<Option<HttpStream>>>,
}

impl HttpConnector {
    pub(in crate::client) fn new(connector: Connector) -> Self {
        Self {
            connector,
            first: Arc::default(),
        }
    }

    /// Makes the first connection.
    pub(in crate::client) async fn prepare(&self) -> Result<(), ConnectError> {
        let stream = self.open().await?;
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        Ok(())
    }

    async fn open(&self) -> Result<HttpStream, ConnectError> {
        let (stream, agreed_on_http2) = self.connector.open().await?;
        Ok(HttpStream {
            io: TokioIo::new(stream),
            agreed_on_http2,
        })
    }

    fn take_first(&self) -> Option<HttpStream> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Service<Uri> for HttpConnector {
    type Response = HttpStream;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            match connector.take_first() {
                Some(first) => Ok(first),
                None => Ok(connector.open().await?),
            }
        })
    }
}

impl Connection for HttpStream {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.agreed_on_http2 {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

impl Read for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for HttpStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpConnector").field(&self.connector).finish()
    }
}
