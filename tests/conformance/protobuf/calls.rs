//! Calls of a server in this process, whose messages are JSON.
//!
//! The server has a method for each message type of the suite. It keeps its request, and answers with a message that was
//! laid ready, so that a call reads one message from JSON and writes another as JSON.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use prost_reflect::MessageDescriptor;
use protod::{Message, Schema, Server};
use tower::ServiceExt as _;

pub(crate) struct Calls {
    schema: Schema,
    server: Server,
    runtime: tokio::runtime::Runtime,
    exchange: Arc<Mutex<Exchange>>,
    /// The method of a type is that of its place.
    types: Vec<String>,
}

#[derive(Default)]
struct Exchange {
    request: Bytes,
    answer: Bytes,
}

impl Calls {
    /// `folder` has the protos of the suite.
    pub(crate) fn new(schema: &Schema, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let messages = schema.pool().all_messages().filter(|message| {
            let is_whole = message.parent_message().is_none();
            is_whole && message.full_name().starts_with("protobuf_test_messages.")
        });
        let mut types: Vec<(String, String)> = messages
            .map(|message| {
                (
                    message.full_name().to_owned(),
                    message.parent_file().name().to_owned(),
                )
            })
            .collect();
        types.sort();
        let mut files: Vec<&str> = types.iter().map(|(_, file)| &**file).collect();
        files.sort_unstable();
        files.dedup();
        let mut text = "syntax = \"proto3\"; package testee;\n".to_owned();
        for file in files {
            writeln!(text, "import \"{file}\";")?;
        }
        text.push_str("service Json {\n");
        for (index, (name, _)) in types.iter().enumerate() {
            writeln!(text, "rpc M{index}(.{name}) returns (.{name});")?;
        }
        text.push('}');
        let own = tempfile::tempdir()?;
        let path = own.path().join("testee.proto");
        std::fs::write(&path, text)?;
        let schema = Schema::builder()
            .input(path)
            .import_path(own.path())
            .import_path(folder)
            .build()?;

        let exchange = Arc::new(Mutex::new(Exchange::default()));
        let mut server = Server::builder(schema.clone());
        for (index, (name, _)) in types.iter().enumerate() {
            let descriptor = schema.pool().get_message_by_name(name).ok_or("it was there")?;
            let (schema, exchange) = (schema.clone(), Arc::clone(&exchange));
            server = server.unary(format!("testee.Json/M{index}"), move |request: Message| {
                let answer = {
                    let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
                    exchange.request = request.to_bytes();
                    std::mem::take(&mut exchange.answer)
                };
                let answer = Message::decode(&schema, &descriptor, answer);
                async move { Ok(answer?) }
            });
        }
        Ok(Self {
            server: server.build()?,
            schema,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            exchange,
            types: types.into_iter().map(|(name, _)| name).collect(),
        })
    }

    /// Reads a message from JSON.
    pub(crate) fn parse(&self, descriptor: &MessageDescriptor, json: &str) -> Result<Message, String> {
        self.call(descriptor, json, Bytes::new())?;
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let message = Message::decode(&self.schema, descriptor, exchange.request.clone());
        message.map_err(|error| error.to_string())
    }

    /// Writes a message as JSON.
    pub(crate) fn print(&self, message: &Message) -> Result<String, String> {
        self.call(&message.descriptor(), "{}", message.to_bytes())
    }

    /// Returns the body of the answer.
    fn call(&self, descriptor: &MessageDescriptor, json: &str, answer: Bytes) -> Result<String, String> {
        let index = self.types.iter().position(|name| name == descriptor.full_name());
        let index = index.ok_or_else(|| format!("no method has {}", descriptor.full_name()))?;
        self.exchange
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer = answer;
        let request = http::Request::post(format!("http://localhost/testee.Json/M{index}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(json.to_owned())))
            .map_err(|error| error.to_string())?;
        self.runtime.block_on(async {
            let response = self.server.service().oneshot(request).await.expect("infallible");
            let is_ok = response.status().is_success();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            if is_ok { Ok(text) } else { Err(text) }
        })
    }
}
