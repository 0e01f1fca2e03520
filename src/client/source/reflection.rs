//! [`ReflectionSource`]: the protos of another gRPC server, by its reflection.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use tonic::metadata::MetadataMap;

use super::thread;
use super::token::bearer;
use crate::client::builder::ClientBuilder;
use crate::client::connect::{Address, ClientTls};
use crate::client::connected::Client;
use crate::error::Error;
use crate::schema::{OWN_SERVICES, SchemaSource};

/// The files of all services of a gRPC server, which it tells by reflection. Its health and reflection services are left out.
///
/// ```no_run
/// use protod::Schema;
/// use protod::client::ReflectionSource;
///
/// let schema = Schema::builder()
///     .schema_source(ReflectionSource::new("grpc://localhost:9002")?)
///     .build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ReflectionSource {
    address: String,
    tls: Option<ClientTls>,
    metadata: MetadataMap,
    timeout: Duration,
}

impl ReflectionSource {
    /// The server at an address: `grpc://host:port`, `grpcs://host:port` for TLS, or any other that
    /// [`Client::builder`] takes.
    pub fn new(address: impl Into<String>) -> Result<Self, Error> {
        let address = address.into();
        Address::parse(&address)?;
        Ok(Self {
            address,
            tls: None,
            metadata: MetadataMap::new(),
            timeout: ClientBuilder::DEFAULT_REFLECTION_TIMEOUT,
        })
    }

    /// Speaks TLS with these options. Default: plain text, unless the address is a `grpcs` or `https` URL.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Metadata that the requests carry, such as a token. Default: none.
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sends this token, as `authorization: Bearer TOKEN`: over TLS, or whoever is on the way can read it. Default: none.
    pub fn token(mut self, token: &str) -> Result<Self, Error> {
        self.metadata.insert("authorization", bearer(token)?);
        Ok(self)
    }

    /// How long the server may take until it has told everything. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl SchemaSource for ReflectionSource {
    fn name(&self) -> String {
        self.address.clone()
    }

    fn descriptor_set(&self) -> Result<Bytes, Box<dyn StdError + Send + Sync>> {
        let mut client = Client::builder(&self.address)
            .metadata(self.metadata.clone())
            .connect_timeout(self.timeout.min(ClientBuilder::DEFAULT_CONNECT_TIMEOUT))
            .reflection_timeout(self.timeout);
        if let Some(tls) = &self.tls {
            client = client.tls(tls.clone());
        }
        Ok(thread::run(client.descriptor_set(&OWN_SERVICES))?)
    }
}
