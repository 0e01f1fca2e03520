//! A server with rules on a free port, and a client that calls its methods with JSON.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protod::{DynamicCodec, Handlers, Message, Method, Rules, RulesOptions, Schema, Server};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::client::Grpc;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// The longest wait in these tests.
const LONG: Duration = Duration::from_secs(20);

/// `tests/fixtures/rules/kinds.proto`: a service with a method of each shape over a message with every kind of field.
pub(crate) fn kinds() -> Schema {
    Schema::from_source("kinds.proto", include_str!("../fixtures/rules/kinds.proto")).expect("it compiles")
}

/// The problems of rules that do not load: the place, the message and the hint of each.
pub(crate) fn problems(schema: &Schema, yaml: &str) -> String {
    let error = Rules::from_text(schema, "test.rules.yaml", yaml).expect_err(yaml);
    let lines: Vec<String> = error
        .problems()
        .iter()
        .map(|problem| format!("{problem:?}"))
        .collect();
    lines.join("\n")
}

/// A server that answers by rules until this is dropped.
pub(crate) struct Running {
    schema: Schema,
    grpc: Grpc<Channel>,
    stop: Option<oneshot::Sender<()>>,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) headers: MetadataMap,
    pub(crate) messages: Vec<String>,
    pub(crate) status: Status,
    pub(crate) trailers: MetadataMap,
}

impl Running {
    pub(crate) async fn start(yaml: &str) -> Self {
        Self::with(kinds(), &RulesOptions::default(), yaml).await
    }

    pub(crate) async fn with(schema: Schema, options: &RulesOptions, yaml: &str) -> Self {
        let rules = options.from_text(&schema, "test.rules.yaml", yaml);
        Self::of(schema, &rules.unwrap_or_else(|error| panic!("{error:?}"))).await
    }

    pub(crate) async fn of(schema: Schema, rules: impl Into<Handlers>) -> Self {
        let server = Server::builder(schema.clone())
            .handlers(rules)
            .build()
            .expect("the rules fit");
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = Endpoint::from_shared(format!("http://{}", bound.local_addr())).expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        let channel = endpoint.connect().await.expect("it listens");
        Self {
            schema,
            grpc: Grpc::new(channel),
            stop: Some(stop),
        }
    }

    /// Stops the server: it refuses new calls and waits for open ones.
    pub(crate) fn drain(&mut self) {
        self.stop = None;
    }

    /// Calls it with another schema than its own.
    pub(crate) fn called_by(self, schema: Schema) -> Self {
        Self { schema, ..self }
    }

    /// The method of that name: in full, or within the first service.
    fn method(&self, name: &str) -> Arc<Method> {
        let service = self.schema.methods()[0].service();
        let method = if name.contains('/') {
            self.schema.method(name)
        } else {
            self.schema.method(&format!("{service}/{name}"))
        };
        Arc::clone(method.expect("a method of the service"))
    }

    /// Calls a method with these requests, and reads the whole answer.
    pub(crate) async fn call(&self, method: &str, requests: &[&str]) -> Outcome {
        self.call_with(method, requests, &[]).await
    }

    pub(crate) async fn call_with(
        &self,
        method: &str,
        requests: &[&str],
        metadata: &[(&str, &str)],
    ) -> Outcome {
        let mut conversation = self.open_with(method, metadata);
        for request in requests {
            conversation.send(request);
        }
        conversation.half_close();
        conversation.finish().await
    }

    /// Begins a call that stays open until the client half-closes it.
    pub(crate) fn open(&self, method: &str) -> Conversation {
        self.open_with(method, &[])
    }

    pub(crate) fn open_with(&self, method: &str, metadata: &[(&str, &str)]) -> Conversation {
        let method = self.method(method);
        let (requests, stream) = mpsc::unbounded_channel();
        let mut request = Request::new(UnboundedReceiverStream::new(stream));
        for (name, value) in metadata {
            let metadata = request.metadata_mut();
            if let Ok(name) = name.parse::<BinaryMetadataKey>() {
                let bytes = STANDARD.decode(value).expect("base64");
                metadata.append_bin(name, MetadataValue::from_bytes(&bytes));
            } else {
                let name: AsciiMetadataKey = name.parse().expect("a name");
                metadata.append(name, value.parse().expect("a value"));
            }
        }
        let mut grpc = self.grpc.clone();
        let codec = DynamicCodec::client(&method);
        let path = method.path().parse().expect("a path");
        let response = tokio::spawn(async move {
            grpc.ready().await.expect("connected");
            grpc.streaming(request, path, codec).await
        });
        Conversation {
            method,
            requests: Some(requests),
            response: Some(response),
            stream: None,
            headers: MetadataMap::new(),
        }
    }
}

type Responding = tokio::task::JoinHandle<Result<tonic::Response<Streaming<Message>>, Status>>;

/// A call in which client and server take turns.
pub(crate) struct Conversation {
    method: Arc<Method>,
    requests: Option<mpsc::UnboundedSender<Message>>,
    response: Option<Responding>,
    stream: Option<Streaming<Message>>,
    headers: MetadataMap,
}

impl Conversation {
    pub(crate) fn send(&self, json: &str) {
        let message = Message::from_json(self.method.input().clone(), json).expect(json);
        // A call that has ended accepts no more.
        drop(self.requests.as_ref().expect("not half-closed yet").send(message));
    }

    pub(crate) fn half_close(&mut self) {
        self.requests = None;
    }

    /// The next message; the end of the call is an error with its status.
    pub(crate) async fn next(&mut self) -> Result<String, Status> {
        tokio::time::timeout(LONG, self.next_in_time())
            .await
            .expect("nothing came")
    }

    async fn next_in_time(&mut self) -> Result<String, Status> {
        if let Some(response) = self.response.take() {
            let response = response.await.expect("the client does not panic")?;
            let (headers, stream, _) = response.into_parts();
            self.headers = headers;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().ok_or_else(|| Status::ok("ended"))?;
        match stream.next().await {
            Some(message) => Ok(message?.to_json().expect("it prints")),
            None => Err(Status::ok("")),
        }
    }

    /// Reads to the end.
    pub(crate) async fn finish(mut self) -> Outcome {
        let mut messages = Vec::new();
        let status = loop {
            match self.next().await {
                Ok(message) => messages.push(message),
                Err(status) => break status,
            }
        };
        let mut trailers = status.metadata().clone();
        if let Some(stream) = &mut self.stream
            && let Ok(Some(more)) = stream.trailers().await
        {
            trailers = more;
        }
        Outcome {
            headers: self.headers,
            messages,
            status,
            trailers,
        }
    }
}
