//! [`ClientBuilder`]: the address of a [`Client`], how it connects, and where its schema comes from.
//!
//! An address is enough: everything else has a default. The channel is connected before the client is returned, so that a
//! wrong address or certificate is an error here and not at the first call.

use std::io;
use std::time::Duration;

use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use super::channel::CheckedChannel;
use super::connected::Client;
use super::reflection;
use super::tls::ClientTls;
use crate::error::Error;
use crate::schema::Schema;

/// Configures a [`Client`] and connects it.
#[derive(Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    address: String,
    tls: Option<ClientTls>,
    metadata: MetadataMap,
    connect_timeout: Duration,
    max_receive_size: usize,
    schema: SchemaSource,
}

/// Where the schema comes from.
#[derive(Debug)]
enum SchemaSource {
    Given(Schema),
    /// Reflection, for these symbols, or for all services if there are none.
    Reflection(Vec<String>),
}

impl Client {
    /// Connects in plain text to `host:port` or `unix:/path`, and asks the server for its schema by reflection.
    ///
    /// Fails if nobody listens there, or if the server does not answer reflection. [`builder`](Self::builder) has more
    /// options, such as TLS or a schema from elsewhere.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder(address).connect().await
    }

    /// Starts with an address: `host:port`, `unix:/path`, or a URL. An `https` URL means TLS.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }
}

impl ClientBuilder {
    /// The default of [`max_receive_size`](Self::max_receive_size): 4 MiB.
    pub const DEFAULT_MAX_RECEIVE_SIZE: usize = 4 << 20;

    fn new(address: String) -> Self {
        Self {
            address,
            tls: None,
            metadata: MetadataMap::new(),
            connect_timeout: Duration::from_secs(10),
            max_receive_size: Self::DEFAULT_MAX_RECEIVE_SIZE,
            schema: SchemaSource::Reflection(Vec::new()),
        }
    }

    /// Speaks TLS. Default: plain text, unless the address is an `https` URL.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Metadata that every call sends, also those of reflection. Default: none.
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// How long connecting may take. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The largest response accepted, in bytes after decompression. Default: 4 MiB.
    pub fn max_receive_size(mut self, bytes: usize) -> Self {
        self.max_receive_size = bytes;
        self
    }

    /// Uses this schema, and does not ask the server. Default: reflection.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = SchemaSource::Given(schema);
        self
    }

    /// Asks the server only for the file of this service, message or other symbol, and for what it imports. May be
    /// repeated. Default: the files of all services.
    pub fn symbol(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        match &mut self.schema {
            SchemaSource::Reflection(symbols) => symbols.push(name),
            SchemaSource::Given(_) => self.schema = SchemaSource::Reflection(vec![name]),
        }
        self
    }

    /// Connects, and asks the server for its schema unless one was given.
    pub async fn connect(self) -> Result<Client, Error> {
        let channel = self.channel().await?;
        let schema = match self.schema {
            SchemaSource::Given(schema) => schema,
            SchemaSource::Reflection(symbols) => {
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

    async fn channel(&self) -> Result<CheckedChannel, Error> {
        let address = self.address.as_str();
        let invalid = |error: tonic::transport::Error| {
            Error::invalid_input(format!("cannot connect to {address}"), error)
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
            .map_err(invalid)?
            .connect_timeout(self.connect_timeout)
            .user_agent(concat!("protod/", env!("CARGO_PKG_VERSION")))
            .map_err(invalid)?;
        let default_tls = address.starts_with("https://").then(ClientTls::new);
        if let Some(tls) = self.tls.clone().or(default_tls) {
            endpoint = endpoint.tls_config(tls.load()?).map_err(invalid)?;
        }
        let connected = tokio::time::timeout(self.connect_timeout, endpoint.connect()).await;
        let connected = connected
            .map_err(|_| {
                let error = io::Error::new(io::ErrorKind::TimedOut, "the connect timeout has passed");
                Error::io(format!("cannot connect to {address}"), error)
            })?
            .map_err(|error| Error::io(format!("cannot connect to {address}"), io::Error::other(error)))?;
        Ok(CheckedChannel::new(connected))
    }
}
