//! [`Client`]: a connection, and the methods that can be called on it.
//!
//! The schema is fixed when the client connects. A server that changes its protos later needs a new client.

use std::time::Duration;

use tonic::metadata::MetadataMap;

use super::channel::CheckedChannel;
use super::http::{HttpCaller, HttpChannel};
use super::method::{Caller, ClientMethod};
use super::protocol::{Codec, Protocol};
use super::reflection::{self, Wanted};
use super::reflection_stream::TimeLimit;
use crate::error::Error;
use crate::schema::Schema;

/// A connection to a server, and the schema of its methods. Cheap to clone; clones share the connection.
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
    pub(super) address: String,
    /// The way to reflection, and that of calls by gRPC.
    pub(super) channel: CheckedChannel,
    /// The way of calls in other protocols.
    pub(super) http: Option<HttpChannel>,
    pub(super) protocol: Protocol,
    pub(super) codec: Codec,
    pub(super) schema: Schema,
    pub(super) metadata: MetadataMap,
    pub(super) reflection_timeout: Duration,
    pub(super) max_receive_size: usize,
}

impl Client {
    /// The schema of the server's services, as far as the client has it.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The method `package.Service/Method`. `package.Service.Method` works too.
    ///
    /// An unknown name is an error, which suggests a near one if there is any.
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
        let max_receive_size = self.max_receive_size;
        let caller = match &self.http {
            Some(http) => Caller::Http(Box::new(HttpCaller::new(
                http.clone(),
                (self.protocol, self.codec),
                method,
                max_receive_size,
            ))),
            None => Caller::Grpc(self.channel.grpc().max_decoding_message_size(max_receive_size)),
        };
        Ok(ClientMethod::new(caller, method, self.metadata.clone()))
    }

    /// Asks the server by reflection for the file of one symbol, such as the type inside an `Any`, and for what it
    /// imports, by gRPC whatever protocol calls have. The client's own schema stays as it is.
    pub async fn fetch_symbol(&self, name: &str) -> Result<Schema, Error> {
        let wanted = Wanted {
            symbols: vec![name.to_owned()],
            ..Wanted::default()
        };
        let time = TimeLimit::of(self.reflection_timeout);
        reflection::fetch_schema(&self.channel, &self.metadata, &self.address, time, &wanted, false).await
    }
}
