//! The calls of tools: reflection and health checks.

use std::sync::Arc;
use std::time::Duration;

use protod::{Client, Message};

use crate::scene::{Scene, every};

/// Asks `grpc.health.v1`, whose types come by reflection.
pub(crate) struct Health(Client);

impl Health {
    pub(crate) async fn connect(address: &str) -> Self {
        Self(described(address).await)
    }

    /// SERVING, NOT_SERVING or SERVICE_UNKNOWN.
    pub(crate) async fn status(&self, service: &str) -> String {
        let method = self
            .0
            .method("grpc.health.v1.Health/Check")
            .expect("it is served");
        let request = serde_json::json!({ "service": service }).to_string();
        let request = Message::from_json(method.input().clone(), &request).expect("a request");
        let reply = method.unary(request).await.expect("no call fails");
        status(&reply.message)
    }

    /// The first status of a watch.
    async fn watched(&self) -> String {
        let method = self
            .0
            .method("grpc.health.v1.Health/Watch")
            .expect("it is served");
        let mut watch = method
            .server_streaming(method.request())
            .await
            .expect("no call fails");
        let first = watch.message().await.expect("no call fails");
        status(&first.expect("a watch does not end"))
    }
}

async fn described(address: &str) -> Client {
    let client = Client::connect(address).await;
    client.unwrap_or_else(|error| panic!("reflection failed: {error}"))
}

fn status(response: &Message) -> String {
    let json = response.to_json().expect("it has a JSON form");
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    json["status"].as_str().expect("a status").to_owned()
}

/// Calls reflection and health ten times a second.
pub(crate) async fn load(scene: Arc<Scene>) {
    let mut beat = every(Duration::from_millis(100));
    let health = Health::connect(&scene.address).await;
    while scene.goes_on() {
        beat.tick().await;
        let client = described(&scene.address).await;
        for method in ["p.S/Unary", "soak.Long/Up", "grpc.health.v1.Health/Check"] {
            assert!(client.method(method).is_ok(), "{method} is not described");
        }
        scene.figures.described.add(1);
        for service in ["", "p.S", "soak.Long"] {
            assert_eq!(health.status(service).await, "SERVING", "{service}");
        }
        assert_eq!(health.watched().await, "SERVING");
        scene.figures.health.add(4);
    }
}
