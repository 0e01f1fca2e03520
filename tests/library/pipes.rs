//! A listener of pipes in memory.

use std::error::Error;
use std::io;

use protod::{Client, ListenAddr, Listener, Peer};
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

/// A client that calls through a pipe of its own.
async fn connect(pipes: &mpsc::Sender<DuplexStream>) -> Result<Client, Box<dyn Error>> {
    let (near, far) = tokio::io::duplex(64 << 10);
    pipes.send(far).await?;
    Ok(Client::builder("pipes").over(near).connect().await?)
}

#[tokio::test]
async fn a_client_calls_through_a_pipe() -> Result<(), Box<dyn Error>> {
    let server = protod::Server::builder(super::schema())
        .unary(
            "till.Till/Pay",
            |payment: protod::Message, call: protod::Call| async move {
                let mut receipt = call.response();
                receipt.set_field_by_name("text", payment.get("customer")?);
                Ok(receipt)
            },
        )
        .build()?;
    let (pipes, ends) = mpsc::channel(1);
    let bound = server.on(Pipes(ends))?;
    assert_eq!(bound.local_addr().to_string(), "pipes");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve_until(async { drop(stopped.await) }));

    let client = connect(&pipes).await?;
    let pay = client.method("till.Till/Pay")?;
    let payment = protod::Message::from_json(pay.input().clone(), r#"{"customer": "Ada"}"#)?;
    let reply = pay.unary(payment.clone()).await?;
    assert_eq!(reply.message.get("text")?.as_str(), Some("Ada"));

    drop(stop);
    serving.await??;
    let status = pay.unary(payment).await.expect_err("the pipe has ended");
    assert_eq!(status.code(), protod::tonic::Code::Unavailable, "{status}");
    Ok(())
}

#[tokio::test]
async fn a_pipe_that_nobody_serves_is_told() {
    let (near, far) = tokio::io::duplex(64);
    drop(far);
    let error = Client::builder("pipes").over(near).connect().await;
    assert!(error.expect_err("nobody is there").is_io());
}
