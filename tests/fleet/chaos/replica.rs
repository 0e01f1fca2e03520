//! A server of the chaos test, which dies and comes back.

use std::sync::{Mutex, PoisonError};

use protod::{Client, Message, Responses};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::Status;

use super::service::schema;
use crate::program::{SOON, Server};

/// A server, what it keeps on its disk, and a client.
pub(super) struct Replica {
    pub(super) name: String,
    store: String,
    data: TempDir,
    server: tokio::sync::Mutex<Server>,
    client: Mutex<Client>,
}

impl Replica {
    pub(super) async fn start(name: &str, store: String) -> Self {
        let data = TempDir::new().expect("a folder");
        let server = serve(name, &store, &data).await;
        Self {
            name: name.to_owned(),
            client: Mutex::new(connect(server.address()).await),
            server: tokio::sync::Mutex::new(server),
            store,
            data,
        }
    }

    /// Kills it as `kill -9` does.
    pub(super) async fn kill(&self) {
        self.server.lock().await.child.kill().await.expect("killed");
    }

    /// Starts it again, with what it had on its disk.
    pub(super) async fn start_again(&self) {
        let mut server = self.server.lock().await;
        *server = serve(&self.name, &self.store, &self.data).await;
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = connect(server.address()).await;
    }

    /// All messages that are answered.
    pub(super) async fn ask(&self, method: &str, request: &Value) -> Result<Vec<Value>, Status> {
        let mut answers = self.begin(method, request).await?;
        let mut messages = Vec::new();
        while let Some(message) = answers.next().await? {
            messages.push(message);
        }
        Ok(messages)
    }

    /// Begins a call with one request.
    pub(super) async fn begin(&self, method: &str, request: &Value) -> Result<Answers, Status> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let method = client
            .method(&format!("chaos.Chaos/{method}"))
            .expect("it is there");
        let request = Message::from_json(method.input().clone(), &request.to_string()).expect("it fits");
        let call = method.call(tokio_stream::iter([request]));
        let answers = timeout(SOON, call).await.expect("no call hangs")?;
        Ok(Answers(answers))
    }
}

/// The answers of a call.
pub(super) struct Answers(Responses);

impl Answers {
    pub(super) async fn next(&mut self) -> Result<Option<Value>, Status> {
        let message = timeout(SOON, self.0.message()).await.expect("no call hangs")?;
        Ok(message.map(|message| {
            let json = message.to_json().expect("it has JSON");
            serde_json::from_str(&json).expect("it is JSON")
        }))
    }
}

async fn serve(name: &str, store: &str, data: &TempDir) -> Server {
    let data = data.path().to_str().expect("UTF-8");
    Server::start(&["--store", store, "--replica-name", name, "--data-dir", data]).await
}

async fn connect(address: &str) -> Client {
    let client = Client::builder(address.to_owned())
        .schema(schema())
        .connect()
        .await;
    client.expect("it listens")
}
