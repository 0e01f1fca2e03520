//! A server in this process, and calls of any shape to it with JSON.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protod::{Client, Message, Rules, Sampler, Schema, Server};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, MetadataMap, MetadataValue};

/// The longest call in these tests.
const LONG: Duration = Duration::from_secs(20);

/// A server that answers by rules, and otherwise by samples, until this is dropped.
pub(crate) struct Running {
    client: Client,
    _stop: oneshot::Sender<()>,
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: MetadataMap,
    /// Each as JSON.
    pub(crate) messages: Vec<String>,
    pub(crate) status: Status,
    pub(crate) trailers: MetadataMap,
}

impl Running {
    pub(crate) async fn start(schema: Schema, rules: &Rules) -> Self {
        let server = Server::builder(schema.clone())
            .handlers(rules)
            .fallback(Sampler::default());
        let server = server.build().expect("the rules fit");
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let address = bound.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        let client = Client::builder(address).schema(schema).connect().await;
        Self {
            client: client.expect("it listens"),
            _stop: stop,
        }
    }

    /// Sends all requests at once, half-closes, and reads to the end. An `Err` says what is wrong with the call.
    pub(crate) async fn call(
        &self,
        method: &str,
        requests: &[String],
        metadata: &[(String, String)],
    ) -> Result<Answer, String> {
        let mut method = self.client.method(method).map_err(|error| error.to_string())?;
        for (name, value) in metadata {
            if let Ok(name) = name.parse::<BinaryMetadataKey>() {
                let bytes = STANDARD.decode(value).expect("base64");
                let value = MetadataValue::from_bytes(&bytes);
                method.metadata_mut().append_bin(name, value);
            } else {
                let name: AsciiMetadataKey = name.parse().expect("a name");
                method
                    .metadata_mut()
                    .append(name, value.parse().expect("a value"));
            }
        }
        let message = |json: &String| Message::from_json(method.input().clone(), json);
        let requests: Result<Vec<Message>, _> = requests.iter().map(message).collect();
        let requests = requests.map_err(|error| format!("a request: {error}"))?;
        let call = method.call(tokio_stream::iter(requests));
        let mut answer = Answer {
            headers: MetadataMap::new(),
            messages: Vec::new(),
            status: Status::ok(""),
            trailers: MetadataMap::new(),
        };
        let mut responses = match timeout(LONG, call).await.expect("nothing came") {
            Ok(responses) => responses,
            Err(status) => {
                answer.end(status);
                return Ok(answer);
            }
        };
        match timeout(LONG, responses.headers()).await.expect("nothing came") {
            Ok(headers) => answer.headers = headers.clone(),
            Err(status) => {
                answer.end(status);
                return Ok(answer);
            }
        }
        loop {
            match timeout(LONG, responses.message()).await.expect("nothing came") {
                Ok(Some(message)) => answer
                    .messages
                    .push(message.to_json().map_err(|error| error.to_string())?),
                Ok(None) => {
                    answer.trailers = responses.trailers().clone();
                    return Ok(answer);
                }
                Err(status) => {
                    answer.end(status);
                    return Ok(answer);
                }
            }
        }
    }
}

impl Answer {
    fn end(&mut self, status: Status) {
        self.trailers = status.metadata().clone();
        self.status = status;
    }
}
