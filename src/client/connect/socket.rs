//! Opens the socket of an address.

use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::address::{Address, Place};
use super::fault::ConnectError;
#[cfg(not(unix))]
use super::fault::ConnectFault;

/// A socket, or TLS on one.
pub(in crate::client) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<I: AsyncRead + AsyncWrite + Send + Unpin> Duplex for I {}

/// Opens a socket.
pub(in crate::client) async fn open(
    address: &Address,
    timeout: Duration,
) -> Result<Box<dyn Duplex>, ConnectError> {
    match &address.place {
        Place::Tcp { .. } => {
            let uri = format!("http://{}", address.authority());
            let uri: Uri = uri.parse().expect("host and port make a URL");
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            connector.set_connect_timeout(Some(timeout));
            let socket = connector.oneshot(uri).await;
            let socket = socket.map_err(|error| ConnectError::of_socket(&error))?;
            Ok(Box::new(socket.into_inner()))
        }
        #[cfg(unix)]
        Place::Unix(path) => {
            let socket = tokio::net::UnixStream::connect(path).await;
            Ok(Box::new(socket.map_err(|error| ConnectError::of_socket(&error))?))
        }
        #[cfg(not(unix))]
        Place::Unix(_) => Err(ConnectError::new(
            ConnectFault::Unreachable,
            "this system has no Unix sockets",
        )),
    }
}
