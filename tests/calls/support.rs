//! A server on a free port, and a client for any of its methods.

use std::future::Future;
use std::sync::{Arc, LazyLock};

use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, Value};
use protod::{DynamicCodec, Message, Method, Schema, Server};
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};

pub(crate) use crate::shapes::Guard;
use crate::shapes::shapes_and;

/// One method of each shape, over the same message.
pub(crate) fn schema() -> Schema {
    // Tests make thousands of messages.
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| shapes_and(""));
    SCHEMA.clone()
}

/// A server that stops when this is dropped.
pub(crate) struct Running {
    pub(crate) addr: String,
    pub(crate) server: Server,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) served: tokio::task::JoinHandle<Result<(), protod::Error>>,
}

impl Running {
    pub(crate) async fn start(server: Server) -> Self {
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let addr = bound.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        Self {
            addr,
            server,
            stop: Some(stop),
            served,
        }
    }

    /// Begins to drain.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.addr).await
    }
}

/// tonic's client stack with dynamic messages.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) grpc: Grpc<Channel>,
    schema: Schema,
}

impl Client {
    pub(crate) async fn connect(addr: &str) -> Self {
        let channel = Endpoint::from_shared(format!("http://{addr}"))
            .expect("an address")
            .connect()
            .await;
        Self::over(channel.expect("the server listens"))
    }

    pub(crate) fn over(channel: Channel) -> Self {
        Self {
            grpc: Grpc::new(channel),
            schema: schema(),
        }
    }

    fn method(&self, name: &str) -> (Arc<Method>, PathAndQuery) {
        let method = self
            .schema
            .method(&format!("shapes.Shapes/{name}"))
            .expect("one of the shapes");
        (Arc::clone(method), method.path().parse().expect("a path"))
    }

    pub(crate) async fn unary(
        &mut self,
        request: impl tonic::IntoRequest<Message>,
    ) -> Result<Response<Message>, Status> {
        let (method, path) = self.method("Unary");
        self.grpc.ready().await.expect("connected");
        self.grpc
            .unary(request.into_request(), path, DynamicCodec::client(&method))
            .await
    }

    pub(crate) async fn down(
        &mut self,
        request: impl tonic::IntoRequest<Message>,
    ) -> Result<Response<Streaming<Message>>, Status> {
        let (method, path) = self.method("Down");
        self.grpc.ready().await.expect("connected");
        self.grpc
            .server_streaming(request.into_request(), path, DynamicCodec::client(&method))
            .await
    }

    pub(crate) async fn up(
        &mut self,
        requests: impl Stream<Item = Message> + Send + 'static,
    ) -> Result<Response<Message>, Status> {
        let (method, path) = self.method("Up");
        self.grpc.ready().await.expect("connected");
        self.grpc
            .client_streaming(Request::new(requests), path, DynamicCodec::client(&method))
            .await
    }

    pub(crate) async fn both(
        &mut self,
        requests: impl Stream<Item = Message> + Send + 'static,
    ) -> Result<Response<Streaming<Message>>, Status> {
        let (method, path) = self.method("Both");
        self.grpc.ready().await.expect("connected");
        self.grpc
            .streaming(Request::new(requests), path, DynamicCodec::client(&method))
            .await
    }
}

/// An `Item` with a name and a value.
pub(crate) fn item(name: &str, value: i64) -> Message {
    dynamic_item(name, value).into()
}

/// The same, not encoded.
pub(crate) fn dynamic_item(name: &str, value: i64) -> DynamicMessage {
    let descriptor = schema()
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("name", Value::String(name.to_owned()));
    message.set_field_by_name("value", Value::I64(value));
    message
}

/// The name and value of an `Item`.
pub(crate) fn fields(message: &Message) -> (String, i64) {
    let message = message.to_dynamic().expect("it decodes");
    let name = message
        .get_field_by_name("name")
        .expect("a field")
        .as_str()
        .expect("a string")
        .to_owned();
    let value = message
        .get_field_by_name("value")
        .expect("a field")
        .as_i64()
        .expect("an int64");
    (name, value)
}

/// A stream of messages that are all ready.
pub(crate) fn stream_of(messages: Vec<Message>) -> impl Stream<Item = Message> + Send + 'static {
    tokio_stream::iter(messages)
}

/// All messages of a response stream.
pub(crate) async fn collect(mut stream: Streaming<Message>) -> Result<Vec<(String, i64)>, Status> {
    let mut all = Vec::new();
    while let Some(message) = stream.message().await? {
        all.push(fields(&message));
    }
    Ok(all)
}

/// Serves `server` while `test` runs.
pub(crate) async fn serving<T: Future<Output = ()>>(server: Server, test: impl FnOnce(Client) -> T) {
    let running = Running::start(server).await;
    test(running.client().await).await;
}
