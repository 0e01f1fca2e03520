//! Listeners that protod does not know: a pipe in memory, TLS of one's own, and tokio's sockets.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use protod::{Call, Limits, ListenAddr, Listener, Message, Peer, Server, ServerBuilder, Tls, TlsFiles};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::http2::{ENHANCE_YOUR_CALM, Frame, GOAWAY, PING, frame, opening};
use crate::support::{Client, dynamic_item, fields, item, schema};

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(20);

/// Answers with the address of its client.
fn who() -> ServerBuilder {
    Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |_request: Message, call: Call| async move {
                let peer = call.peer().expect("its own listener tells it").addr().to_string();
                Ok(dynamic_item(&peer, 1))
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: Message, mut call: Call| async move {
                call.send(request.clone()).await?;
                call.draining().await;
                call.send(request).await
            },
        )
}

/// A listener of pipes in memory.
struct Pipes(mpsc::Receiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        match self.0.recv().await {
            Some(pipe) => Ok((pipe, Peer::new("pipe"))),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Ok(ListenAddr::Other("pipes".to_owned()))
    }
}

/// A server of pipes.
struct Running {
    connect: mpsc::Sender<DuplexStream>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<Result<(), protod::Error>>,
}

impl Running {
    fn start(server: ServerBuilder) -> Self {
        let (connect, pipes) = mpsc::channel(1);
        let bound = server
            .build()
            .expect("fits")
            .on(Pipes(pipes))
            .expect("it has an address");
        assert_eq!(bound.local_addr().to_string(), "pipes");
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        Self {
            connect,
            stop,
            served,
        }
    }

    /// The client's end of a new pipe.
    async fn pipe(&self) -> DuplexStream {
        let (near, far) = duplex(64 << 10);
        self.connect.send(far).await.expect("the server runs");
        near
    }
}

/// tonic's client on a connection that is open already.
async fn client_over<I>(io: I) -> Client
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut io = Some(io);
    let connector = service_fn(move |_| {
        let io = io.take().map(TokioIo::new);
        async move { io.ok_or_else(|| io::Error::other("the connection is gone")) }
    });
    let endpoint = Endpoint::from_static("http://in.memory");
    let channel: Channel = endpoint.connect_with_connector(connector).await.expect("HTTP/2");
    Client::over(channel)
}

/// Who the server says that its client is.
async fn peer_of(client: &mut Client) -> String {
    let answer = client.unary(item("", 0)).await.expect("OK").into_inner();
    fields(&answer).0
}

#[tokio::test]
async fn pipe_in_memory_is_served_and_drained() {
    let running = Running::start(who());
    let mut client = client_over(running.pipe().await).await;
    assert_eq!(peer_of(&mut client).await, "pipe");
    let mut down = client.down(item("a", 1)).await.expect("headers").into_inner();
    assert!(down.message().await.expect("OK").is_some());
    drop(running.stop);
    // The call in flight is told, and ends as it likes.
    assert!(down.message().await.expect("OK").is_some());
    assert!(down.message().await.expect("OK").is_none());
    timeout(HANG, running.served)
        .await
        .expect("it drains")
        .expect("no panic")
        .expect("drained");
}

#[tokio::test]
async fn sockets_of_tokio_are_listeners() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let bound = who().build().expect("fits").on(listener).expect("bound");
    let addr = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let peer = peer_of(&mut Client::connect(&addr).await).await;
    assert!(peer.starts_with("127.0.0.1:"), "{peer}");

    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).expect("a free path");
        let bound = who().build().expect("fits").on(listener).expect("bound");
        assert_eq!(*bound.local_addr(), ListenAddr::Unix(path.clone()));
        tokio::spawn(bound.serve());
        let stream = tokio::net::UnixStream::connect(&path).await.expect("it listens");
        assert_eq!(peer_of(&mut client_over(stream).await).await, "unix:");
    }
}

/// A certificate for `localhost`, and what trusts it.
struct Certificate {
    key: CertifiedKey<rcgen::KeyPair>,
}

impl Certificate {
    fn new() -> Self {
        let key = generate_simple_self_signed(["localhost".to_owned()]).expect("sound names");
        Self { key }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let pem = self.key.signing_key.serialize_pem();
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![self.key.cert.der().clone()], key)
            .expect("they belong together");
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    async fn connect<I>(&self, io: I) -> tokio_rustls::client::TlsStream<I>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let mut roots = RootCertStore::empty();
        roots.add(self.key.cert.der().clone()).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, io).await.expect("the handshake succeeds")
    }
}

/// TLS on a TCP socket. Handshakes run on tasks, so that no client keeps others waiting.
struct TlsListener {
    socket: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<io::Result<(tokio_rustls::server::TlsStream<TcpStream>, Peer)>>,
}

impl Listener for TlsListener {
    type Io = tokio_rustls::server::TlsStream<TcpStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Peer)> {
        loop {
            tokio::select! {
                accepted = self.socket.accept() => {
                    let (stream, addr) = accepted?;
                    let handshake = self.acceptor.accept(stream);
                    self.handshakes.spawn(async move {
                        let certificate = CertificateDer::from(b"of the client".to_vec());
                        Ok((handshake.await?, Peer::with_certificates(addr, vec![certificate])))
                    });
                }
                Some(Ok(Ok(connection))) = self.handshakes.join_next() => return Ok(connection),
            }
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        self.socket.local_addr().map(ListenAddr::Tcp)
    }
}

#[tokio::test]
async fn tls_of_ones_own_is_served_with_its_certificates() {
    let certificate = Certificate::new();
    let listener = TlsListener {
        socket: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
        acceptor: certificate.acceptor(),
        handshakes: JoinSet::new(),
    };
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |_request: Message, call: Call| async move {
            let certificates = call.peer().expect("its listener tells it").certificates();
            Ok(dynamic_item(&String::from_utf8_lossy(&certificates[0]), 1))
        },
    );
    let bound = server.build().expect("fits").on(listener).expect("bound");
    let addr = bound.local_addr().to_string();
    tokio::spawn(bound.serve());

    let _silent = TcpStream::connect(&addr).await.expect("it listens");
    let stream = TcpStream::connect(&addr).await.expect("it listens");
    let mut client = client_over(certificate.connect(stream).await).await;
    assert_eq!(peer_of(&mut client).await, "of the client");
}

#[tokio::test]
async fn tls_of_protod_is_spoken_on_the_connections_of_any_listener() {
    let certificate = Certificate::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, certificate.key.cert.pem()).expect("it can be written");
    std::fs::write(&key, certificate.key.signing_key.serialize_pem()).expect("it can be written");
    let tls = Tls::load(TlsFiles::new(cert, key)).expect("sound files");
    let running = Running::start(who().tls(tls));
    let stream = certificate.connect(running.pipe().await).await;
    assert_eq!(peer_of(&mut client_over(stream).await).await, "pipe");
}

#[tokio::test]
async fn limits_of_connections_hold_for_any_listener() {
    let limits = Limits::default()
        .max_connections(1)
        .handshake_timeout(Duration::from_millis(100));
    let running = Running::start(who().limits(limits));
    let mut first = running.pipe().await;
    let mut second = running.pipe().await;
    let mut received = Vec::new();
    let closed = timeout(HANG, second.read_to_end(&mut received)).await;
    closed.expect("one too many is closed").expect("no error");
    let closed = timeout(HANG, first.read_to_end(&mut received)).await;
    closed
        .expect("a client that says nothing is closed")
        .expect("no error");

    let mut flooding = running.pipe().await;
    let pings = frame(PING, 0, 0, b"12345678").repeat(200);
    flooding
        .write_all(&[opening(), pings].concat())
        .await
        .expect("it is read");
    let closed = timeout(HANG, flooding.read_to_end(&mut received)).await;
    closed.expect("a flood is ended").expect("no error");
    let mut told = None;
    while let Some((frame, length)) = Frame::first(&received) {
        received.drain(..length);
        if frame.kind == GOAWAY {
            told = Some(u32::from_be_bytes(
                frame.payload[4..8].try_into().expect("4 bytes"),
            ));
        }
    }
    assert_eq!(told, Some(ENHANCE_YOUR_CALM));
}

/// Takes a connection, and then waits until it may give it.
struct Slow {
    pipes: mpsc::Receiver<DuplexStream>,
    taken: Arc<Notify>,
    may_give: Arc<Notify>,
}

impl Listener for Slow {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        let Some(pipe) = self.pipes.recv().await else {
            return pending().await;
        };
        self.taken.notify_one();
        self.may_give.notified().await;
        Ok((pipe, Peer::new("pipe")))
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Ok(ListenAddr::Other("pipes".to_owned()))
    }
}

#[tokio::test]
async fn end_of_a_connection_does_not_interrupt_the_accepting_of_another() {
    let (connect, pipes) = mpsc::channel(1);
    let (taken, may_give) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let listener = Slow {
        pipes,
        taken: Arc::clone(&taken),
        may_give: Arc::clone(&may_give),
    };
    tokio::spawn(who().build().expect("fits").on(listener).expect("bound").serve());

    let (mut first, far) = duplex(1024);
    connect.send(far).await.expect("the server runs");
    may_give.notify_one();
    taken.notified().await;
    let (second, far) = duplex(64 << 10);
    connect.send(far).await.expect("the server runs");
    taken.notified().await;
    first
        .write_all(b"neither HTTP/2 nor HTTP/1, so it is closed at once")
        .await
        .expect("it is read");
    let closed = timeout(HANG, first.read_to_end(&mut Vec::new())).await;
    closed.expect("it is closed").expect("no error");
    may_give.notify_one();
    let mut client = timeout(HANG, client_over(second)).await.expect("it was not lost");
    assert_eq!(peer_of(&mut client).await, "pipe");
}
