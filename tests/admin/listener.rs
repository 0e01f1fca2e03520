//! Where the admin service listens, and where it may not.

use std::net::TcpListener;

use rcgen::{CertificateParams, KeyPair};
use tokio::time::timeout;

use crate::program::{SOON, Server, command};
use crate::support::{Kitchen, PROTO, output, shell};

/// A folder with a proto, and a certificate for localhost.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("sound names");
    let certificate = params.self_signed(&key).expect("signed");
    for (name, text) in [
        ("tea.proto", PROTO),
        ("cert.pem", &certificate.pem()),
        ("key.pem", &key.serialize_pem()),
        ("token", "sesame\n"),
        ("empty", "\n"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    folder
}

const TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

#[tokio::test]
async fn an_address_that_others_reach_needs_tls_and_a_token() {
    let folder = folder();
    let token = ["--admin-token-file", "token"];
    for (flags, missing) in [
        (vec![], "TLS and a token"),
        (token.to_vec(), "it needs TLS"),
        (TLS.to_vec(), "it needs a token"),
    ] {
        for address in ["0.0.0.0:0", ":0"] {
            let fixed = ["serve", "--addr", "127.0.0.1:0", "--admin-addr", address, "."];
            let mut serve = command(&[&fixed[..], &flags].concat());
            serve.current_dir(folder.path());
            let (code, _, said) = output(serve).await;
            assert_eq!(code, 1, "{said}");
            assert!(said.contains(missing) && said.contains("--admin-addr"), "{said}");
            assert!(!said.contains("listening on"), "{said}");
        }
    }
    let all = [
        &["serve", "--addr", "127.0.0.1:0", "--admin-addr", "0.0.0.0:0", "."][..],
        &TLS,
        &token,
    ];
    let mut serve = command(&all.concat());
    serve.current_dir(folder.path());
    let mut server = Server::start_command(serve).await;
    let line = server.line_with("protod admin on ").await;
    let port = line.rsplit(':').next().expect("a port");
    for (flags, works) in [
        ("--admin-token-file token --tls-ca cert.pem", true),
        ("--admin-token-file token", false),
        ("--tls-ca cert.pem", false),
    ] {
        let line = format!("protod rules list --admin https://localhost:{port} {flags}");
        let (code, _, said) = output(shell(&line, folder.path())).await;
        assert_eq!(code == 0, works, "{line}: {said}");
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_told_before_anything_listens() {
    let folder = folder();
    for (flags, why) in [
        (["--admin-token-file", "empty"], "it is empty"),
        (["--admin-token-file", "missing"], "cannot read missing"),
        (["--admin-token", "a b"], "no blanks"),
    ] {
        let fixed = [
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--admin-addr",
            "127.0.0.1:0",
            ".",
        ];
        let mut serve = command(&[&fixed[..], &flags].concat());
        serve.current_dir(folder.path());
        let (code, _, said) = output(serve).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(why), "{said}");
        assert!(!said.contains("listening on"), "{said}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_warning_and_no_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it has one").to_string();
    let folder = folder();
    let mut serve = command(&["serve", "--addr", "127.0.0.1:0", "--admin-addr", &address, "."]);
    serve.current_dir(folder.path());
    let mut server = Server::start_command(serve).await;
    assert_eq!(
        server.log.len(),
        1,
        "the line that says where it listens is the first"
    );
    let line = server.line_with("WARN").await;
    assert!(line.contains(&address) && line.contains("--admin-addr"), "{line}");
    let line = format!("protod wait {}", server.address());
    let (code, _, said) = output(shell(&line, folder.path())).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        server.log.iter().all(|line| !line.contains("admin on")),
        "{:?}",
        server.log
    );
}

#[tokio::test]
async fn it_is_told_in_the_banner_and_in_json_and_can_be_turned_off() {
    let folder = folder();
    for (address, expected) in [("127.0.0.1:0", true), ("none", false)] {
        let folder = folder.path().to_str().expect("UTF-8");
        let server = Server::start(&["--admin-addr", address, "--log-format", "json", folder]).await;
        let line: serde_json::Value = serde_json::from_str(&server.log[0]).expect("JSON");
        let admin = line["admin"].as_str();
        assert_eq!(admin.is_some(), expected, "{line}");
        assert!(
            admin.is_none_or(|admin| admin.starts_with("127.0.0.1:")),
            "{line}"
        );
    }
    let kitchen = Kitchen::start().await;
    assert!(kitchen.server.log[0].starts_with("protod listening on "));
    assert!(kitchen.server.log[1].starts_with("protod admin on "));
}

#[tokio::test]
async fn it_listens_on_a_unix_socket_too() {
    let folder = folder();
    let socket = format!("unix:{}", folder.path().join("admin.sock").display());
    let mut serve = command(&["serve", "--addr", "127.0.0.1:0", "--admin-addr", &socket, "."]);
    serve.current_dir(folder.path());
    let mut server = Server::start_command(serve).await;
    server.line_with("protod admin on unix:").await;
    let line = format!("protod rules list --admin {socket}");
    let (code, _, said) = output(shell(&line, folder.path())).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn who_watches_is_told_of_the_end_when_the_server_stops() {
    let kitchen = Kitchen::start().await;
    let watch = kitchen
        .client()
        .await
        .method("protod.admin.v1.AdminService/WatchCalls");
    let watch = watch.expect("it is one");
    let mut calls = watch.server_streaming(watch.request()).await.expect("it begins");
    calls.headers().await.expect("it watches");
    let (status, log) = kitchen.server.stop().await;
    assert!(status.success(), "{log:?}");
    let end = timeout(SOON, calls.message()).await.expect("it ends");
    assert!(end.expect("it ends well").is_none());
}
