//! [`TestServer`]: a server on a thread of its own.
//!
//! A server has a thread and a runtime of its own, so it serves tests with and without a runtime, and one that several tests
//! share does not end with the runtime of the first.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::printed::print;
use crate::client::Client;
use crate::error::Error;
use crate::journal::{JournalOptions, RecordedCall};
#[cfg(feature = "live")]
use crate::live::{ReloadTrigger, Reloader};
use crate::rules::Rules;
use crate::schema::Schema;
use crate::server::Server;
use crate::verify::Verify;

/// A server for a test, on a free port of 127.0.0.1. It stops when it is dropped; if that is because the test panics, the calls
/// that have come are printed, as `println!` prints. Tests that share one have a [session](Self::session) each.
///
/// ```
/// use protod::testing::TestServer;
/// use protod::{Message, Verify};
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::load("proto")?;
///
/// // Replace this by the code that you test: it calls `server.address()`.
/// let client = server.client().await?;
/// let search = client.method("proto.SearchService/Search")?;
/// let request = Message::from_json(search.input().clone(), r#"{"request": "gRPC"}"#)?;
/// search.unary(request).await?;
///
/// let searches = Verify::method("proto.SearchService/Search").where_("request.request == 'gRPC'");
/// server.verify(searches.exactly(1)).await;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new()?.block_on(test())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TestServer {
    server: Server,
    address: String,
    #[cfg(feature = "live")]
    pub(super) puts: ReloadTrigger,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Serves the protos in a folder, by the rules beside them.
    ///
    /// Fails like [`Schema::load`] and [`Rules::beside`], and if there is no free port.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let schema = Schema::load(folder)?;
        let rules = Rules::beside(&schema)?;
        Self::serve(schema, &rules)
    }

    /// Serves protos by these rules.
    ///
    /// Fails like [`ServerBuilder::build`](crate::ServerBuilder::build), and if there is no free port.
    pub fn serve(schema: Schema, rules: &Rules) -> Result<Self, Error> {
        let server = Server::builder(schema).handlers(rules);
        Self::start(server.journal(JournalOptions::default()).build()?)
    }

    /// Serves a server that was built already, with its handlers, limits and layers. Without a
    /// [journal](crate::ServerBuilder::journal) nothing can be verified.
    ///
    /// Fails if there is no free port.
    pub fn start(server: Server) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::io("cannot start a runtime", source))?;
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        #[cfg(feature = "live")]
        let puts = {
            let reloader = Reloader::of_puts(server.clone());
            let puts = reloader.trigger();
            runtime.spawn(reloader.run());
            puts
        };
        let of_thread = server.clone();
        let thread = thread::Builder::new().name("test server".to_owned());
        let thread = thread.spawn(move || run(&runtime, &of_thread, &tell, stopped));
        let thread = thread.map_err(|source| Error::io("cannot start a thread", source))?;
        let address = told
            .recv()
            .map_err(|error| Error::io("the test server ended at once", std::io::Error::other(error)))??;
        Ok(Self {
            server,
            address,
            #[cfg(feature = "live")]
            puts,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens, as `127.0.0.1:41371`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A client of it.
    ///
    /// Fails like [`Client::connect`].
    pub async fn client(&self) -> Result<Client, Error> {
        let client = Client::builder(self.address()).schema(self.server.schema());
        client.connect().await
    }

    /// Waits until calls have come, as [`Server::verify`] does.
    ///
    /// # Panics
    ///
    /// If other calls came: with the nearest, and what is different about them.
    pub async fn verify(&self, verify: Verify) {
        if let Err(error) = self.server.verify(verify).await {
            panic!("{error}");
        }
    }

    /// The calls that have ended and are kept, those that ended first before the others.
    pub fn calls(&self) -> Vec<RecordedCall> {
        let journal = self.server.journal();
        journal.map(|journal| journal.calls()).unwrap_or_default()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if thread::panicking() {
            print("the test server", &self.calls());
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it has panicked, it has said so.
            let _ = thread.join();
        }
    }
}

/// Serves until `stopped` is told or dropped. Calls that are open then are cut off.
fn run(
    runtime: &Runtime,
    server: &Server,
    tell: &mpsc::Sender<Result<String, Error>>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let bound = match server.bind(&format!("{}:0", Ipv4Addr::LOCALHOST)).await {
            Ok(bound) => bound,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let _ = tell.send(Ok(bound.local_addr().to_string()));
        tokio::select! {
            served = bound.serve() => {
                if let Err(error) = served {
                    tracing::error!("the test server ended: {error}");
                }
            }
            _ = stopped => {}
        }
    });
}
