//! `--data-dir`.

use crate::program::protod;
use crate::{folder, serve, values};

async fn add(client: &protod::Client, value: i64) {
    let add = client.method("points.Points/Add").expect("it is there");
    let mut point = add.request();
    point.set_field_by_name("value", prost_reflect::Value::I64(value));
    add.unary(point).await.expect("OK");
}

#[tokio::test]
async fn a_server_finds_what_the_one_before_it_kept_and_its_first_lines_say_where() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let below = data.path().join("made/by/protod");
    for round in 1..=3 {
        let (mut server, client) = serve(folder.path(), &below).await;
        add(&client, round).await;
        assert_eq!(values(&client).await, (1..=round).collect::<Vec<_>>());
        let file = below.join("collections.sqlite3");
        server
            .line_with(&format!("collections in {}", file.display()))
            .await;
        let (status, log) = server.stop().await;
        assert!(status.success(), "{log:?}");
    }
    let log = std::fs::metadata(below.join("collections.sqlite3-wal"));
    assert!(
        log.map_or(0, |log| log.len()) == 0,
        "a server that stops leaves all in one file"
    );
}

#[tokio::test]
async fn without_it_collections_are_in_memory_and_the_first_lines_say_so() {
    let folder = folder();
    let path = folder.path().to_str().expect("UTF-8");
    let mut server = crate::program::Server::start(&[path]).await;
    server.line_with("collections in memory").await;
}

#[tokio::test]
async fn a_second_server_is_refused_before_it_listens() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let (_server, client) = serve(folder.path(), data.path()).await;
    let paths = [folder.path(), data.path()].map(|path| path.to_str().expect("UTF-8"));
    let second = protod(&["serve", "--addr", "127.0.0.1:0", "--data-dir", paths[1], paths[0]]).await;
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("another process keeps its collections there"),
        "{stderr}"
    );
    assert!(!stderr.contains("listening"), "{stderr}");
    add(&client, 1).await;
    assert_eq!(values(&client).await, [1]);
}
