//! Three servers that share a cluster of three brokers, as programs: what happens to calls when one of each dies.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use prost_reflect::Value;
use protod::client::Client;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::broker::Brokers;
use crate::program::{SOON, Server, protod};

const PROTO: &str = r#"syntax = "proto3"; package points;
    message Point { string name = 1; int64 value = 2; }
    message Query {}
    service Points { rpc Add(Point) returns (Query); rpc List(Query) returns (stream Point); }"#;

const RULES: &str = r#"collections: {points: points.Point}
rules:
  - {method: points.Points/Add, append: {points: "${request}"}, reply: {}}
  - {method: points.Points/List, stream: [{each: "${collection.points}", send: "${item}"}]}
"#;

/// A server that shares, with its copy in a folder.
async fn serve(folder: &Path, data: &Path, store: &str) -> (Server, Client) {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let arguments = ["--store", store, "--data-dir", &text(data), &text(folder)].map(ToOwned::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start(&arguments).await;
    let client = Client::builder(server.address().to_owned()).connect().await;
    (server, client.expect("it listens"))
}

/// Adds the numbers from this one on, one after the other, until it is told to end, and returns those that were told to be stored.
async fn add(
    client: Client,
    name: String,
    first: i64,
    done: Arc<AtomicUsize>,
    end: Arc<AtomicUsize>,
) -> Vec<(String, i64)> {
    let method = client.method("points.Points/Add").expect("it is there");
    let mut stored = Vec::new();
    for number in (first..).take_while(|_| end.load(Ordering::Relaxed) == 0) {
        let mut point = method.request();
        point.set_field_by_name("name", Value::String(name.clone()));
        point.set_field_by_name("value", Value::I64(number));
        if method.unary(point).await.is_ok() {
            stored.push((name.clone(), number));
            done.fetch_add(1, Ordering::Relaxed);
        } else {
            sleep(Duration::from_millis(20)).await;
        }
    }
    stored
}

/// All points, in their order. What cannot be read yet is asked for again.
async fn list(client: &Client) -> Vec<(String, i64)> {
    let method = client.method("points.Points/List").expect("it is there");
    'again: loop {
        let Ok(mut stream) = method.server_streaming(method.request()).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut points = Vec::new();
        loop {
            match stream.message().await {
                Ok(Some(point)) => {
                    let name = point
                        .get("name")
                        .expect("it has one")
                        .as_str()
                        .expect("a text")
                        .to_owned();
                    points.push((
                        name,
                        point
                            .get("value")
                            .expect("it has one")
                            .as_i64()
                            .expect("a number"),
                    ));
                }
                Ok(None) => return points,
                Err(_) => continue 'again,
            }
        }
    }
}

/// Waits until so many more are stored.
async fn more(done: &AtomicUsize, count: usize) {
    let wanted = done.load(Ordering::Relaxed) + count;
    let reached = timeout(SOON, async {
        while done.load(Ordering::Relaxed) < wanted {
            sleep(Duration::from_millis(10)).await;
        }
    });
    reached.await.expect("calls are answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_and_a_server_may_die_under_load_and_nothing_that_was_told_to_be_stored_is_lost() {
    let mut brokers = Brokers::three();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("points.proto"), PROTO).expect("written");
    std::fs::write(folder.path().join("points.rules.yaml"), RULES).expect("written");
    let data: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("a folder")).collect();
    let mut replicas = Vec::new();
    for data in &data {
        replicas.push(serve(folder.path(), data.path(), &brokers.url()).await);
    }
    let (done, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut adding = JoinSet::new();
    for (n, (_, client)) in replicas.iter().enumerate() {
        adding.spawn(add(
            client.clone(),
            n.to_string(),
            0,
            Arc::clone(&done),
            Arc::clone(&end),
        ));
    }
    more(&done, 100).await;
    brokers.kill(2);
    replicas[2].0.child.kill().await.expect("killed");
    more(&done, 100).await;
    brokers.start_again(2);
    replicas[2] = serve(folder.path(), data[2].path(), &brokers.url()).await;
    let client = replicas[2].1.clone();
    adding.spawn(add(
        client,
        "again".to_owned(),
        0,
        Arc::clone(&done),
        Arc::clone(&end),
    ));
    more(&done, 100).await;
    end.store(1, Ordering::Relaxed);
    let mut stored = Vec::new();
    while let Some(one) = adding.join_next().await {
        stored.extend(one.expect("it ends"));
    }
    // The brokers may still have writes of which nobody was told that they are stored.
    let agreed = timeout(SOON, async {
        loop {
            let all = list(&replicas[0].1).await;
            if list(&replicas[1].1).await == all && list(&replicas[2].1).await == all {
                return all;
            }
        }
    });
    let all = agreed.await.expect("one order on all");
    let distinct: HashSet<&(String, i64)> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "nothing is there twice");
    assert!(
        stored.iter().all(|point| distinct.contains(point)),
        "nothing is lost"
    );
}

#[tokio::test]
async fn a_reset_of_one_server_is_one_of_all() {
    const RULES: &str = r#"rules:
  - {name: once, method: points.Points/Add, match: {name: once}, times: 1, reply: {}}
  - {method: points.Points/Add, match: {name: once}, status: {code: NOT_FOUND}}
  - {method: points.Points/Add, match: {name: set}, set: {store.n: 1}, reply: {}}
  - {method: points.Points/Add, when: "has(store.n)", reply: {}}
  - {method: points.Points/Add, status: {code: NOT_FOUND}}
"#;
    let mut brokers = Brokers::one();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("points.proto"), PROTO).expect("written");
    std::fs::write(folder.path().join("points.rules.yaml"), RULES).expect("written");
    let (path, url) = (folder.path().to_str().expect("UTF-8"), brokers.url());
    let arguments = ["--store", &url, "--admin-addr", "127.0.0.1:0", path];
    let mut asked = Server::start(&arguments).await;
    let admin = asked.line_with("protod admin on ").await;
    let admin = admin.strip_prefix("protod admin on ").expect("an address");
    let other = Server::start(&arguments).await;
    let mut clients = Vec::new();
    for server in [&asked, &other] {
        let client = Client::builder(server.address().to_owned()).connect().await;
        clients.push(client.expect("it listens"));
    }
    let is_answered = async |client: &Client, name: &str| {
        let method = client.method("points.Points/Add").expect("it is there");
        let mut point = method.request();
        point.set_field_by_name("name", Value::String(name.to_owned()));
        method.unary(point).await.is_ok()
    };
    assert!(is_answered(&clients[0], "set").await && is_answered(&clients[0], "once").await);
    assert!(is_answered(&clients[1], "read").await && !is_answered(&clients[1], "once").await);
    assert!(protod(&["reset", "--admin", admin]).await.status.success());
    assert!(!is_answered(&clients[0], "read").await, "it waits for its own");
    let begun = timeout(SOON, async {
        while is_answered(&clients[1], "read").await || !is_answered(&clients[1], "once").await {
            sleep(Duration::from_millis(10)).await;
        }
    });
    begun.await.expect("the other begins anew, too");
    assert!(
        !is_answered(&clients[0], "once").await,
        "it was answered by the other"
    );

    brokers.kill(0);
    let failed = protod(&["reset", "--admin", admin]).await;
    let said = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the store that servers share cannot be reached"),
        "{said}"
    );
}
