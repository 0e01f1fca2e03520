//! [`ClientBuilder`]: the address of a [`Client`], how it connects, and where its schema comes from.
//!
//! An address is enough: everything else has a default. The channel is connected before the client is returned, so that a
//! wrong address or certificate is an error here and not at the first call.

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use super::channel::CheckedChannel;
use super::connect::{Address, ClientTls, ConnectError, Connector, GivenStream};
use super::connected::Client;
use super::reflection::{self, Wanted};
use super::reflection_stream::TimeLimit;
use crate::error::Error;
use crate::schema::Schema;

/// The bytes of headers that are taken, so that long messages of statuses come whole. tonic's default is 16 KiB.
const MAX_HEADERS: u32 = 1 << 20;

/// Configures a [`Client`] and connects it.
#[derive(Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    address: String,
    /// What is spoken over in the place of a socket.
    stream: Option<GivenStream>,
    tls: Option<ClientTls>,
    authority: Option<String>,
    metadata: MetadataMap,
    connect_timeout: Duration,
    reflection_timeout: Duration,
    max_receive_size: usize,
    /// `None` asks the server for what is wanted.
    schema: Option<Schema>,
    wanted: Wanted,
}

impl Client {
    /// Connects in plain text to `host:port` or `unix:/path`, and asks the server for its schema by reflection.
    ///
    /// Fails if nobody listens there, or if the server does not answer reflection. [`builder`](Self::builder) has more
    /// options, such as TLS or a schema from elsewhere.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder(address).connect().await
    }

    /// Starts with an address: `host:port`, `unix:/path`, or a URL. An `https` or `grpcs` URL means TLS.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }
}

impl ClientBuilder {
    /// The default of [`max_receive_size`](Self::max_receive_size): 4 MiB.
    pub const DEFAULT_MAX_RECEIVE_SIZE: usize = 4 << 20;

    /// The default of [`connect_timeout`](Self::connect_timeout): 10 s.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default of [`reflection_timeout`](Self::reflection_timeout): 30 s.
    pub const DEFAULT_REFLECTION_TIMEOUT: Duration = Duration::from_secs(30);

    fn new(address: String) -> Self {
        Self {
            address,
            stream: None,
            tls: None,
            authority: None,
            metadata: MetadataMap::new(),
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            reflection_timeout: Self::DEFAULT_REFLECTION_TIMEOUT,
            max_receive_size: Self::DEFAULT_MAX_RECEIVE_SIZE,
            schema: None,
            wanted: Wanted::default(),
        }
    }

    /// Speaks over a stream that is open already, such as a pipe in memory, and not over a socket: the address is only the
    /// server's name. When the stream has ended, calls fail with `UNAVAILABLE`. Default: a socket to the address.
    pub fn over(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        self.stream = Some(GivenStream::new(stream));
        self
    }

    /// Speaks TLS. Default: plain text, unless the address is an `https` or `grpcs` URL.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The name of the server in requests, `:authority`, which proxies route by; its certificate must have that name too.
    /// Default: host and port of the address.
    pub fn authority(mut self, name: impl Into<String>) -> Self {
        self.authority = Some(name.into());
        self
    }

    /// Metadata that every call sends, also those of reflection. Default: none.
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// How long it may take to connect: the connection with its TLS handshake, and the server's first words. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long it may take until the server has told its schema by reflection, or its services, with the time to connect.
    /// Default: 30 s.
    ///
    /// Then connecting fails, and the error says what was not answered.
    pub fn reflection_timeout(mut self, timeout: Duration) -> Self {
        self.reflection_timeout = timeout;
        self
    }

    /// The largest response accepted, in bytes after decompression. Default: 4 MiB.
    pub fn max_receive_size(mut self, bytes: usize) -> Self {
        self.max_receive_size = bytes;
        self
    }

    /// Uses this schema, and does not ask the server. Default: reflection.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Asks the server only for the file of this service, message or other symbol, and for what it imports. May be
    /// repeated. Default: the files of all services.
    pub fn symbol(mut self, name: impl Into<String>) -> Self {
        self.schema = None;
        self.wanted.symbols.push(name.into());
        self
    }

    /// Asks the server also for the file that has this import name, and for what it imports: one that no service uses is
    /// not among the others. A server that does not have it is no failure. May be repeated.
    pub fn file(mut self, name: impl Into<String>) -> Self {
        self.schema = None;
        self.wanted.files.push(name.into());
        self
    }

    /// Connects, and asks the server for its schema unless one was given.
    pub async fn connect(self) -> Result<Client, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let channel = self.channel().await?;
        let schema = match self.schema {
            Some(schema) => schema,
            None => {
                reflection::fetch_schema(&channel, &self.metadata, &self.address, time, &self.wanted, true)
                    .await?
            }
        };
        Ok(Client {
            address: self.address,
            channel,
            schema,
            metadata: self.metadata,
            reflection_timeout: self.reflection_timeout,
            max_receive_size: self.max_receive_size,
        })
    }

    /// Connects, and returns the full names of the services that the server lists, in its order.
    pub async fn services(self) -> Result<Vec<String>, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let channel = self.channel().await?;
        reflection::list_services(&channel, &self.metadata, &self.address, time).await
    }

    /// Connects, and asks the server for the files of all services but those `without`.
    pub(super) async fn descriptor_set(self, without: &[&str]) -> Result<Bytes, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let channel = self.channel().await?;
        reflection::fetch_set(&channel, &self.metadata, &self.address, time, without).await
    }

    async fn channel(&self) -> Result<CheckedChannel, Error> {
        let address = Address::parse(&self.address)?;
        let default_tls = address.is_https.then(ClientTls::new);
        let tls = self.tls.as_ref().or(default_tls.as_ref());
        let authority = self.authority.as_deref();
        let connector =
            Connector::new(&address, tls, authority, self.connect_timeout)?.over(self.stream.clone());

        let scheme = if connector.is_tls() { "https" } else { "http" };
        let authority = authority.map_or_else(|| address.authority(), str::to_owned);
        let origin = |scheme: &str| {
            let origin: Result<Uri, _> = format!("{scheme}://{authority}").parse();
            origin.map_err(|error| Error::invalid_input(format!("{authority:?} is no authority"), error))
        };
        // The connector knows where to connect to. tonic would do TLS of its own for an https URL.
        let endpoint = Endpoint::from(origin("http")?)
            .origin(origin(scheme)?)
            .http2_max_header_list_size(MAX_HEADERS)
            .user_agent(concat!("protod/", env!("CARGO_PKG_VERSION")))
            .expect("it is a header value");
        let failed = |error| {
            Error::io(
                format!("cannot connect to {}", self.address),
                io::Error::other(error),
            )
        };
        let began = Instant::now();
        let connected = endpoint.connect_with_connector(connector.clone()).await;
        let channel = connected.map_err(|error| match ConnectError::among(&error) {
            Some(error) => failed(Box::<dyn StdError + Send + Sync>::from(error)),
            None => failed(error.into()),
        })?;
        let left = self.connect_timeout.saturating_sub(began.elapsed());
        connector
            .spoken(left)
            .await
            .map_err(|error| failed(error.into()))?;
        Ok(CheckedChannel::new(channel))
    }
}
