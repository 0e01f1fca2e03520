//! Which version of HTTP is spoken, over what, and what is said of a server that cannot be spoken to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protod::client::{Codec, ConnectFault, HttpVersion, Protocol};
use protod::{Client, ClientTls, Tls, TlsFiles};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_stream::StreamExt as _;
use tonic::Code;

use super::ways;
use crate::servers::{item, schema, serve, shapes, value_of};

/// A certificate for localhost that nobody else has signed, and its key.
fn self_signed() -> (tempfile::TempDir, TlsFiles) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).expect("it can be written");
    std::fs::write(&key, certified.signing_key.serialize_pem()).expect("it can be written");
    (folder, TlsFiles::new(certificate, key))
}

async fn answers(client: &Client) -> Result<(), tonic::Status> {
    let unary = client.method("shapes.Shapes/Unary").expect("it is there");
    let reply = unary.unary(item("one", 7)).await?;
    assert_eq!(value_of(&reply.message).expect("an Item"), 7);
    Ok(())
}

#[tokio::test]
async fn every_way_goes_over_tls_and_without_a_version_the_two_agree() {
    let (folder, files) = self_signed();
    let address = serve(shapes().tls(Tls::load(files).expect("sound files"))).await;
    let tls = ClientTls::new()
        .ca(folder.path().join("cert.pem"))
        .server_name("localhost");
    for way in ways() {
        let client = way.builder(&address).tls(tls.clone()).connect().await;
        let client = client.unwrap_or_else(|error| panic!("{way:?}: {error:?}"));
        answers(&client)
            .await
            .unwrap_or_else(|status| panic!("{way:?}: {status:?}"));
    }
    // Reflection first, and the protocol then.
    let client = Client::builder(&address)
        .tls(tls.clone())
        .protocol(Protocol::Connect)
        .connect()
        .await;
    answers(&client.expect("it answers reflection"))
        .await
        .expect("an answer");
    // Certificates are checked as for gRPC, before there is a call.
    let error = Client::builder(&address)
        .tls(ClientTls::new().server_name("localhost"))
        .protocol(Protocol::GrpcWeb)
        .schema(schema())
        .connect()
        .await
        .expect_err("nobody trusts it");
    assert_eq!(ConnectFault::of(&error), Some(ConnectFault::UnknownIssuer));
}

/// A server whose connections are counted.
async fn counted(address: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let front = listener.local_addr().expect("it has one").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.expect("a connection");
            counter.fetch_add(1, Ordering::Relaxed);
            let mut far = TcpStream::connect(&address).await.expect("it listens");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    (front, count)
}

#[tokio::test]
async fn connections_are_used_again() {
    let back = serve(shapes()).await;
    for way in ways() {
        let (front, count) = counted(back.clone()).await;
        let client = way.client(&front).await;
        for _ in 0..5 {
            answers(&client)
                .await
                .unwrap_or_else(|status| panic!("{way:?}: {status:?}"));
            let down = client.method("shapes.Shapes/Down").expect("it is there");
            let mut responses = down.server_streaming(item("n", 3)).await.expect("on its way");
            while responses.message().await.expect("no failure").is_some() {}
        }
        // Over HTTP/1.1 a call may begin a moment before the connection of the last one is free.
        let most = if way.http_version == HttpVersion::Http1 {
            3
        } else {
            1
        };
        let count = count.load(Ordering::Relaxed);
        assert!(count <= most, "{way:?}: {count} connections for ten calls");
    }
}

#[tokio::test]
async fn a_connection_that_was_lost_is_made_again_and_its_calls_are_unavailable() {
    let back = serve(shapes()).await;
    for way in ways() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let front = listener.local_addr().expect("it has one").to_string();
        let cut = Arc::new(Notify::new());
        let (back, cuts) = (back.clone(), Arc::clone(&cut));
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.expect("a connection");
                let mut far = TcpStream::connect(&back).await.expect("it listens");
                let cuts = Arc::clone(&cuts);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = cuts.notified() => {}
                    }
                });
            }
        });
        let client = way.client(&front).await;
        answers(&client).await.expect("an answer");
        let mut echoes = None;
        if way.http_version == HttpVersion::Http2 {
            let both = client.method("shapes.Shapes/Both").expect("it is there");
            let items = tokio_stream::once(item("one", 7)).chain(tokio_stream::pending());
            let echoes = echoes.insert(both.bidi(items).await.expect("on its way"));
            echoes.message().await.expect("no failure").expect("an echo");
        }
        cut.notify_waiters();
        if let Some(mut echoes) = echoes {
            let status = echoes.message().await.expect_err("its connection is gone");
            assert_eq!(status.code(), Code::Unavailable, "{way:?}: {status:?}");
        }
        // The first calls may find the old connection before they know that it is gone.
        let again = async {
            while let Err(status) = answers(&client).await {
                assert_eq!(status.code(), Code::Unavailable, "{way:?}: {status:?}");
            }
        };
        tokio::time::timeout(crate::servers::SOON, again)
            .await
            .unwrap_or_else(|_| panic!("{way:?}"));
    }
}

/// A server that gives each connection these bytes, after it has read the first byte.
async fn saying(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            tokio::spawn(async move {
                let _ = socket.readable().await;
                // A client that has gone needs no answer.
                let _ = socket.write_all(words).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_server_in_plain_text_is_asked_which_http_it_speaks() {
    let connect = async |address: &str| {
        let client = Client::builder(address)
            .protocol(Protocol::Connect)
            .schema(schema());
        client.connect_timeout(Duration::from_secs(10)).connect().await
    };
    // HTTP/2, where it is spoken.
    let client = connect(&serve(shapes()).await).await.expect("it listens");
    answers(&client).await.expect("an answer");
    // HTTP/1.1, where it is not.
    let address =
        saying(b"HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\nconnection: close\r\n\r\n\x10\x07")
            .await;
    let client = connect(&address).await.expect("it listens");
    answers(&client).await.expect("an answer");
    // TLS.
    let (_folder, files) = self_signed();
    let address = serve(shapes().tls(Tls::load(files).expect("sound files"))).await;
    let error = connect(&address).await.expect_err("it speaks TLS");
    assert_eq!(ConnectFault::of(&error), Some(ConnectFault::SpeaksTls));
    // And the other way around.
    let address = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = Client::builder(&address)
        .tls(ClientTls::new().insecure())
        .protocol(Protocol::Connect)
        .schema(schema())
        .connect()
        .await
        .expect_err("it speaks plain text");
    assert_eq!(ConnectFault::of(&error), Some(ConnectFault::SpeaksPlainText));
}

#[tokio::test]
async fn a_pipe_is_one_connection_and_reflection_would_take_it() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let address = serve(shapes()).await;
    tokio::spawn(async move {
        let mut far = far;
        let mut server = TcpStream::connect(&address).await.expect("it listens");
        tokio::io::copy_bidirectional(&mut far, &mut server).await
    });
    let builder = || {
        Client::builder("pipe")
            .protocol(Protocol::Connect)
            .codec(Codec::Json)
    };
    let client = builder()
        .over(near)
        .schema(schema())
        .connect()
        .await
        .expect("it is open");
    answers(&client).await.expect("an answer");
    let (near, far) = tokio::io::duplex(64 * 1024);
    let address = serve(shapes()).await;
    tokio::spawn(async move {
        let mut far = far;
        let mut server = TcpStream::connect(&address).await.expect("it listens");
        tokio::io::copy_bidirectional(&mut far, &mut server).await
    });
    let error = builder()
        .over(near)
        .connect()
        .await
        .expect_err("there is one connection");
    assert!(error.is_invalid_input(), "{error:?}");
}

#[tokio::test]
async fn grpc_is_not_spoken_over_http1() {
    let error = Client::builder("localhost:1")
        .http_version(HttpVersion::Http1)
        .connect()
        .await;
    assert!(error.expect_err("it needs HTTP/2").is_invalid_input());
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_spoken_over_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("socket");
    let server = shapes().build().expect("the handlers fit the schema");
    let address = format!("unix:{}", path.display());
    tokio::spawn(server.bind(&address).await.expect("it can be made").serve());
    for way in ways() {
        answers(&way.client(&address).await)
            .await
            .unwrap_or_else(|status| panic!("{way:?}: {status:?}"));
    }
}

/// gRPC's C core breaks off a call of a content type that it does not know, without an answer.
#[tokio::test]
async fn a_server_that_breaks_a_call_off_may_speak_only_grpc() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            tokio::spawn(async move {
                let mut server = h2::server::handshake(socket).await.expect("HTTP/2");
                while let Some(Ok((_, mut response))) = server.accept().await {
                    response.send_reset(h2::Reason::INTERNAL_ERROR);
                }
            });
        }
    });
    for (protocol, name) in [(Protocol::Connect, "Connect"), (Protocol::GrpcWeb, "gRPC-Web")] {
        let client = Client::builder(&address)
            .protocol(protocol)
            .http_version(HttpVersion::Http2)
            .schema(schema())
            .connect()
            .await
            .expect("it listens");
        let status = answers(&client).await.expect_err("there is no answer");
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(
            status.message(),
            format!(
                "the answer is not {name}: the server broke the call off (INTERNAL_ERROR), as one does that speaks \
                 only gRPC"
            )
        );
        assert_eq!(ConnectFault::of(&status), Some(ConnectFault::NotTheProtocol));
    }
}
