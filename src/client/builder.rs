//! Putting a [`Client`] together: where to, how, and where its schema comes from.

use std::io;
use std::time::Duration;

use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};

use super::reflection;
use super::{Client, ClientTls};
use crate::{Error, Schema};

/// Puts a [`Client`] together.
#[derive(Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    address: String,
    tls: Option<ClientTls>,
    metadata: MetadataMap,
    connect_timeout: Duration,
    max_receive_size: usize,
    source: Source,
}

/// Where the schema comes from.
#[derive(Debug)]
enum Source {
    Given(Schema),
    /// Reflection, for these symbols; for all services where there are none.
    Reflection(Vec<String>),
}

impl ClientBuilder {
    pub(super) fn new(address: String) -> Self {
        Self {
            address,
            tls: None,
            metadata: MetadataMap::new(),
            connect_timeout: Duration::from_secs(10),
            max_receive_size: 4 * 1024 * 1024,
            source: Source::Reflection(Vec::new()),
        }
    }

    /// Speaks TLS. Default: plain text, unless the address is an `https` URL.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Metadata for every call, those of reflection included. Default: none.
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// How long a connection may take to come about. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The largest response taken, in bytes, decompressed. Default: 4 MiB.
    pub fn max_receive_size(mut self, bytes: usize) -> Self {
        self.max_receive_size = bytes;
        self
    }

    /// Uses this schema and asks the server for none.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.source = Source::Given(schema);
        self
    }

    /// Asks the server only for the files of this service, message or other symbol and for what they import; may
    /// be repeated. Default: the files of all services.
    pub fn symbol(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        match &mut self.source {
            Source::Reflection(symbols) => symbols.push(name),
            Source::Given(_) => self.source = Source::Reflection(vec![name]),
        }
        self
    }

    /// Connects, and asks the server for its schema unless one was given.
    pub async fn connect(self) -> Result<Client, Error> {
        let channel = self.channel().await?;
        let schema = match self.source {
            Source::Given(schema) => schema,
            Source::Reflection(symbols) => {
                reflection::fetch_schema(&channel, &self.metadata, &self.address, &symbols).await?
            }
        };
        Ok(Client {
            address: self.address,
            channel,
            schema,
            metadata: self.metadata,
            max_receive_size: self.max_receive_size,
        })
    }

    /// Connects, and returns the full names of the services that the server lists, in its order.
    pub async fn services(self) -> Result<Vec<String>, Error> {
        let channel = self.channel().await?;
        reflection::list_services(&channel, &self.metadata, &self.address).await
    }

    async fn channel(&self) -> Result<Channel, Error> {
        let address = self.address.as_str();
        let failed = |error: tonic::transport::Error| {
            Error::io(format!("cannot connect to {address}"), io::Error::other(error))
        };
        let is_url = ["http://", "https://", "unix:"]
            .iter()
            .any(|start| address.starts_with(start));
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let url = if is_url {
            address.to_owned()
        } else {
            format!("{scheme}://{address}")
        };
        let mut endpoint = Endpoint::from_shared(url)
            .map_err(failed)?
            .connect_timeout(self.connect_timeout)
            .user_agent(concat!("protod/", env!("CARGO_PKG_VERSION")))
            .map_err(failed)?;
        let default_tls = address.starts_with("https://").then(ClientTls::new);
        if let Some(tls) = self.tls.clone().or(default_tls) {
            endpoint = endpoint.tls_config(tls.load()?).map_err(failed)?;
        }
        let connected = tokio::time::timeout(self.connect_timeout, endpoint.connect()).await;
        connected
            .map_err(|_| {
                let error = io::Error::new(io::ErrorKind::TimedOut, "the time for it has passed");
                Error::io(format!("cannot connect to {address}"), error)
            })?
            .map_err(failed)
    }
}
