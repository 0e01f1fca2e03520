//! Collections that stay, of a real `protod serve`.

mod data_dir;
mod export;
mod kills;
#[path = "../support/port.rs"]
mod port;
#[path = "../support/mod.rs"]
mod program;
mod s3;

use std::path::Path;

use protod::Message;
use protod::client::Client;

use crate::program::Server;

pub(crate) const PROTO: &str = r#"syntax = "proto3"; package points;
    message Point { string name = 1; int64 value = 2; }
    message Page { int64 after = 1; }
    message Count { int64 count = 1; }
    service Points {
        rpc Record(stream Point) returns (stream Count); rpc Add(Point) returns (Count);
        rpc List(Page) returns (stream Point);
    }"#;

/// Record says of each point when it is stored.
pub(crate) const RULES: &str = r#"collections: {points: points.Point}
rules:
  - method: points.Points/Record
    session: {message: [{append: {points: "${request}"}}, {send: {count: "${received}"}}]}
  - {method: points.Points/Add, stream: [{append: {points: "${request}"}}, {send: {count: 1}}]}
  - {method: points.Points/List, stream: [{each: "${collection.points}", send: "${item}"}]}
"#;

/// A folder with the proto, the rules, and nothing else.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("points.proto"), PROTO).expect("written");
    std::fs::write(folder.path().join("points.rules.yaml"), RULES).expect("written");
    folder
}

/// A server whose collections are in `data`.
pub(crate) async fn serve(folder: &Path, data: &Path) -> (Server, Client) {
    let (folder, data) = (folder.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    let server = Server::start(&["--data-dir", data, folder]).await;
    let client = Client::builder(server.address().to_owned()).connect().await;
    (server, client.expect("it listens"))
}

/// The values of all points, as they are listed.
pub(crate) async fn values(client: &Client) -> Vec<i64> {
    let list = client.method("points.Points/List").expect("it is there");
    let mut stream = list.server_streaming(list.request()).await.expect("sent");
    let mut values = Vec::new();
    while let Some(point) = stream.message().await.expect("OK") {
        values.push(value(&point));
    }
    values
}

pub(crate) fn value(point: &Message) -> i64 {
    point
        .get("value")
        .expect("it has one")
        .as_i64()
        .expect("a number")
}
