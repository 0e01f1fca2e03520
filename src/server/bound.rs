//! A server with its socket: serving, and draining when it stops.
//!
//! A drain has two steps: at first no new calls are taken and those in flight may finish; after the drain timeout those
//! that are left are ended.

use std::future::Future;
use std::pin::pin;

use super::dispatch::GrpcService;
use super::handle::Server;
use crate::error::Error;
use crate::handler::Phase;
use crate::transport::{ListenAddr, Listener, serve};

impl Server {
    /// Binds `host:port`, where port 0 takes a free one, or `unix:/path`.
    pub async fn bind(&self, address: &str) -> Result<Bound, Error> {
        self.on(Listener::bind(address).await?)
    }

    /// Serves on a listener that is bound already.
    pub fn on(&self, listener: Listener) -> Result<Bound, Error> {
        Ok(Bound {
            local_addr: listener.local_addr()?,
            listener,
            server: self.clone(),
        })
    }
}

/// A server with its socket. Clients can connect, and are answered once it serves.
#[derive(Debug)]
#[must_use = "a bound server answers nobody until it serves"]
pub struct Bound {
    server: Server,
    listener: Listener,
    local_addr: ListenAddr,
}

impl Bound {
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
        let Server { shared, options } = self.server;
        let lifecycle = shared.lifecycle.clone();
        let service = GrpcService::new(shared);
        let new_service = move |peer| service.of_peer(peer);
        let serving = serve(
            self.listener,
            options.tls.clone(),
            options.limits.clone(),
            lifecycle.clone(),
            new_service,
        );
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
