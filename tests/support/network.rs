//! A network between brokers and servers that can be cut: what is sent over the cut waits, and nobody is told.

use std::collections::HashSet;
use std::net::TcpListener;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Wires on one machine. They end when it is dropped.
pub(crate) struct Network {
    runtime: Option<Runtime>,
    /// Who is on the other side of the cut.
    apart: watch::Sender<HashSet<String>>,
}

/// Both ends of a wire.
#[derive(Clone)]
struct Wire {
    from: String,
    to: String,
    apart: watch::Receiver<HashSet<String>>,
}

impl Network {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            runtime: Some(runtime.expect("a thread")),
            apart: watch::Sender::default(),
        }
    }

    /// A port where `from` reaches the port of `to`.
    pub(crate) fn wire(&self, from: &str, to: &str, port: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("it is a socket");
        let wire = Wire {
            from: from.to_owned(),
            to: to.to_owned(),
            apart: self.apart.subscribe(),
        };
        self.runtime.as_ref().expect("it runs").spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is a listener");
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(wire.clone().carry(socket, port));
            }
        });
        own
    }

    /// Cuts these off from all others, and not from each other.
    pub(crate) fn cut_off(&self, apart: &[&str]) {
        self.apart
            .send_replace(apart.iter().map(ToString::to_string).collect());
    }

    /// Lets all reach each other again.
    pub(crate) fn heal(&self) {
        self.cut_off(&[]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Wire {
    /// Waits until its ends reach each other.
    async fn whole(&mut self) {
        let (from, to) = (&self.from, &self.to);
        let whole = |apart: &HashSet<String>| apart.contains(from) == apart.contains(to);
        // The sender is gone when the network ends.
        let _ = self.apart.wait_for(whole).await;
    }

    async fn carry(mut self, near: TcpStream, port: u16) {
        self.whole().await;
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else {
            return;
        };
        let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
        tokio::join!(
            self.clone().pump(near_read, far_write),
            self.pump(far_read, near_write)
        );
    }

    /// Carries bytes in one direction, and then the end.
    async fn pump(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            self.whole().await;
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
        self.whole().await;
        let _ = to.shutdown().await;
    }
}
