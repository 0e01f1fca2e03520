//! [`Way`]: how a server is reached, from what a builder says: tonic's channel for gRPC and reflection, hyper's client for
//! the other protocols.
//!
//! Both are connected when they are returned, so that a wrong address or certificate is told before the first call.

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, Instant};

use http::Uri;
use http::uri::{Authority, Scheme};
use tonic::transport::Endpoint;

use super::channel::CheckedChannel;
use super::connect::{Address, ClientTls, ConnectError, Connector, GivenStream, HttpConnector};
use super::head::USER_AGENT;
use super::http::HttpChannel;
use super::protocol::{HttpVersion, Protocol};
use crate::error::Error;

/// The bytes of headers that are taken, so that long messages of statuses come whole. tonic's default is 16 KiB.
const MAX_HEADERS: u32 = 1 << 20;

/// What of a builder says how its server is reached.
#[derive(Debug)]
pub(super) struct Wish<'b> {
    pub(super) address: &'b str,
    pub(super) stream: Option<&'b GivenStream>,
    pub(super) tls: Option<&'b ClientTls>,
    pub(super) authority: Option<&'b str>,
    pub(super) protocol: Protocol,
    pub(super) http_version: Option<HttpVersion>,
    pub(super) connect_timeout: Duration,
}

/// How a server is reached.
#[derive(Debug)]
pub(super) struct Way<'b> {
    wish: Wish<'b>,
    address: Address,
    authority: Authority,
    /// The versions of HTTP that calls may have.
    versions: &'static [HttpVersion],
}

impl<'b> Way<'b> {
    pub(super) fn new(wish: Wish<'b>) -> Result<Self, Error> {
        let address = Address::parse(wish.address)?;
        let authority = wish.authority.map_or_else(|| address.authority(), str::to_owned);
        let authority = authority
            .parse()
            .map_err(|error| Error::invalid_input(format!("{authority:?} is no authority"), error))?;
        let versions: &[HttpVersion] = match (wish.protocol, wish.http_version) {
            (Protocol::Grpc, Some(HttpVersion::Http1)) => {
                let why = "gRPC needs HTTP/2; over HTTP/1.1 there are gRPC-Web and Connect";
                return Err(Error::invalid_input(
                    "gRPC cannot be spoken over HTTP/1.1",
                    why.to_owned(),
                ));
            }
            (Protocol::Grpc, _) | (_, Some(HttpVersion::Http2)) => &[HttpVersion::Http2],
            (_, Some(HttpVersion::Http1)) => &[HttpVersion::Http1],
            (_, None) => &[HttpVersion::Http2, HttpVersion::Http1],
        };
        Ok(Self {
            wish,
            address,
            authority,
            versions,
        })
    }

    /// The channel for gRPC, connected.
    pub(super) async fn grpc(&self) -> Result<CheckedChannel, Error> {
        let connector = self.connector(&[HttpVersion::Http2])?;
        let began = Instant::now();
        let endpoint = self.endpoint(&connector);
        let connected = endpoint.connect_with_connector(connector.clone()).await;
        let channel = connected.map_err(|error| match ConnectError::among(&error) {
            Some(error) => self.failed(error),
            None => self.failed(error),
        })?;
        let left = self.wish.connect_timeout.saturating_sub(began.elapsed());
        let spoken = connector.spoken(left).await;
        spoken.map_err(|error| self.failed(error))?;
        Ok(CheckedChannel::new(channel))
    }

    /// The channel for gRPC, which connects when it is used.
    pub(super) fn grpc_later(&self) -> Result<CheckedChannel, Error> {
        let connector = self.connector(&[HttpVersion::Http2])?;
        let endpoint = self.endpoint(&connector);
        Ok(CheckedChannel::new(
            endpoint.connect_with_connector_lazy(connector),
        ))
    }

    /// The channel for the other protocols, connected. A server that `speaks_grpc` is there, and speaks HTTP/2.
    pub(super) async fn http(&self, speaks_grpc: bool) -> Result<HttpChannel, Error> {
        let connector = self.connector(self.versions)?;
        let is_tls = connector.is_tls();
        let version = match self.versions {
            [version] => Some(*version),
            // They agree on it.
            _ if is_tls => None,
            _ if speaks_grpc => Some(HttpVersion::Http2),
            _ => {
                let version = connector.plain_version().await;
                Some(version.map_err(|error| self.failed(error))?)
            }
        };
        let connector = HttpConnector::new(connector);
        if !speaks_grpc {
            connector.prepare().await.map_err(|error| self.failed(error))?;
        }
        let scheme = if is_tls { Scheme::HTTPS } else { Scheme::HTTP };
        Ok(HttpChannel::new(
            connector,
            version,
            scheme,
            self.authority.clone(),
            MAX_HEADERS,
        ))
    }

    fn connector(&self, versions: &'static [HttpVersion]) -> Result<Connector, Error> {
        let Wish { tls, authority, .. } = self.wish;
        let default_tls = self.address.is_https.then(ClientTls::new);
        let tls = tls.or(default_tls.as_ref());
        let connector = Connector::new(&self.address, tls, authority, versions, self.wish.connect_timeout)?;
        Ok(connector.over(self.wish.stream.cloned()))
    }

    fn endpoint(&self, connector: &Connector) -> Endpoint {
        let origin = |scheme: &str| -> Uri {
            let origin = format!("{scheme}://{}", self.authority);
            origin.parse().expect("a scheme and an authority make a URL")
        };
        let scheme = if connector.is_tls() { "https" } else { "http" };
        // The connector knows where to connect to. tonic would do TLS of its own for an https URL.
        Endpoint::from(origin("http"))
            .origin(origin(scheme))
            .http2_max_header_list_size(MAX_HEADERS)
            .user_agent(USER_AGENT)
            .expect("it is a header value")
    }

    fn failed(&self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        let address = self.wish.address;
        Error::io(format!("cannot connect to {address}"), io::Error::other(error))
    }
}
