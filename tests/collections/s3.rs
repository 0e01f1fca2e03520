//! `protod export` to a store that speaks S3's protocol.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prost_reflect::Value;
use protod::Archive;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::port::ReservedPort;
use crate::program::{SOON, command};
use crate::{folder, serve};

/// A store of objects, which keeps each as a file.
struct Store {
    address: String,
    _port: ReservedPort,
    folder: TempDir,
    _server: Child,
}

impl Store {
    /// With the bucket `archive`.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("archive")).expect("a bucket");
        let sidecar = tempfile::tempdir_in(folder.path().parent().expect("one")).expect("a folder");
        let port = ReservedPort::any();
        let address = port.to_string();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin/versitygw");
        let server = Command::new(program)
            .args([
                "--port",
                &address,
                "--access",
                "key",
                "--secret",
                "secret",
                "--quiet",
                "posix",
                "--sidecar",
            ])
            .args([sidecar.keep().as_path(), folder.path()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("make test installs it");
        let listens = async {
            while TcpStream::connect(&address).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, listens).await.expect("it listens");
        Self {
            address,
            _port: port,
            folder,
            _server: server,
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("archive").join(key)
    }

    fn object(&self, key: &str) -> Option<String> {
        std::fs::read_to_string(self.path(key)).ok()
    }
}

/// What stands before a store, and cuts it off at the second part of an upload.
async fn cut_off_at_the_second_part(store: String, is_cut: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (store, is_cut) = (store.clone(), Arc::clone(&is_cut));
            tokio::spawn(async move {
                let mut server = TcpStream::connect(store).await?;
                let (mut up, mut down) = (vec![0; 64 << 10], vec![0; 64 << 10]);
                loop {
                    tokio::select! {
                        read = client.read(&mut up) => match read? {
                            0 => break,
                            read => {
                                let is_second = up[..read].windows(12).any(|bytes| bytes == b"partNumber=2");
                                if is_cut.load(Ordering::SeqCst) && is_second {
                                    break;
                                }
                                server.write_all(&up[..read]).await?;
                            }
                        },
                        read = server.read(&mut down) => match read? {
                            0 => break,
                            read => client.write_all(&down[..read]).await?,
                        },
                    }
                }
                Ok::<(), std::io::Error>(())
            });
        }
    });
    address
}

/// Runs `protod export points …` in a folder; returns what it printed, what it said, and its exit code.
async fn export(data: &Path, address: &str, secret: &str, args: &[&str]) -> (String, String, Option<i32>) {
    let folder = data.to_str().expect("UTF-8");
    let mut export = command(&[&["export", "points", "--data-dir", folder], args].concat());
    export
        .current_dir(data)
        .env("PROTOD_S3_ENDPOINT", format!("http://{address}"))
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", secret);
    let output = timeout(SOON, export.output())
        .await
        .expect("it ends")
        .expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[tokio::test]
async fn a_collection_is_exported_to_s3_and_who_may_not_is_told() {
    let (folder, data, store) = (
        folder(),
        tempfile::tempdir().expect("a folder"),
        Store::start().await,
    );
    let (_server, client) = serve(folder.path(), data.path()).await;
    let add = client.method("points.Points/Add").expect("it is there");
    let mut point = add.request();
    point.set_field_by_name("value", Value::I64(7));
    add.unary(point).await.expect("OK");
    let to = ["--output", "s3://archive/of/points.ndjson"];
    let (printed, said, code) = export(data.path(), &store.address, "secret", &to).await;
    assert_eq!(
        (printed.as_str(), code),
        ("wrote s3://archive/of/points.ndjson\n", Some(0)),
        "{said}"
    );
    assert_eq!(
        store.object("of/points.ndjson").as_deref(),
        Some("{\"value\":\"7\"}\n")
    );
    let (_, said, code) = export(data.path(), &store.address, "wrong", &to).await;
    assert!(
        code == Some(1) && said.contains("SignatureDoesNotMatch"),
        "{said}"
    );
    let (_, said, code) = export(
        data.path(),
        &store.address,
        "secret",
        &["--output", "s3://none/x"],
    )
    .await;
    assert!(code == Some(1) && said.contains("NoSuchBucket"), "{said}");
    for (output, words) in [
        ("s3://archive", "s3://BUCKET/KEY"),
        ("s3:///key", "s3://BUCKET/KEY"),
        ("s3://archive/folder/", "s3://BUCKET/KEY"),
    ] {
        let (_, said, code) = export(data.path(), &store.address, "secret", &["--output", output]).await;
        assert!(code == Some(1) && said.contains(words), "{said}");
    }
    // It is written to a disk, and is whole there before it goes.
    let sqlite = ["--output", "s3://archive/folder/points.sqlite3"];
    let (printed, said, code) = export(data.path(), &store.address, "secret", &sqlite).await;
    assert_eq!(
        (printed.as_str(), code),
        ("wrote s3://archive/folder/points.sqlite3\n", Some(0)),
        "{said}"
    );
    let uploaded = Archive::open_file(store.path("folder/points.sqlite3")).expect("a file of ours");
    assert_eq!(uploaded.collections().expect("whole")[0].name(), "points");
    let left = std::fs::read_dir(data.path()).expect("a folder");
    let left = left.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    assert!(!left.into_iter().any(|name| name.starts_with("points.")));
}

#[tokio::test]
async fn an_upload_that_was_cut_off_goes_on_with_the_parts_that_are_there() {
    let (folder, data, store) = (
        folder(),
        tempfile::tempdir().expect("a folder"),
        Store::start().await,
    );
    let (server, client) = serve(folder.path(), data.path()).await;
    // Three parts of 8 MiB.
    let record = client.method("points.Points/Record").expect("it is there");
    let request = record.request();
    let points = (0..200).map(move |value| {
        let mut point = request.clone();
        point.set_field_by_name("name", Value::String("x".repeat(100_000)));
        point.set_field_by_name("value", Value::I64(value));
        point
    });
    let mut recorded = record.bidi(tokio_stream::iter(points)).await.expect("sent");
    while recorded.message().await.expect("OK").is_some() {}
    server.stop().await;
    let expected: String = {
        let archive = Archive::open(data.path()).expect("a file");
        let collections = archive.collections().expect("whole");
        let (mut lines, mut position) = (String::new(), 0);
        loop {
            let messages = archive.read(&collections[0], position).expect("whole");
            let Some(last) = messages.last() else { break lines };
            position = last.position;
            for of in &messages {
                let message = of.message.as_ref().expect("it fits");
                lines += &(message.to_json().expect("printed") + "\n");
            }
        }
    };
    let is_cut = Arc::new(AtomicBool::new(true));
    let address = cut_off_at_the_second_part(store.address.clone(), Arc::clone(&is_cut)).await;
    let to = ["--output", "s3://archive/points.ndjson"];
    let (_, said, code) = export(data.path(), &address, "secret", &to).await;
    assert!(
        code == Some(1) && said.contains("cannot upload to s3://archive/points.ndjson"),
        "{said}"
    );
    assert_eq!(
        store.object("points.ndjson"),
        None,
        "it is not there before it is whole"
    );
    let place =
        std::fs::read_to_string(data.path().join("points.ndjson.place")).expect("it says how far it is");
    let place: serde_json::Value = serde_json::from_str(&place).expect("JSON");
    assert_eq!(place["parts"].as_array().map(Vec::len), Some(1), "{place}");
    is_cut.store(false, Ordering::SeqCst);
    let (printed, said, code) = export(
        data.path(),
        &address,
        "secret",
        &[&to[..], &["--resume"]].concat(),
    )
    .await;
    assert_eq!(
        (printed.as_str(), code),
        ("wrote s3://archive/points.ndjson\n", Some(0)),
        "{said}"
    );
    assert!(store.object("points.ndjson") == Some(expected), "it is another");
    assert!(!data.path().join("points.ndjson.place").exists());
}
