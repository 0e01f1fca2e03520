//! [`Admin`]: the admin service of a server, and where it listens.
//!
//! It is a server of its own, so what comes to it takes nothing of the limits of the other. An address that other machines
//! reach has to have TLS and a token.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::console::console;
use super::counter::Counter;
use super::guard::{Guard, GuardLayer};
use super::invocations::Invocations;
use super::mcp;
use super::metrics::metrics_page;
use super::pages::Pages;
use super::probes::probes;
use super::service::{SERVICE_PROTO, handlers};
use super::steered::Steered;
use super::token::Token;
use crate::error::Error;
#[cfg(feature = "nats")]
use crate::fleet::Fleet;
use crate::live::ReloadTrigger;
use crate::schema::Schema;
use crate::server::{Cors, Server};
use crate::transport::{ListenAddr, Listener as _, Socket, Tls};

/// How long calls of the admin service may go on when it stops. Those who watch end at once.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The admin service of a server.
///
/// ```no_run
/// use protod::Server;
/// use protod::admin::Admin;
///
/// # async fn run(server: Server) -> Result<(), protod::Error> {
/// let admin = Admin::new(&server).token("sesame").listen("127.0.0.1:9003").await?;
/// println!("admin on {}", admin.local_addr());
/// tokio::spawn(admin.serve());
/// server.bind("127.0.0.1:9002").await?.serve().await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an admin service does nothing until it listens"]
pub struct Admin {
    server: Server,
    reloads: Option<ReloadTrigger>,
    #[cfg(feature = "nats")]
    fleet: Option<Fleet>,
    token: Option<String>,
    hosts: Vec<String>,
    tls: Option<Tls>,
    counters: Vec<Counter>,
}

impl Admin {
    /// The admin service of this server.
    pub fn new(server: &Server) -> Self {
        Self {
            server: server.clone(),
            reloads: None,
            #[cfg(feature = "nats")]
            fleet: None,
            token: None,
            hosts: Vec::new(),
            tls: None,
            counters: Vec::new(),
        }
    }

    /// What makes the server's reloads: that of its [`Reloader`](crate::live::Reloader). Default: none, and `Reload` and
    /// `PutRules` are `FAILED_PRECONDITION`.
    pub fn reloads(mut self, trigger: ReloadTrigger) -> Self {
        self.reloads = Some(trigger);
        self
    }

    /// The servers that this one is one of, for `ListReplicas`. Default: none, and that is `FAILED_PRECONDITION`.
    #[cfg(feature = "nats")]
    pub fn fleet(mut self, fleet: Fleet) -> Self {
        self.fleet = Some(fleet);
        self
    }

    /// A secret that each request has to bring, as `authorization: Bearer TOKEN`. Default: none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// A name by which clients reach it, without a port, besides `localhost` and addresses, of which all are taken. Requests
    /// for other hosts are refused, because a web page can make a name of its own point anywhere. May be called more than
    /// once. Default: none.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Adds a counter to `/metrics`, a number that goes up only. `name` is one of OpenTelemetry's kind, as `shop.orders`, of
    /// which the text makes `shop_orders_total`. May be called more than once. Default: none beside the server's own.
    pub fn counter(
        mut self,
        name: impl Into<String>,
        help: impl Into<String>,
        value: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        self.counters.push(Counter {
            name: name.into(),
            help: help.into(),
            value: Box::new(value),
        });
        self
    }

    /// Serves TLS. Default: no TLS.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Binds an address, as [`Socket::bind`] does.
    ///
    /// Fails with an error that [is of input or output](Error::is_io) if that is not possible, for instance because the port
    /// is taken; and with one that [is not](Error::is_invalid_input) if other machines can reach the address and there is no
    /// TLS or no token, or if the token cannot be sent in a header.
    pub async fn listen(self, address: &str) -> Result<AdminListener, Error> {
        let token = self.token.as_deref().map(Token::new).transpose()?;
        let socket = Socket::bind(address).await?;
        let local_addr = socket
            .local_addr()
            .map_err(|source| Error::io("cannot read the address of the listener", source))?;
        if !local_addr.is_local() && (self.tls.is_none() || token.is_none()) {
            let missing = match (&self.tls, &token) {
                (None, None) => "TLS and a token",
                (None, Some(_)) => "TLS",
                (Some(_), _) => "a token",
            };
            return Err(Error::invalid_input(
                format!("the admin service cannot listen on {address}"),
                format!("other machines reach it there, so it needs {missing}"),
            ));
        }
        let steered = Arc::new(Steered {
            server: self.server,
            reloads: self.reloads,
            #[cfg(feature = "nats")]
            fleet: self.fleet,
            started: SystemTime::now(),
            counters: self.counters,
            invocations: Invocations::default(),
        });
        let pages = probes().into_iter().chain([metrics_page()]).chain(console());
        let pages = Pages::new(pages, Arc::clone(&steered));
        let guard = Guard {
            hosts: self.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            scheme: if self.tls.is_some() { "https" } else { "http" },
            token,
            without_token: pages.without_token().collect(),
        };
        Ok(AdminListener {
            socket,
            local_addr,
            guard,
            pages,
            tls: self.tls,
            steered,
        })
    }
}

/// An [`Admin`] with its socket. Clients can connect, and are answered once it serves.
#[derive(Debug)]
#[must_use = "an admin service answers nobody until it serves"]
pub struct AdminListener {
    socket: Socket,
    local_addr: ListenAddr,
    guard: Guard,
    pages: Pages,
    tls: Option<Tls>,
    steered: Arc<Steered>,
}

impl AdminListener {
    /// The address at which clients reach it, with the actual port.
    pub fn local_addr(&self) -> &ListenAddr {
        &self.local_addr
    }

    /// Whether it speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves forever.
    pub async fn serve(self) -> Result<(), Error> {
        self.serve_until(pending()).await
    }

    /// Serves until `stop` resolves; then as [`Bound::serve_until`](crate::Bound::serve_until).
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            socket,
            guard,
            pages,
            tls,
            steered,
            ..
        } = self;
        // Its proto is compiled, which takes a while.
        let built = tokio::task::spawn_blocking(move || build(guard, pages, tls, steered)).await;
        let server = built.map_err(|error| Error::io("the admin service", error.into()))??;
        server.on(socket)?.serve_until(stop).await
    }
}

fn build(guard: Guard, mut pages: Pages, tls: Option<Tls>, steered: Arc<Steered>) -> Result<Server, Error> {
    let schema = Schema::from_source("protod/admin/v1/admin.proto", SERVICE_PROTO)?;
    pages.add(mcp::page(schema.clone()));
    let guard = GuardLayer {
        guard: Arc::new(guard),
        pages: Arc::new(pages),
    };
    let server = Server::builder(schema)
        .handlers(handlers(steered))
        // What is left then waits for what may not come any more.
        .drain_timeout(DRAIN_TIMEOUT)
        // The guard says which pages may call.
        .cors(Cors::none())
        // Sessions are of the server that is steered: what a client of its own passes on means nothing here.
        .max_sessions(0)
        .layer(guard);
    #[cfg(feature = "tls")]
    let server = match tls {
        Some(tls) => server.tls(tls),
        None => server,
    };
    #[cfg(not(feature = "tls"))]
    let _ = tls;
    server.build()
}
