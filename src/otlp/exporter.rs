//! [`Exporter`]: sends the spans of a tracer, a batch at a time, and tries again while the collector cannot be reached.
//!
//! A collector that is down or hangs holds up nothing but spans: those that find no room while they wait are dropped and counted.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::request::request;
use crate::client::{Client, ClientBuilder, ClientMethod, ClientTls};
use crate::error::Error;
use crate::message::{Message, Typed};
use crate::schema::Schema;
use crate::throttle::Throttle;
use crate::trace::{Span, Tracer};

const EXPORT: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// How long the first span of a batch waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// How long the collector may take to connect, and to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How long to wait before a batch is sent again; twice as long each time, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often a batch is sent, which is for about a minute.
const ATTEMPTS: u32 = 14;

/// How long spans may still be sent when the exporter stops.
const FLUSH: Duration = Duration::from_secs(5);

/// The protos of the service, each by its name.
macro_rules! protos {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("proto/", $name)))),*]
    };
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let protos = protos![
        "opentelemetry/proto/collector/trace/v1/trace_service.proto",
        "opentelemetry/proto/common/v1/common.proto",
        "opentelemetry/proto/resource/v1/resource.proto",
        "opentelemetry/proto/trace/v1/trace.proto"
    ];
    let builder = Schema::builder();
    let builder = protos
        .iter()
        .fold(builder, |all, (name, text)| all.source(*name, *text));
    builder.build().expect("they compile")
});

/// Sends the spans of a [`Tracer`] to a collector, by OTLP over gRPC.
///
/// ```no_run
/// use protod::otlp::Exporter;
/// use protod::trace::Tracer;
///
/// # async fn run(tracer: Tracer) {
/// let exporter = Exporter::new(&tracer, "http://localhost:4317").attribute("deployment.environment.name", "test");
/// tokio::spawn(exporter.run());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an exporter sends nothing until it runs"]
pub struct Exporter {
    tracer: Tracer,
    endpoint: String,
    tls: Option<ClientTls>,
    metadata: MetadataMap,
    /// The attributes of what makes the spans.
    resource: Vec<(String, String)>,
}

impl Exporter {
    /// Whether an endpoint can be one. Fails if it is no URL or address without a path.
    pub fn check(endpoint: &str) -> Result<(), Error> {
        ClientBuilder::check(endpoint)
    }

    /// Sends to `endpoint`, a URL such as `http://localhost:4317`; `https` means TLS.
    pub fn new(tracer: &Tracer, endpoint: impl Into<String>) -> Self {
        let endpoint = endpoint.into();
        let exporter = Self {
            tracer: tracer.clone(),
            // Collectors are often named with the slash.
            endpoint: endpoint.strip_suffix('/').unwrap_or(&endpoint).to_owned(),
            tls: None,
            metadata: MetadataMap::new(),
            resource: Vec::new(),
        };
        exporter
            .attribute("service.name", "protod")
            .attribute("service.version", env!("CARGO_PKG_VERSION"))
            .attribute("telemetry.sdk.name", "protod")
            .attribute("telemetry.sdk.language", "rust")
            .attribute("telemetry.sdk.version", env!("CARGO_PKG_VERSION"))
    }

    /// The name of the service whose spans they are. Default: `protod`.
    pub fn service_name(self, name: impl Into<String>) -> Self {
        self.attribute("service.name", name)
    }

    /// An attribute of the service whose spans they are, such as `deployment.environment.name`. May be called more than
    /// once; the last value of a key counts.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let key = key.into();
        self.resource.retain(|(known, _)| *known != key);
        self.resource.push((key, value.into()));
        self
    }

    /// What each request carries, such as a token. Default: nothing.
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// How TLS is spoken. Default: as for an `https` URL with a certificate that the system trusts.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sends forever.
    pub async fn run(self) {
        self.run_until(pending()).await;
    }

    /// Sends until `stop` resolves, and then what is left, for five seconds at most.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let tracer = self.tracer.clone();
        let (told, stopping) = watch::channel(false);
        let mut sending = pin!(Sending::new(self, stopping).run());
        tokio::select! {
            () = &mut sending => return,
            () = stop => {}
        }
        told.send_replace(true);
        if timeout(FLUSH, sending).await.is_err() {
            let left = tracer.stats().queued;
            tracing::warn!(
                left,
                "the collector of spans took too long: what is left is not sent"
            );
        }
    }
}

/// An exporter that runs.
struct Sending {
    exporter: Exporter,
    /// Whether it is to end when nothing is left.
    stopping: watch::Receiver<bool>,
    /// `None` until the collector was reached.
    export: Option<ClientMethod>,
    /// Whoever runs the server is told of a collector that is down, but not for each batch.
    failures: Throttle,
}

/// Why spans were not taken.
enum Failure {
    /// It was not reached.
    Unreached(Error),
    Status(Status),
}

impl Sending {
    fn new(exporter: Exporter, stopping: watch::Receiver<bool>) -> Self {
        Self {
            exporter,
            stopping,
            export: None,
            failures: Throttle::new(Duration::from_mins(1)),
        }
    }

    async fn run(mut self) {
        loop {
            let tracer = &self.exporter.tracer;
            let batch = tokio::select! {
                batch = tracer.batch(DELAY) => batch,
                () = stopped(&mut self.stopping) => tracer.take(),
            };
            if !batch.is_empty() {
                self.deliver(&batch).await;
            } else if *self.stopping.borrow() {
                return;
            }
        }
    }

    /// Sends a batch until it is taken, refused, or was sent often enough.
    async fn deliver(&mut self, batch: &[Span]) {
        let count = batch.len() as u64;
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let failure = match self.send(batch).await {
                Ok(rejected) => {
                    self.exporter
                        .tracer
                        .told(count - rejected.min(count), rejected.min(count));
                    return;
                }
                Err(failure) => failure,
            };
            self.log(&failure);
            if attempt == ATTEMPTS || !failure.may_pass() || *self.stopping.borrow() {
                break;
            }
            // An exporter that stops tries once more at once.
            let _ = timeout(pause, stopped(&mut self.stopping)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.exporter.tracer.told(0, count);
    }

    /// Sends a batch, and returns how many of its spans were refused.
    async fn send(&mut self, batch: &[Span]) -> Result<u64, Failure> {
        let export = match self.export.take() {
            Some(export) => export,
            None => self.connect().await.map_err(Failure::Unreached)?,
        };
        let request = request(&self.exporter.resource, batch);
        let reply = export.unary(Typed(request)).await;
        self.export = Some(export);
        let (rejected, why) = rejected(&reply.map_err(Failure::Status)?.message);
        if rejected > 0
            && let Some(held_back) = self.failures.pass()
        {
            tracing::warn!(
                rejected,
                held_back = (held_back > 0).then_some(held_back),
                "{} refuses spans: {why}",
                self.exporter.endpoint,
            );
        }
        Ok(rejected)
    }

    async fn connect(&self) -> Result<ClientMethod, Error> {
        let exporter = &self.exporter;
        let mut client = Client::builder(&exporter.endpoint)
            .schema(SCHEMA.clone())
            .metadata(exporter.metadata.clone())
            .connect_timeout(ANSWER);
        if let Some(tls) = &exporter.tls {
            client = client.tls(tls.clone());
        }
        Ok(client.connect().await?.method(EXPORT)?.deadline(ANSWER))
    }

    fn log(&self, failure: &Failure) {
        let Some(held_back) = self.failures.pass() else {
            return;
        };
        let why = match failure {
            Failure::Unreached(error) => match std::error::Error::source(error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
            Failure::Status(status) => status.message().to_owned(),
        };
        tracing::warn!(
            held_back = (held_back > 0).then_some(held_back),
            "spans cannot be sent to {}: {why}",
            self.exporter.endpoint,
        );
    }
}

impl Failure {
    /// Whether the same may be taken later, as the protocol says.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreached(error) => error.is_io(),
            Self::Status(status) => matches!(
                status.code(),
                Code::Cancelled
                    | Code::DeadlineExceeded
                    | Code::ResourceExhausted
                    | Code::Aborted
                    | Code::OutOfRange
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }
}

/// How many spans a response says were refused, and why.
fn rejected(response: &Message) -> (u64, String) {
    let Ok(response) = response.to_dynamic() else {
        return (0, String::new());
    };
    let partial = response.get_field_by_name("partial_success");
    let field = |name: &str| partial.as_ref()?.as_message()?.get_field_by_name(name);
    let count = field("rejected_spans").and_then(|count| count.as_i64());
    let why = field("error_message").and_then(|why| why.as_str().map(str::to_owned));
    let count = count.and_then(|count| u64::try_from(count).ok());
    (count.unwrap_or_default(), why.unwrap_or_default())
}

/// Resolves when the exporter is to end. One whose owner is gone never is.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_err() {
        pending::<()>().await;
    }
}
