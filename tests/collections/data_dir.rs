//! `--data-dir`.

use crate::program::{Server, binary, protod};
use crate::{PROTO, folder, serve, values};

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

#[tokio::test]
async fn messages_that_do_not_fit_a_saved_proto_are_told_of_wherever_they_are_kept() {
    let data = tempfile::tempdir().expect("a folder");
    let data_dir = data.path().to_str().expect("UTF-8");
    for kept in [&[][..], &["--data-dir", data_dir]] {
        let folder = folder();
        let mut args = kept.to_vec();
        args.push(folder.path().to_str().expect("UTF-8"));
        let mut server = Server::start(&args).await;
        let client = protod::Client::builder(server.address().to_owned())
            .connect()
            .await;
        add(&client.expect("it listens"), 7).await;
        let other = PROTO.replace("int64 value = 2", "string value = 2");
        std::fs::write(folder.path().join("points.proto"), other).expect("written");
        let told =
            "the collection points: 1 of 1 messages do not fit points.Point: they are kept, and not read";
        server.line_with(told).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_grow_fails_those_who_write_and_serves_the_others() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    // In blocks of 512 bytes, or of 1024: it is a limit all the same.
    let mut limited = tokio::process::Command::new("sh");
    limited.stdin(std::process::Stdio::null()).kill_on_drop(true);
    limited.args(["-c", "ulimit -f 2048 && exec \"$0\" \"$@\""]);
    limited.arg(binary()).args([
        "serve",
        "--no-cache",
        "--addr",
        "127.0.0.1:0",
        "--admin-addr",
        "none",
        "--data-dir",
    ]);
    limited.arg(data.path()).arg(folder.path());
    let server = Server::start_command(limited).await;
    let client = protod::Client::builder(server.address().to_owned())
        .connect()
        .await;
    let client = client.expect("it listens");
    let record = client.method("points.Points/Add").expect("it is there");
    let mut point = record.request();
    point.set_field_by_name("name", prost_reflect::Value::String("x".repeat(300_000)));
    let mut stored = 0;
    let refused = loop {
        match record.unary(point.clone()).await {
            Ok(_) => stored += 1,
            Err(status) => break status,
        }
        assert!(stored < 20, "the file is larger than it may be");
    };
    assert!(stored > 0);
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
    assert_eq!(values(&client).await, vec![0; stored]);
    // As many as before: who is told that a message is stored finds it after a restart.
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log:?}");
    let (_server, client) = serve(folder.path(), data.path()).await;
    assert_eq!(values(&client).await, vec![0; stored]);
}
