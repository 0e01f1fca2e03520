//! Binding sockets, and removing the files of Unix sockets.

#[cfg(unix)]
use std::sync::Arc;

#[cfg(unix)]
use tokio::sync::Notify;
#[cfg(unix)]
use tokio::time::timeout;

#[cfg(unix)]
use super::{Client, HANG, paths};
#[cfg(unix)]
use crate::handler::{Lifecycle, PeerAddr, Phase};
#[cfg(unix)]
use crate::transport::{ConnectionCounts, Limits, serve};
use crate::transport::{ListenAddr, Listener as _, Socket};

#[cfg(unix)]
#[tokio::test]
async fn unix_socket_is_served_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let address = format!("unix:{}", path.display());
    // A server that was killed leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Socket::bind(&address).await.unwrap();
    assert_eq!(listener.local_addr().unwrap().to_string(), address);
    let error = Socket::bind(&address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));

    let lifecycle = Lifecycle::new();
    let new_service = |peer| paths(peer, Arc::new(Notify::new()));
    let serving = {
        let lifecycle = lifecycle.clone();
        let counts = ConnectionCounts::default();
        tokio::spawn(async move {
            serve(listener, None, Limits::default(), lifecycle, &counts, new_service).await;
        })
    };
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    let mut client = Client::over(stream).await.unwrap();
    assert_eq!(
        client.get("/peer").await.unwrap(),
        format!("{} 0", PeerAddr::Unix)
    );
    lifecycle.advance(Phase::Draining);
    timeout(HANG, serving).await.unwrap().unwrap();
    assert!(!path.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn file_that_is_no_socket_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "precious").unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link, &folder.path().to_owned()] {
        let error = Socket::bind(&format!("unix:{}", path.display()))
            .await
            .unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        let expected = format!("{} exists and is not a socket: ", path.display());
        assert!(cause.starts_with(&expected), "{cause}");
    }
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "precious");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_socket_that_the_listener_made_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let address = format!("unix:{}", path.display());
    let first = Socket::bind(&address).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = Socket::bind(&address).await.unwrap();
    drop(first);
    tokio::net::UnixStream::connect(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    drop(second);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn address_in_use_names_the_address() {
    let first = Socket::bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap().to_string();
    let error = Socket::bind(&address).await.unwrap_err();
    assert!(error.is_io());
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}

#[tokio::test]
async fn a_port_alone_is_reached_by_both_families() {
    let socket = Socket::bind(":0").await.unwrap();
    let ListenAddr::Tcp(addr) = socket.local_addr().unwrap() else {
        panic!("it is TCP");
    };
    assert!(!ListenAddr::Tcp(addr).is_local());
    tokio::net::TcpStream::connect(("127.0.0.1", addr.port()))
        .await
        .unwrap();
    // Where the system has no IPv6, it is bound to IPv4 alone.
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        tokio::net::TcpStream::connect(("::1", addr.port()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_bound_says_what_to_do() {
    let first = Socket::bind("127.0.0.1:0").await.unwrap();
    let taken = first.local_addr().unwrap().to_string();
    for (address, advice) in [
        (taken.as_str(), "port 0 takes a free one"),
        ("192.0.2.1:0", "`:0` listens on all"),
    ] {
        let error = Socket::bind(address).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.is_io() && cause.contains(advice), "{cause}");
    }
    let error = Socket::bind("9002").await.unwrap_err();
    assert!(error.is_invalid_input(), "{error}");
    assert_eq!(error.to_string(), "cannot listen on 9002");
}
