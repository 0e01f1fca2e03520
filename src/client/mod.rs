//! The other half: calls to any gRPC server, by method name.
//!
//! A [`Client`] is a connection and a [`Schema`], which the server tells by reflection or the caller gives. Its
//! [`ClientMethod`]s carry run-time [`Message`](crate::Message)s over tonic's channel through the
//! [`DynamicCodec`](crate::DynamicCodec), whatever the shape of the method. Nothing is collected on the way: a
//! stream takes the memory of the message at hand, however long it runs.

mod builder;
mod conversation;
mod method;
mod reflection;
mod responses;
mod tls;

use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

pub use self::builder::ClientBuilder;
pub use self::method::ClientMethod;
pub use self::responses::{Reply, Responses};
pub use self::tls::ClientTls;
use crate::{Error, Schema};

/// A connection to a gRPC server, and what is known of its methods. Cheap to clone; clones share the connection.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use protod::{Client, Message};
///
/// let client = Client::connect("127.0.0.1:9002").await?;
/// let list = client.method("proto.StreamService/List")?;
/// let request = Message::from_json(list.input().clone(), r#"{"pt": {"name": "hello", "value": 2018}}"#)?;
/// let mut responses = list.server_streaming(request).await?;
/// while let Some(message) = responses.message().await? {
///     println!("{}", message.to_json()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
    channel: Channel,
    schema: Schema,
    metadata: MetadataMap,
    max_receive_size: usize,
}

impl Client {
    /// Connects in plain text to `host:port` or `unix:/path`, and asks the server by reflection what it serves.
    ///
    /// Fails where nobody listens, or the server does not answer reflection; for more, such as TLS or a schema of
    /// one's own, see [`builder`](Self::builder).
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder(address).connect().await
    }

    /// Starts with an address: `host:port`, `unix:/path`, or a URL whose `https` asks for TLS.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }

    /// What the client knows of the server's services.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The method `package.Service/Method`; a dot in place of the slash will do.
    pub fn method(&self, name: &str) -> Result<ClientMethod, Error> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let dotted = || {
            let (service, method) = name.rsplit_once('.')?;
            self.schema.method(&format!("{service}/{method}"))
        };
        let method = match dotted() {
            Some(method) => method,
            None => self.schema.require_method(name)?,
        };
        Ok(ClientMethod::new(self, method))
    }

    /// Asks the server by reflection for the files of one symbol, such as the type inside an `Any`, and for what
    /// they import. The client's own schema stays as it is.
    pub async fn fetch_symbol(&self, name: &str) -> Result<Schema, Error> {
        reflection::fetch_schema(&self.channel, &self.metadata, &self.address, &[name.to_owned()]).await
    }
}
