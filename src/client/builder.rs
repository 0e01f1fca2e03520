//! [`ClientBuilder`]: the address of a [`Client`], how it connects, and where its schema comes from.
//!
//! An address is enough: everything else has a default. The channel is connected before the client is returned, so that a
//! wrong address or certificate is an error here and not at the first call.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::metadata::MetadataMap;

use super::connect::{Address, ClientTls, GivenStream};
use super::connected::Client;
use super::protocol::{Codec, HttpVersion, Protocol};
use super::reflection::{self, Wanted};
use super::reflection_stream::TimeLimit;
use super::way::{Way, Wish};
use crate::error::Error;
use crate::schema::Schema;

/// Configures a [`Client`] and connects it.
#[derive(Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    address: String,
    /// What is spoken over in the place of a socket.
    stream: Option<GivenStream>,
    tls: Option<ClientTls>,
    authority: Option<String>,
    protocol: Protocol,
    codec: Codec,
    /// `None` takes what the server speaks.
    http_version: Option<HttpVersion>,
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

    /// Whether an address can be one. Fails as connecting to it would, before it tries.
    pub(crate) fn check(address: &str) -> Result<(), Error> {
        Address::parse(address).map(drop)
    }

    fn new(address: String) -> Self {
        Self {
            address,
            stream: None,
            tls: None,
            authority: None,
            protocol: Protocol::default(),
            codec: Codec::default(),
            http_version: None,
            metadata: MetadataMap::new(),
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            reflection_timeout: Self::DEFAULT_REFLECTION_TIMEOUT,
            max_receive_size: Self::DEFAULT_MAX_RECEIVE_SIZE,
            schema: None,
            wanted: Wanted::default(),
        }
    }

    /// Speaks over a stream that is open already, such as a pipe in memory, and not over a socket: the address is only the
    /// server's name. When the stream has ended, calls fail with `UNAVAILABLE`. It is one connection: in another protocol
    /// than gRPC the [`schema`](Self::schema) must be given. Default: a socket to the address.
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

    /// The protocol of calls. Default: [`Protocol::Grpc`].
    ///
    /// ```no_run
    /// # async fn run(schema: protod::Schema) -> Result<(), protod::Error> {
    /// use protod::Client;
    /// use protod::client::{Codec, Protocol};
    ///
    /// let client = Client::builder("https://api.example.com")
    ///     .protocol(Protocol::Connect)
    ///     .codec(Codec::Json)
    ///     .schema(schema)
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// How messages look on the wire. Default: [`Codec::Proto`].
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// The version of HTTP of calls. gRPC needs HTTP/2. Default: the newest that the server speaks. With TLS the two agree
    /// on it; a server in plain text is greeted in HTTP/2, on a connection of its own, and if that is not how it answers,
    /// it is spoken to in HTTP/1.1.
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.http_version = Some(version);
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

    /// Connects, and asks the server for its schema unless one was given. Reflection is asked for by gRPC, whatever
    /// protocol calls have: it is a stream both ways, which gRPC-Web and HTTP/1.1 do not have.
    pub async fn connect(mut self) -> Result<Client, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let given = self.schema.take();
        let way = self.way()?;
        let is_grpc = self.protocol == Protocol::Grpc && self.codec == Codec::Proto;
        let speaks_grpc = is_grpc || given.is_none();
        if speaks_grpc && !is_grpc && self.stream.is_some() {
            let why = "a stream is one connection, and reflection would take it: give the schema";
            return Err(Error::invalid_input(
                "reflection is asked for by gRPC",
                why.to_owned(),
            ));
        }
        let channel = if speaks_grpc {
            way.grpc().await?
        } else {
            way.grpc_later()?
        };
        let schema = match given {
            Some(schema) => schema,
            None => {
                reflection::fetch_schema(&channel, &self.metadata, &self.address, time, &self.wanted, true)
                    .await?
            }
        };
        let http = if is_grpc {
            None
        } else {
            Some(way.http(speaks_grpc).await?)
        };
        Ok(Client {
            address: self.address,
            channel,
            http,
            protocol: self.protocol,
            codec: self.codec,
            schema,
            metadata: self.metadata,
            reflection_timeout: self.reflection_timeout,
            max_receive_size: self.max_receive_size,
        })
    }

    /// Connects, and returns the full names of the services that the server lists, in its order.
    pub async fn services(self) -> Result<Vec<String>, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let channel = self.way()?.grpc().await?;
        reflection::list_services(&channel, &self.metadata, &self.address, time).await
    }

    /// Connects, and asks the server for the files of all services but those `without`.
    pub(super) async fn descriptor_set(self, without: &[&str]) -> Result<Bytes, Error> {
        let time = TimeLimit::of(self.reflection_timeout);
        let channel = self.way()?.grpc().await?;
        reflection::fetch_set(&channel, &self.metadata, &self.address, time, without).await
    }

    fn way(&self) -> Result<Way<'_>, Error> {
        Way::new(Wish {
            address: &self.address,
            stream: self.stream.as_ref(),
            tls: self.tls.as_ref(),
            authority: self.authority.as_deref(),
            protocol: self.protocol,
            http_version: self.http_version,
            connect_timeout: self.connect_timeout,
        })
    }
}
