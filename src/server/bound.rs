//! A server with its listener: serving, and draining when it stops.
//!
//! A drain has two steps: at first no new calls are taken and those in flight may finish; after the drain timeout those
//! that are left are ended.

use std::future::Future;
use std::pin::pin;

use super::handle::Server;
use crate::error::Error;
use crate::handler::Phase;
use crate::transport::{ListenAddr, Listener, Socket, serve};

impl Server {
    /// Binds `host:port`, where port 0 takes a free one, or `unix:/path`.
    pub async fn bind(&self, address: &str) -> Result<Bound, Error> {
        self.on(Socket::bind(address).await?)
    }

    /// Serves on a listener that is bound already: a [`Socket`], a `TcpListener` or `UnixListener` of tokio, or a
    /// [`Listener`] of your own. TLS and all limits apply to the connections of any of them.
    ///
    /// ```no_run
    /// # async fn run(server: protod::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:9002").await?;
    /// server.on(listener)?.serve().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fails if the listener does not know its address.
    pub fn on<L: Listener>(&self, listener: L) -> Result<Bound<L>, Error> {
        let local_addr = listener
            .local_addr()
            .map_err(|source| Error::io("cannot read the address of the listener", source))?;
        Ok(Bound {
            local_addr,
            listener,
            server: self.clone(),
        })
    }
}

/// A server with its listener. Clients can connect, and are answered once it serves.
#[derive(Debug)]
#[must_use = "a bound server answers nobody until it serves"]
pub struct Bound<L = Socket> {
    server: Server,
    listener: L,
    local_addr: ListenAddr,
}

impl<L: Listener> Bound<L> {
    /// The address at which clients reach the server, with the actual port.
    pub fn local_addr(&self) -> &ListenAddr {
        &self.local_addr
    }

    /// Serves forever.
    pub async fn serve(self) -> Result<(), Error> {
        self.serve_until(std::future::pending()).await
    }

    /// Serves until `stop` resolves, then drains: the listener closes, health reports NOT_SERVING, open calls may finish
    /// within the [drain timeout](super::ServerBuilder::drain_timeout), and the rest end with `UNAVAILABLE`.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let service = self.server.service();
        let Server { shared, options, .. } = self.server;
        let sessions = shared.sessions.clone();
        let lifecycle = shared.lifecycle.clone();
        let new_service = move |peer| service.of_peer(peer);
        let serving = serve(
            self.listener,
            options.tls.clone(),
            options.limits.clone(),
            lifecycle.clone(),
            &shared.connections,
            new_service,
        );
        let serving = async {
            tokio::select! {
                () = serving => {}
                () = sessions.end_idle() => {}
            }
        };
        let mut serving = pin!(serving);
        tokio::select! {
            () = &mut serving => return Ok(()),
            () = stop => {}
        }
        tracing::info!("draining: open calls have {:?} to finish", options.drain_timeout);
        options.health.shutdown();
        lifecycle.advance(Phase::Draining);
        if tokio::time::timeout(options.drain_timeout, &mut serving)
            .await
            .is_err()
        {
            tracing::warn!("the drain timeout has passed: the calls that are still open end now");
            lifecycle.advance(Phase::Ended);
            serving.await;
        }
        tracing::info!("drained");
        Ok(())
    }
}
