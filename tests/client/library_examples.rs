//! The examples of the library do what they say. The tutorial's two have tests of their own.

use std::process::Stdio;

use protod::{Client, Message};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;
use tonic::Status;

use crate::examples::example;
use crate::servers::SOON;

/// An example that serves until it is dropped, and a client of it.
struct Running {
    _child: Child,
    address: String,
}

impl Running {
    async fn start(name: &str) -> Self {
        let mut child = example(name)
            .arg("127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example cannot be started");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let line = timeout(SOON, lines.next_line())
            .await
            .expect("it says where it listens");
        let line = line.expect("text").expect("a line");
        let (_, address) = line.rsplit_once("listening on ").expect("where it listens");
        Self {
            _child: child,
            address: address.to_owned(),
        }
    }

    async fn client(&self) -> Client {
        Client::connect(&self.address)
            .await
            .expect("it answers reflection")
    }
}

/// Calls a unary method with a request in JSON, and gives the answer in JSON.
async fn call(client: &Client, method: &str, json: &str) -> Result<String, Status> {
    let method = client.method(method).expect("it is served");
    let request = Message::from_json(method.input().clone(), json)?;
    Ok(method.unary(request).await?.message.to_json()?)
}

#[tokio::test]
async fn swap_shows_the_new_method_and_refuses_what_does_not_fit() {
    let output = timeout(SOON, example("swap").output()).await;
    let output = output.expect("it ends").expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let second = "till.Till/Pay(pence, currency)\ntill.Till/Refund(pence, currency)\n";
    let refused = "the schema has no method till.Till/Refnd; did you mean till.Till/Refund?\n";
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("till.Till/Pay(pence)\n{second}{refused}{second}")
    );
}

#[tokio::test]
async fn a_dynamic_service_and_a_compiled_one_share_a_port() {
    let running = Running::start("beside_tonic").await;
    let client = running.client().await;
    let said = call(&client, "shop.Echo/Say", r#"{"text":"hello"}"#).await;
    assert_eq!(said.expect("OK"), r#"{"text":"hello"}"#);
    // protod's own health would say SERVING.
    let health = call(
        &client,
        "grpc.health.v1.Health/Check",
        r#"{"service":"shop.Echo"}"#,
    )
    .await;
    assert_eq!(health.expect("OK"), r#"{"status":"NOT_SERVING"}"#);
}

#[tokio::test]
async fn typed_handlers_read_and_write_every_kind_of_field() {
    let running = Running::start("typed").await;
    let client = running.client().await;
    let order = r#"{"id":"a","placed":"2026-11-28T10:00:00Z","card":"12","items":{"tea":2,"cake":1}}"#;
    let placed = call(&client, "shop.Orders/Place", order).await;
    assert_eq!(
        placed.expect("OK"),
        r#"{"id":"a","text":"dated, paid by card 12, no note","items":3}"#
    );
    let refused = call(&client, "shop.Orders/Place", r#"{"id":"b","cash":"5"}"#).await;
    assert_eq!(refused.expect_err("no items").message(), "an order needs an item");

    let method = client.method("shop.Orders/Follow").expect("it is served");
    let order = Message::from_json(method.input().clone(), order).expect("it fits");
    let mut stages = method.server_streaming(order.clone()).await.expect("OK");
    for stage in [0, 1, 2] {
        let progress = stages.message().await.expect("OK").expect("a stage");
        assert_eq!(
            progress.get("stage").expect("a field").as_enum_number(),
            Some(stage)
        );
    }

    let empty = Message::from_json(method.input().clone(), r#"{"id":"b","note":"soon"}"#).expect("it fits");
    let negotiate = client.method("shop.Orders/Negotiate").expect("it is served");
    let mut answers = negotiate
        .bidi(tokio_stream::iter([empty, order.clone()]))
        .await
        .expect("OK");
    let mut texts = Vec::new();
    while let Some(answer) = answers.message().await.expect("OK") {
        texts.push(
            answer
                .get("text")
                .expect("a field")
                .as_str()
                .expect("text")
                .to_owned(),
        );
    }
    assert_eq!(
        texts,
        ["an order needs an item", "dated, paid by card 12, no note"]
    );

    let all = client.method("shop.Orders/PlaceAll").expect("it is served");
    let reply = all
        .client_streaming(tokio_stream::iter([order.clone(), order]))
        .await;
    let reply = reply.expect("OK").message.to_json().expect("JSON");
    assert_eq!(reply, r#"{"id":"a, a","text":"2 orders","items":6}"#);
}

#[tokio::test]
async fn calls_without_the_token_are_refused_and_the_others_share_their_state() {
    let running = Running::start("state_and_layer").await;
    let refused = Client::connect(&running.address)
        .await
        .expect_err("reflection needs the token");
    let status = refused.status().expect("the server said so");
    assert_eq!(status.code(), tonic::Code::Unauthenticated);

    let mut metadata = tonic::metadata::MetadataMap::new();
    metadata.insert("authorization", "Bearer sesame".parse().expect("text"));
    let client = Client::builder(&running.address)
        .metadata(metadata)
        .connect()
        .await
        .expect("it has the token");
    for (pence, total) in [(250, 250), (50, 300)] {
        let paid = call(&client, "till.Till/Pay", &format!(r#"{{"pence":{pence}}}"#)).await;
        assert_eq!(paid.expect("OK"), format!(r#"{{"total":"{total}"}}"#));
    }
}
