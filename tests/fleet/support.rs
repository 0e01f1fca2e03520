//! A fleet: a broker, servers that share it, and a folder that is published to them.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::broker::Brokers;
use crate::client::{Client, channel};
use crate::generations::{proto, rules};
use crate::program::{SOON, Server, protod};

/// A broker, and what is published by it.
pub(crate) struct Fleet {
    pub(crate) brokers: Brokers,
    folder: TempDir,
}

impl Fleet {
    /// With one broker.
    pub(crate) fn of_one_broker() -> Self {
        Self {
            brokers: Brokers::one(),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// With one broker that takes messages of so many bytes at most.
    pub(crate) fn of_payloads(most: usize) -> Self {
        Self {
            brokers: Brokers::one_of_payloads(most),
            ..Self::of_one_broker()
        }
    }

    /// With a cluster of three.
    pub(crate) fn of_three_brokers() -> Self {
        Self {
            brokers: Brokers::three(),
            ..Self::of_one_broker()
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder of a replica or of the publisher.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(&path, text).expect("the file can be written");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Starts a server that shares the broker, and returns when it listens.
    pub(crate) async fn replica(&self, name: &str, args: &[&str]) -> Server {
        let url = self.brokers.url();
        let share = ["--store", &url, "--replica-name", name];
        Server::start(&[&share, args].concat()).await
    }

    /// Writes the files of a generation that answers with `text` in field `number`.
    pub(crate) fn change(&self, number: u32, text: &str) -> String {
        self.write("api/a.proto", &proto(number));
        self.write("api/a.rules.yaml", &rules(text));
        self.path("api").to_str().expect("UTF-8").to_owned()
    }

    /// `protod ARGS --store URL`.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let url = self.brokers.url();
        protod(&[args, &["--store", &url]].concat()).await
    }

    /// The same with `--json`, which succeeds.
    pub(crate) async fn told(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat()).await;
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Publishes the files, which succeeds.
    pub(crate) async fn publish(&self, number: u32, text: &str) -> Value {
        let folder = self.change(number, text);
        self.told(&["publish", &folder]).await
    }

    /// What is told of a replica; null if it does not live.
    pub(crate) async fn told_of(&self, name: &str) -> Value {
        let fleet = self.told(&["fleet"]).await;
        let replicas = fleet["replicas"].as_array().expect("a list");
        let replica = replicas.iter().find(|replica| replica["name"] == name);
        replica.cloned().unwrap_or_default()
    }

    /// Waits until so many replicas live.
    pub(crate) async fn await_replicas(&self, count: usize) {
        let began = Instant::now();
        loop {
            // A cluster that has lost a broker may take a while to answer.
            let output = self.run(&["fleet", "--json"]).await;
            let fleet: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if fleet["replicas"].as_array().is_some_and(|all| all.len() == count) {
                return;
            }
            assert!(
                began.elapsed() < SOON,
                "not {count} replicas: {fleet:#} {output:?}"
            );
        }
    }
}

/// Waits until a replica is in trouble, or is not any more.
pub(crate) async fn await_trouble(fleet: &Fleet, name: &str, wanted: bool) {
    let began = Instant::now();
    loop {
        let told = fleet.told_of(name).await;
        if told["name"] == name && told["trouble"].is_string() == wanted {
            return;
        }
        assert!(began.elapsed() < SOON, "is it in trouble: {}: {told:#}", !wanted);
    }
}

/// What a server answers: the field, and the text in it.
pub(crate) async fn answer(server: &Server) -> (u32, String) {
    let mut client = Client::connect(server.address()).await;
    client.unary().await.expect("it is answered")
}

/// Waits until a server answers so.
pub(crate) async fn await_answer(server: &Server, number: u32, text: &str) {
    let mut client = Client::connect(server.address()).await;
    let (wanted, began) = ((number, text.to_owned()), Instant::now());
    loop {
        let last = client.unary().await;
        if last.as_ref().is_ok_and(|answer| *answer == wanted) {
            return;
        }
        assert!(
            began.elapsed() < SOON,
            "wanted {wanted:?}, and it answers {last:?}"
        );
        tokio::task::yield_now().await;
    }
}

/// Whether a server says that it serves.
pub(crate) async fn is_serving(server: &Server) -> bool {
    let mut health = HealthClient::new(channel(server.address()).await);
    let checked = health
        .check(HealthCheckRequest::default())
        .await
        .expect("checked");
    checked.into_inner().status() == ServingStatus::Serving
}

/// What a program printed on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
