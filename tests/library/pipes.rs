//! A listener of pipes in memory.

use std::io;

use protod::{ListenAddr, Listener, Peer};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Connections in memory, for tests without a port.
struct Pipes(mpsc::Receiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        match self.0.recv().await {
            Some(pipe) => Ok((pipe, Peer::new("pipe"))),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Ok(ListenAddr::Other("pipes".to_owned()))
    }
}

#[tokio::test]
async fn a_client_calls_through_a_pipe() {
    let server = protod::Server::builder(super::schema()).build().expect("it fits");
    let (connect, pipes) = mpsc::channel(1);
    tokio::spawn(server.on(Pipes(pipes)).expect("it has an address").serve());
    let (near, far) = tokio::io::duplex(64 << 10);
    connect.send(far).await.expect("the server runs");
    let mut near = Some(near);
    let connector = tower::service_fn(move |_| {
        let pipe = near.take().map(hyper_util::rt::TokioIo::new);
        async move { pipe.ok_or_else(|| io::Error::other("the pipe is used")) }
    });
    let endpoint = tonic::transport::Endpoint::from_static("http://pipe");
    let channel = endpoint.connect_with_connector(connector).await.expect("HTTP/2");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let check = tonic_health::pb::HealthCheckRequest::default();
    health.check(check).await.expect("OK");
}
