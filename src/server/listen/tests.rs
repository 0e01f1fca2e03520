use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tower::{Service, service_fn};

use super::{Backoff, Limits, ListenAddr, Listener, Peer, PeerAddr, accept_next, serve};
use crate::handler::{Lifecycle, Phase};
use crate::server::tls::Tls;

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(20);

/// A server of [`paths`] on a port of its own.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) gate: Arc<Notify>,
    pub(crate) serving: JoinHandle<()>,
}

pub(crate) async fn start(limits: Limits, tls: Option<Tls>) -> Running {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let ListenAddr::Tcp(addr) = listener.local_addr().unwrap() else {
        panic!("bound to TCP")
    };
    let (lifecycle, gate) = (Lifecycle::new(), Arc::new(Notify::new()));
    let new_service = {
        let gate = Arc::clone(&gate);
        move |peer: Peer| paths(peer, Arc::clone(&gate))
    };
    let serving = tokio::spawn(serve(listener, tls, limits, lifecycle.clone(), new_service));
    Running {
        addr,
        lifecycle,
        gate,
        serving,
    }
}

/// `/peer` tells who asks, `/gate` answers when the gate is opened, `/never` does not, and all else at once.
fn paths(
    peer: Peer,
    gate: Arc<Notify>,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    service_fn(move |request: Request<Incoming>| {
        let (gate, peer) = (Arc::clone(&gate), peer.clone());
        async move {
            let body = match request.uri().path() {
                "/peer" => format!("{} {}", peer.addr(), peer.certificates().len()),
                "/gate" => {
                    gate.notified().await;
                    "open".to_owned()
                }
                "/never" => pending().await,
                _ => String::new(),
            };
            Ok(Response::new(Full::new(Bytes::from(body))))
        }
    })
}

struct Client {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    async fn connect(addr: SocketAddr) -> Result<Self, h2::Error> {
        Self::over(TcpStream::connect(addr).await.unwrap()).await
    }

    async fn over<I>(io: I) -> Result<Self, h2::Error>
    where
        I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (requests, connection) = h2::client::handshake(io).await?;
        Ok(Self {
            requests,
            connection: tokio::spawn(connection),
        })
    }

    /// Sends a request and gives its response to come.
    async fn send(&mut self, path: &str) -> Result<h2::client::ResponseFuture, h2::Error> {
        let request = Request::get(format!("http://test{path}")).body(()).unwrap();
        self.requests = self.requests.clone().ready().await?;
        Ok(self.requests.send_request(request, true)?.0)
    }

    async fn get(&mut self, path: &str) -> Result<String, h2::Error> {
        text(self.send(path).await?).await
    }
}

async fn text(response: h2::client::ResponseFuture) -> Result<String, h2::Error> {
    let response = response.await?;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(chunk) = body.data().await {
        text.extend_from_slice(&chunk?);
    }
    Ok(String::from_utf8(text).unwrap())
}

/// All that the server sends until it closes.
async fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match timeout(HANG, stream.read_to_end(&mut all))
        .await
        .expect("the server closes")
    {
        Ok(_) => all,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => all,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn peer_is_told() {
    let server = start(Limits::default(), None).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let own = stream.local_addr().unwrap();
    let mut client = Client::over(stream).await.unwrap();
    assert_eq!(client.get("/peer").await.unwrap(), format!("{own} 0"));
}

#[tokio::test]
async fn silent_preface_is_cut() {
    let limits = Limits {
        handshake_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = start(limits, None).await;
    for beginning in [&b""[..], b"PRI * HT"] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, b"");
        assert!(started.elapsed() >= Duration::from_millis(200));
    }
    let mut client = Client::connect(server.addr).await.unwrap();
    client.get("/").await.unwrap();
}

#[tokio::test]
async fn preface_may_come_in_pieces() {
    let server = start(Limits::default(), None).await;
    let (near, far) = tokio::io::duplex(1);
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let relay = tokio::spawn(async move {
        let mut far = far;
        tokio::io::copy_bidirectional(&mut far, &mut stream).await
    });
    let mut client = Client::over(near).await.unwrap();
    assert_eq!(client.get("/").await.unwrap(), "");
    relay.abort();
}

#[tokio::test]
async fn http1_client_is_told() {
    let server = start(Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = String::from_utf8(read_to_close(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\nthis is a gRPC server: it speaks HTTP/2 only"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_neither_http_2_nor_http_1_is_closed_without_a_word() {
    let server = start(Limits::default(), None).await;
    for preface in [
        "INVALID CONNECTION PREFACE\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nxx\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(preface.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(HANG, stream.read_to_end(&mut answer)).await;
        // Not reset: the server has read all that was sent.
        assert_eq!(read.expect("the server closes").unwrap(), 0, "{preface:?}");
    }
}

#[tokio::test]
async fn connection_limit_is_kept() {
    let server = start(
        Limits {
            max_connections: 2,
            ..Limits::default()
        },
        None,
    )
    .await;
    let mut first = Client::connect(server.addr).await.unwrap();
    let mut second = Client::connect(server.addr).await.unwrap();
    first.get("/").await.unwrap();
    second.get("/").await.unwrap();

    let mut third = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(read_to_close(&mut third).await, b"");
    second.get("/").await.unwrap();

    first.connection.abort();
    let again = async {
        loop {
            if let Ok(mut client) = Client::connect(server.addr).await
                && client.get("/").await.is_ok()
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(HANG, again)
        .await
        .expect("the slot of the first is free again");
}

#[tokio::test]
async fn drain_sends_goaway_and_lets_the_stream_finish() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    let response = client.send("/gate").await.unwrap();
    client.get("/").await.unwrap();

    server.lifecycle.advance(Phase::Draining);
    let refused = async {
        loop {
            match client.get("/").await {
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    };
    let refused = timeout(HANG, refused).await.expect("GOAWAY comes");
    assert!(refused.is_go_away() && refused.is_remote(), "{refused:?}");
    assert_eq!(refused.reason(), Some(h2::Reason::NO_ERROR));
    let connecting = TcpStream::connect(server.addr).await;
    assert_eq!(connecting.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert!(!server.serving.is_finished());

    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    timeout(HANG, server.serving)
        .await
        .expect("the last stream is gone")
        .unwrap();
}

#[tokio::test]
async fn connection_in_its_handshake_does_not_hold_up_a_drain() {
    let server = start(Limits::default(), None).await;
    let mut silent = TcpStream::connect(server.addr).await.unwrap();
    // Accepted after `silent`, so that by now `silent` is too.
    Client::connect(server.addr)
        .await
        .unwrap()
        .get("/")
        .await
        .unwrap();
    server.lifecycle.advance(Phase::Draining);
    assert_eq!(read_to_close(&mut silent).await, b"");
    timeout(HANG, server.serving)
        .await
        .expect("nothing is left")
        .unwrap();
}

#[tokio::test]
async fn end_cuts_what_does_not_finish() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    let never = client.send("/never").await.unwrap();
    client.get("/").await.unwrap();
    server.lifecycle.advance(Phase::Draining);
    server.lifecycle.advance(Phase::Ended);
    timeout(HANG, server.serving)
        .await
        .expect("the connection is dropped")
        .unwrap();
    text(never).await.unwrap_err();
}

#[tokio::test]
async fn connections_go_with_their_server() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    client.get("/").await.unwrap();
    server.serving.abort();
    let closed = timeout(HANG, client.connection).await;
    let _ = closed.expect("the connection is dropped");
}

#[tokio::test]
async fn idle_connection_is_closed_and_a_busy_one_is_not() {
    let idle_timeout = Duration::from_millis(500);
    let limits = Limits {
        idle_timeout: Some(idle_timeout),
        ..Limits::default()
    };
    let server = start(limits, None).await;
    let mut busy = Client::connect(server.addr).await.unwrap();
    let response = busy.send("/gate").await.unwrap();
    let mut idle = Client::connect(server.addr).await.unwrap();
    let started = Instant::now();
    idle.get("/").await.unwrap();
    let _ = timeout(HANG, idle.connection)
        .await
        .expect("the idle one is closed");
    assert!(started.elapsed() >= idle_timeout);

    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    let _ = timeout(HANG, busy.connection).await.expect("it is idle now");
}

#[tokio::test]
async fn old_connection_is_told_to_leave_and_cut_after_its_grace() {
    let limits = Limits {
        max_connection_age: Some(Duration::from_millis(500)),
        max_connection_age_grace: Some(Duration::from_millis(500)),
        ..Limits::default()
    };
    let server = start(limits, None).await;
    let started = Instant::now();
    let mut finishing = Client::connect(server.addr).await.unwrap();
    let response = finishing.send("/gate").await.unwrap();
    let mut stuck = Client::connect(server.addr).await.unwrap();
    let never = stuck.send("/never").await.unwrap();
    let refused = loop {
        if let Err(error) = finishing.get("/").await {
            break error;
        }
    };
    assert_eq!(refused.reason(), Some(h2::Reason::NO_ERROR));
    // The age, less a tenth.
    assert!(started.elapsed() >= Duration::from_millis(450));
    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    text(never).await.unwrap_err();
    assert!(started.elapsed() >= Duration::from_millis(950));
}

/// One frame, RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

#[tokio::test]
async fn rapid_reset_is_goaway() {
    let server = start(Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..4001).step_by(2) {
        // POST, http, /, and the authority "t".
        flood.extend(frame(HEADERS, 0x5, stream, &[0x83, 0x86, 0x84, 0x01, 1, b't']));
        flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    // The server may hang up before it has taken all of it.
    let _ = stream.write_all(&flood).await;
    let sent = read_to_close(&mut stream).await;
    let mut rest = sent.as_slice();
    while let [a, b, c, kind, _, _, _, _, _, payload @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if *kind == GOAWAY {
            assert_eq!(payload[4..8], 11_u32.to_be_bytes(), "ENHANCE_YOUR_CALM");
            return;
        }
        rest = &payload[length..];
    }
    panic!("no GOAWAY in {sent:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn unix_socket_is_served_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let address = format!("unix:{}", path.display());
    // A server that was killed leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::bind(&address).await.unwrap();
    assert_eq!(listener.local_addr().unwrap().to_string(), address);
    let error = Listener::bind(&address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));

    let lifecycle = Lifecycle::new();
    let new_service = |peer| paths(peer, Arc::new(Notify::new()));
    let serving = tokio::spawn(serve(
        listener,
        None,
        Limits::default(),
        lifecycle.clone(),
        new_service,
    ));
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
        let error = Listener::bind(&format!("unix:{}", path.display()))
            .await
            .unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        let expected = format!("{} is there and is no socket: ", path.display());
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
    let first = Listener::bind(&address).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = Listener::bind(&address).await.unwrap();
    drop(first);
    tokio::net::UnixStream::connect(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    drop(second);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn address_in_use_names_the_address() {
    let first = Listener::bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap().to_string();
    let error = Listener::bind(&address).await.unwrap_err();
    assert!(error.is_io());
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}

const EMFILE: i32 = 24;

#[tokio::test(start_paused = true)]
async fn emfile_does_not_spin() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        async { Err::<(), _>(io::Error::from_raw_os_error(EMFILE)) }
    };
    let never = timeout(
        Duration::from_secs(10),
        accept_next(accept, &mut Backoff::default()),
    )
    .await;
    assert!(never.is_err());
    // At 0, 50, 150, 350, 750 and 1550 ms, and each second from then on.
    assert_eq!(tries.get(), 14);
}

#[tokio::test(start_paused = true)]
async fn accept_goes_on_after_an_error() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        let error = (tries.get() == 1).then(|| io::Error::from_raw_os_error(EMFILE));
        async { error.map_or(Ok(()), Err) }
    };
    let mut backoff = Backoff::default();
    accept_next(&accept, &mut backoff).await;
    assert_eq!(tries.get(), 2);
    assert_eq!(backoff.next, Backoff::default().next);
}

#[tokio::test(start_paused = true)]
async fn aborted_connection_costs_no_pause() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        let aborted = (tries.get() <= 3).then(|| io::ErrorKind::ConnectionAborted.into());
        async { aborted.map_or(Ok(()), Err) }
    };
    let started = Instant::now();
    accept_next(accept, &mut Backoff::default()).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}
