//! Tests of the transport over real sockets, with a service of a few paths.

mod accept;
mod connection;
mod preface;
mod socket;
mod tls;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::Service;

use super::{ConnectionCounts, Limits, ListenAddr, Listener as _, Socket, Tls, serve};
use crate::handler::{Lifecycle, Peer};

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(20);

/// A server of [`paths`] on a port of its own.
struct Running {
    addr: SocketAddr,
    lifecycle: Lifecycle,
    gate: Arc<Notify>,
    serving: JoinHandle<()>,
}

async fn start(limits: Limits, tls: Option<Tls>) -> Running {
    let listener = Socket::bind("127.0.0.1:0").await.unwrap();
    let ListenAddr::Tcp(addr) = listener.local_addr().unwrap() else {
        panic!("bound to TCP")
    };
    let (lifecycle, gate) = (Lifecycle::new(), Arc::new(Notify::new()));
    let new_service = {
        let gate = Arc::clone(&gate);
        move |peer: Peer| paths(peer, Arc::clone(&gate))
    };
    let serving = {
        let lifecycle = lifecycle.clone();
        let counts = ConnectionCounts::default();
        tokio::spawn(async move { serve(listener, tls, limits, lifecycle, &counts, new_service).await })
    };
    Running {
        addr,
        lifecycle,
        gate,
        serving,
    }
}

/// `/peer` tells who asks, `/gate` answers when the gate is opened, `/never` does not, and all else at once.
#[derive(Clone)]
struct Paths {
    peer: Peer,
    gate: Arc<Notify>,
}

fn paths(peer: Peer, gate: Arc<Notify>) -> Paths {
    Paths { peer, gate }
}

impl<B: Send + 'static> Service<Request<B>> for Paths {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { peer, gate } = self.clone();
        Box::pin(async move {
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
        })
    }
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
