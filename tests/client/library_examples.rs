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
