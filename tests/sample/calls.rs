//! How many samples each kind of call gets, over a real socket.

use http::uri::PathAndQuery;
use prost_reflect::DynamicMessage;
use protod::{DynamicCodec, Message, Sampler, Schema, Server};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

use crate::{json, message, schema};

fn shapes() -> Schema {
    schema(
        "syntax = 'proto3'; package t; message Q { string echo = 1; } message P { string echo = 1; string id = 2; }
         service S {
           rpc Unary(Q) returns (P); rpc Down(Q) returns (stream P);
           rpc Up(stream Q) returns (P); rpc Both(stream Q) returns (stream P);
         }",
    )
}

fn request(schema: &Schema, echo: &str) -> Message {
    message(schema, "t.Q", &format!(r#"{{"echo": "{echo}"}}"#)).into()
}

/// The values of `echo` in the answer, and the number of different ids.
fn echoes(answers: &[DynamicMessage]) -> (Vec<String>, usize) {
    let answers: Vec<_> = answers.iter().map(json).collect();
    let echoes = answers
        .iter()
        .map(|answer| answer["echo"].as_str().unwrap_or_default().to_owned())
        .collect();
    let mut ids: Vec<_> = answers.iter().map(|answer| answer["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    (echoes, ids.len())
}

async fn collect(mut answers: Streaming<Message>) -> Vec<DynamicMessage> {
    let mut collected = Vec::new();
    while let Some(answer) = answers.message().await.expect("OK") {
        collected.push(answer.to_dynamic().expect("it was checked"));
    }
    collected
}

struct Client {
    grpc: Grpc<Channel>,
    schema: Schema,
}

impl Client {
    async fn call(&mut self, name: &str, requests: &[&str]) -> Result<Vec<DynamicMessage>, Status> {
        let method = self
            .schema
            .method(&format!("t.S/{name}"))
            .expect("one of the shapes");
        let path: PathAndQuery = method.path().parse().expect("a path");
        let requests: Vec<Message> = requests.iter().map(|echo| request(&self.schema, echo)).collect();
        self.grpc.ready().await.expect("connected");
        // On the wire, every shape is a stream of requests and a stream of responses.
        let answers = self
            .grpc
            .streaming(
                Request::new(tokio_stream::iter(requests)),
                path,
                DynamicCodec::client(method),
            )
            .await?;
        Ok(collect(answers.into_inner()).await)
    }
}

#[tokio::test]
async fn each_shape_gets_its_number_of_samples() {
    let schema = shapes();
    let handler = || Sampler::new(5).stream_length(4);
    let server = ["Unary", "Down", "Up", "Both"]
        .into_iter()
        .fold(Server::builder(schema.clone()), |server, name| {
            server.handler(format!("t.S/{name}"), handler())
        })
        .build()
        .expect("the handlers fit");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", bound.local_addr());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    let channel = Endpoint::from_shared(address)
        .expect("an address")
        .connect()
        .await
        .expect("the server listens");
    let mut client = Client {
        grpc: Grpc::new(channel),
        schema,
    };

    let answers = client.call("Unary", &["a"]).await.expect("an answer");
    assert_eq!(echoes(&answers), (vec!["a".to_owned()], 1));
    assert_eq!(
        client.call("Unary", &["a"]).await.expect("an answer"),
        answers,
        "the same for the same request"
    );

    let answers = client.call("Down", &["a"]).await.expect("answers");
    assert_eq!(echoes(&answers), (vec!["a".to_owned(); 4], 4));

    let answers = client.call("Up", &["a", "b", "c"]).await.expect("an answer");
    assert_eq!(echoes(&answers), (vec!["c".to_owned()], 1));
    assert_eq!(client.call("Up", &[]).await.expect("an answer").len(), 1);

    let answers = client.call("Both", &["a", "a", "b"]).await.expect("answers");
    assert_eq!(
        echoes(&answers),
        (vec!["a".to_owned(), "a".to_owned(), "b".to_owned()], 3)
    );

    drop(client);
    drop(stop);
    running.await.expect("no panic").expect("served to the end");
}
