//! The connection to a broker.

use std::fmt;
use std::future::Future;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::address::{Address, JetStreamOptions, Login};
use crate::error::Error;
use crate::throttle::Throttle;
use crate::uuid::version_4;

/// How long a question to the broker may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often the broker is asked whether it is there; without three answers it is gone.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// How long until it is tried again to reach a broker, at most.
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// How many copies are kept of each stream on a cluster that is large enough.
const REPLICAS: usize = 3;

/// A broker of NATS, whose JetStream several servers share: what they keep, and what they serve.
///
/// Cheap to clone; the connection ends with the last clone. It is made again whenever it is lost, without end.
#[derive(Clone)]
pub struct JetStream(Arc<Connection>);

struct Connection {
    address: Address,
    replica: String,
    client: Client,
    context: jetstream::Context,
    connected: watch::Receiver<bool>,
    trouble: Arc<Trouble>,
    runtime: Handle,
    /// Ends the thread of the client when it is dropped.
    _running: oneshot::Sender<()>,
}

/// Why the broker could not be used when that was tried last.
#[derive(Debug, Default)]
struct Trouble(Mutex<Option<String>>);

impl JetStream {
    /// Begins to connect, and goes on trying until the broker is there.
    ///
    /// Fails if the address makes no sense, if a file of credentials or certificates cannot be read, and if no thread can be had.
    ///
    /// ```no_run
    /// use protod::{JetStream, JetStreamOptions};
    ///
    /// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222/shop"))?;
    /// assert_eq!(store.namespace(), "shop");
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn open(options: &JetStreamOptions) -> Result<Self, Error> {
        let address = options.address()?;
        let (running, ended) = oneshot::channel::<()>();
        let (send, received) = mpsc::sync_channel(1);
        let (connect, servers) = (connect_options(options, &address)?, address.servers.clone());
        let (told, connected) = watch::channel(false);
        let trouble: Arc<Trouble> = Arc::default();
        let of_client = Arc::clone(&trouble);
        let connect = connect.event_callback(move |event| {
            note(&event, &told, &of_client);
            std::future::ready(())
        });
        thread::Builder::new()
            .name("protod-store".to_owned())
            .spawn(move || {
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(send.send(Err(error.to_string()))),
                };
                runtime.block_on(async {
                    let client = connect.connect(servers).await;
                    let begun = client.map(|client| {
                        let context = ContextBuilder::new().timeout(TIMEOUT).ack_timeout(TIMEOUT);
                        (context.build(client), Handle::current())
                    });
                    drop(send.send(begun.map_err(|error| error.to_string())));
                    // It is never sent, and so this ends when the sender is dropped.
                    let _ = ended.await;
                });
                // A question on its way waits for nobody.
                runtime.shutdown_background();
            })
            .map_err(|error| Error::io("cannot start the thread of the store", error))?;
        let unusable = |why| Error::invalid_input(format!("cannot use the store `{}`", address.shown), why);
        let begun = received.recv().unwrap_or_else(|error| Err(error.to_string()));
        let (context, runtime) = begun.map_err(unusable)?;
        let replica = options.replica.clone();
        Ok(Self(Arc::new(Connection {
            replica: replica.unwrap_or_else(|| version_4(fastrand::u128(..))),
            address,
            client: context.client(),
            context,
            connected,
            trouble,
            runtime,
            _running: running,
        })))
    }

    /// What the names of all that is kept begin with.
    pub fn namespace(&self) -> &str {
        &self.0.address.namespace
    }

    /// The name of this server among those that share.
    pub fn replica(&self) -> &str {
        &self.0.replica
    }

    /// Whether the broker is there, as far as is known.
    pub fn is_connected(&self) -> bool {
        *self.0.connected.borrow()
    }

    /// Whether the broker is there, and when that changes.
    pub(crate) fn connected(&self) -> watch::Receiver<bool> {
        self.0.connected.clone()
    }

    /// Why the broker is not there, if it has said so.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.0.trouble.get()
    }

    /// The streams of the broker. A question takes five seconds at most.
    pub(crate) fn context(&self) -> &jetstream::Context {
        &self.0.context
    }

    /// Messages that no stream keeps.
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    /// The name of a stream or a bucket of ours. Subjects begin with the [namespace](Self::namespace) and a dot.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.namespace())
    }

    /// How many copies of a stream the brokers keep.
    pub(crate) fn replicas(&self) -> usize {
        let wanted = self.0.address.replicas;
        wanted.unwrap_or_else(|| {
            // A server alone tells no addresses, or its own only.
            let brokers = self.0.client.server_info().connect_urls.len();
            if brokers >= REPLICAS { REPLICAS } else { 1 }
        })
    }

    /// Runs a task on the thread of the client, which must not compute for long.
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.0.runtime.spawn(task)
    }
}

impl Trouble {
    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trouble: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl fmt::Display for JetStream {
    /// Where it is: without secrets, with the namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.address.shown)
    }
}

impl fmt::Debug for JetStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JetStream").field(&self.0.address.shown).finish()
    }
}

fn connect_options(options: &JetStreamOptions, address: &Address) -> Result<ConnectOptions, Error> {
    let mut connect = ConnectOptions::new()
        .name("protod")
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|tries| {
            let tries = u32::try_from(tries).unwrap_or(u32::MAX).min(10);
            (Duration::from_millis(10) * 2_u32.pow(tries)).min(LONGEST_RETRY)
        })
        .ping_interval(PING_INTERVAL)
        .connection_timeout(TIMEOUT)
        .request_timeout(Some(TIMEOUT));
    connect = match address.login.clone() {
        Some(Login::User { name, password }) => connect.user_and_password(name, password),
        Some(Login::Token(token)) => connect.token(token),
        None => connect,
    };
    if let Some(file) = &options.credentials {
        let unreadable = |error| Error::io(format!("cannot read the credentials {}", file.display()), error);
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        connect = connect.credentials(&text).map_err(|error| {
            let action = format!("cannot use the credentials {}", file.display());
            Error::invalid_input(action, error.to_string())
        })?;
    }
    if let Some(file) = &options.root_certificates {
        let unreadable = |error| Error::io(format!("cannot read the certificates {}", file.display()), error);
        std::fs::metadata(file).map_err(unreadable)?;
        connect = connect.add_root_certificates(file.clone());
    }
    Ok(connect)
}

/// Notes and logs what happened to the connection.
fn note(event: &Event, connected: &watch::Sender<bool>, trouble: &Trouble) {
    // It is tried again each second.
    static THROTTLE: Throttle = Throttle::of_lines(3, Duration::from_secs(10));
    match event {
        Event::Connected => {
            trouble.set(None);
            connected.send_replace(true);
            tracing::info!(target: "protod::store", "the store is there");
        }
        Event::Disconnected | Event::Closed => {
            if connected.send_replace(false) {
                tracing::warn!(target: "protod::store", "the store is gone: it is tried again until it is there");
            }
        }
        Event::ServerError(error) => {
            trouble.set(Some(error.to_string()));
            if let Some(held_back) = THROTTLE.pass() {
                tracing::warn!(target: "protod::store", %error, held_back, "the store complains");
            }
        }
        Event::ClientError(error) => {
            trouble.set(Some(error.to_string()));
            if let Some(held_back) = THROTTLE.pass() {
                tracing::warn!(target: "protod::store", %error, held_back, "the store cannot be used");
            }
        }
        other => tracing::debug!(target: "protod::store", event = %other, "the connection to the store"),
    }
}
