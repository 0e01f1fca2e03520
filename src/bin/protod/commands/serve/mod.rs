//! `protod serve`: loads, binds, says so, and serves until it is stopped.
//!
//! Everything is loaded before anything is bound, so a server with a mistake in its files never listens. `protod
//! listening on ADDR` is the first line on stderr, or an object with `addr` if the log is JSON; by then signals are handled
//! and clients can connect.

mod announce;
mod background;
pub(crate) mod banner;
mod origin;
mod replica;
mod served_admin;
mod stop;

use std::error::Error as _;
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use clap::{Args, ValueEnum};
use protod::fleet::SummarySender;
use protod::live::Reloader;
use protod::schema::DescriptorEdition;
use protod::{
    Collections, Cors, Error, JetStream, RulesOptions, RulesState, Sampler, Server, ServerBuilder, Socket,
};
use tokio::runtime::Runtime;

use self::announce::Served;
use self::background::{Background, told};
use self::origin::{Origin, Source};
use self::replica::{Beginning, Joining};
use self::stop::Stop;
use crate::allocator::give_back_soon;
use crate::arguments::admin::{AdminArgs, Sharing};
use crate::arguments::count::count;
use crate::arguments::data_dir::DataDirArg;
use crate::arguments::http_rules::{CheckedHttpRules, HttpRulesArg};
use crate::arguments::inputs::Inputs;
use crate::arguments::journal::JournalArgs;
use crate::arguments::limits::LimitArgs;
use crate::arguments::logging::{LogFormat, Logging};
use crate::arguments::store::StoreArgs;
use crate::arguments::time::{OptionalTime, Time};
use crate::arguments::tls::TlsArgs;
use crate::arguments::traces::TraceArgs;
use crate::failure::Failure;
use crate::output::json;

/// Threads for what blocks besides evaluations, such as a load.
const SPARE_THREADS: usize = 4;

/// How often another server is asked for its protos.
const REFRESH: OptionalTime = OptionalTime(Some(Duration::from_secs(30)));

const EXAMPLES: &str = "Examples:
  # The protos and rules below ./proto
  protod serve
  # A folder with imports elsewhere, on all interfaces
  protod serve api -I third_party --addr 0.0.0.0:50051
  # A descriptor set, and only the methods that rules name
  protod serve api.binpb --rules mocks --unmatched unimplemented
  # The services that another server has, answered by rules
  protod serve grpc://localhost:50051 --rules mocks
  # Those of a registry with a root certificate of its own, asked again each minute
  protod serve https://registry.example.com/api.binpb --schema-ca ca.pem --refresh 1m
  # A tree of thousands of protos, of which what was compiled is kept beside the build
  protod serve googleapis --cache-dir target/protod
  # With collections that are there again after a restart
  protod serve api --data-dir data
  # One of several that share a broker of NATS, and serve what `protod publish` publishes
  protod serve --store nats://localhost:4222
  # With a span of each call for a collector
  protod serve api --otlp-endpoint http://localhost:4317
  # For grpcurl 1.9.3, which refuses descriptors of edition 2024
  protod serve api --reflection-edition 2023

A token for grpcs:// and https:// inputs is read from PROTOD_SCHEMA_TOKEN.";

/// Serve protos, answered by rules.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    inputs: Inputs,

    /// The address to listen on: HOST:PORT, :PORT for all addresses of the machine, or unix:/path; port 0 picks a free port
    #[arg(long, env = "PROTOD_ADDR", default_value = "127.0.0.1:9002", value_parser = parse_address)]
    addr: String,

    /// An origin whose web pages may call the server from a browser, as https://app.example.com, or `*` for all, beside those
    /// of this machine; repeatable
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "PROTOD_CORS_ORIGIN",
        value_delimiter = ',',
        value_parser = parse_origin
    )]
    cors_origin: Vec<String>,

    /// How to answer a method that no rule names
    #[arg(long, value_enum, env = "PROTOD_UNMATCHED", default_value_t = Unmatched::Sample)]
    unmatched: Unmatched,

    /// How many messages a server stream of samples sends
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_SAMPLE_STREAM_LENGTH",
        default_value_t = Sampler::DEFAULT_STREAM_LENGTH,
        value_parser = count::<usize>(0, u64::MAX)
    )]
    sample_stream_length: usize,

    /// The seed of samples, `random()`, `uuid()`, `chance` and drawn durations: the same seed gives the same values [default: 0
    /// for samples]
    #[arg(long, value_name = "N", env = "PROTOD_SEED", value_parser = count::<u64>(0, u64::MAX))]
    seed: Option<u64>,

    /// Refuse requests that break the rules which their protos declare with buf.validate, with INVALID_ARGUMENT
    #[arg(long, env = "PROTOD_VALIDATE")]
    validate: bool,

    /// Do not name the rule that answered in the header `protod-rule`
    #[arg(long, env = "PROTOD_NO_RULE_HEADER")]
    no_rule_header: bool,

    /// Do not reload when protos, rules or certificates change, and ask no URL again; SIGHUP still does both
    #[arg(long, env = "PROTOD_NO_WATCH")]
    no_watch: bool,

    /// How long after an answer the inputs that are URLs are asked again, or `none`; SIGHUP also asks them
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_REFRESH",
        default_value_t = REFRESH,
        value_parser = OptionalTime::parse_positive
    )]
    refresh: OptionalTime,

    /// How long calls may go on after a reload replaced what they began with; then they end with UNAVAILABLE
    /// [default: no limit]
    #[arg(long, value_name = "TIME", env = "PROTOD_DRAIN_OLD", value_parser = Time::parse)]
    drain_old: Option<Time>,

    /// Also stop when stdin ends, as it does when the program that started this one ends
    #[arg(long, env = "PROTOD_EXIT_ON_STDIN_EOF")]
    exit_on_stdin_eof: bool,

    /// Do not answer reflection requests
    #[arg(long, env = "PROTOD_NO_REFLECTION")]
    no_reflection: bool,

    /// The newest edition of descriptors that reflection gives, for clients that know no newer one
    #[arg(
        long,
        value_name = "EDITION",
        value_enum,
        default_value_t,
        env = "PROTOD_REFLECTION_EDITION"
    )]
    reflection_edition: ReflectionEdition,

    #[command(flatten)]
    data_dir: DataDirArg,

    #[command(flatten)]
    store: StoreArgs,

    /// By which name the others that share the store know this server [default: one at random]
    #[arg(long, value_name = "NAME", env = "PROTOD_REPLICA_NAME", requires = "store")]
    replica_name: Option<String>,

    #[command(flatten)]
    http_rules: HttpRulesArg,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    admin: AdminArgs,

    #[command(flatten)]
    journal: JournalArgs,

    #[command(flatten)]
    traces: TraceArgs,

    #[command(flatten)]
    logging: Logging,
}

/// The answer of a method that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unmatched {
    /// With a message made up from the descriptor and the request
    Sample,
    /// With UNIMPLEMENTED
    Unimplemented,
}

/// The newest edition of descriptors that clients get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReflectionEdition {
    /// As protoc writes them
    #[default]
    Original,
    /// Those of 2024 for newer ones
    #[value(name = "2024")]
    Edition2024,
    /// Those of 2023 for newer ones; grpcurl 1.9.3 knows no newer ones
    #[value(name = "2023")]
    Edition2023,
    /// Those of proto2 or proto3 for all that have an edition
    Proto,
}

impl From<ReflectionEdition> for DescriptorEdition {
    fn from(edition: ReflectionEdition) -> Self {
        match edition {
            ReflectionEdition::Original => Self::Original,
            ReflectionEdition::Edition2024 => Self::Edition2024,
            ReflectionEdition::Edition2023 => Self::Edition2023,
            ReflectionEdition::Proto => Self::Proto,
        }
    }
}

impl Serve {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        give_back_soon();
        match self.serve() {
            Err(failure) if self.logs_json() => {
                json::report(&failure);
                Ok(ExitCode::FAILURE)
            }
            ended => ended,
        }
    }

    /// Which web pages may call.
    fn cors(&self) -> Result<Cors, Error> {
        self.cors_origin
            .iter()
            .try_fold(Cors::loopback(), |cors, origin| cors.and(origin))
    }

    fn serve(&self) -> Result<ExitCode, Failure> {
        if self.logs_json() {
            // Before anything is loaded: a line of the log is an object like all others. As text, it would come before the
            // line that scripts wait for.
            self.logging.install();
        }
        let stop = Stop::listen(self.exit_on_stdin_eof)
            .map_err(|error| Failure::caused("cannot wait for signals", error))?;
        let traces = self.traces.traces();
        let runtime = runtime_aside();
        let store = self.store.open(self.replica_name.as_deref())?;
        let mut collections = self.data_dir.collections()?;
        if let Some(store) = &store {
            collections = Collections::shared(store, collections);
        }
        let beginning = Beginning::load(self.origin(&collections, store.as_ref())?, store.as_ref())?;
        let waits = beginning.waits();
        let Beginning {
            loader,
            loaded,
            origin,
            generation,
            trouble,
        } = beginning;
        let (schema, rules) = (loaded.schema.clone(), loaded.rules.clone());
        let server = Server::builder(loaded.schema)
            .handlers(loaded.handlers)
            .reflection(!self.no_reflection)
            .reflection_edition(self.reflection_edition.into())
            .cors(self.cors()?)
            .keep_open_calls(self.admin.is_on())
            .validate(self.validate)
            // Nobody could read them without.
            .metrics(self.admin.is_on());
        let files = self.http_rules.files().iter();
        let server = files.fold(server, ServerBuilder::http_rules);
        let server = self.journal.apply(server);
        let server = self.logging.log_calls(server);
        let mut server = self.limits.apply(server);
        if let Some(Time(grace)) = self.drain_old {
            server = server.drain_old(grace);
        }
        if let Some(tracer) = traces.tracer() {
            server = server.traces(tracer);
        }
        let tls = self.tls.load()?;
        if let Some(tls) = &tls {
            server = server.tls(tls.clone());
        }
        let server = server.build()?;
        let http_rules = server.http_rules();
        if !self.logs_json() {
            self.logging.install();
        }
        let runtime = runtime().map_err(|error| Failure::caused("cannot start the runtime", error))?;
        let served = runtime.block_on(async {
            let bound = server.bind(&self.addr).await?;
            let reloader = Reloader::new(server.clone(), loader)
                .watch(!self.no_watch)
                .refresh(self.refresh());
            let reloader = self.admin.keep_rules(reloader)?;
            let summaries = store
                .as_ref()
                .and_then(|store| SummarySender::new(store, &server));
            let sharing = store.as_ref().map(|store| Sharing {
                store,
                summaries: summaries.as_ref().map(SummarySender::counts),
            });
            let admin = self
                .admin
                .listen(&server, reloader.trigger(), tls.as_ref(), sharing)
                .await?;
            let reloader = reloader.started();
            // Before the line that a script waits for: until then the first signal ends the process.
            stop.listens();
            #[cfg(unix)]
            {
                tokio::spawn(reloader.trigger().reload_on_hangup()?);
                if stop.has_hung_up() {
                    // What has changed since the files were read is wanted.
                    reloader.trigger().reload();
                }
            }
            if let Some(tls) = &tls {
                let reloader = reloader.with_tls(tls.clone()).watch(!self.no_watch).started();
                #[cfg(unix)]
                tokio::spawn(reloader.trigger().reload_on_hangup()?);
                tokio::spawn(reloader.run());
            }
            let served = Served {
                schema: &schema,
                rules: &rules,
                http_rules: &http_rules,
                collections: &collections,
                store: store.as_ref(),
                validates: self.validate,
            };
            served.announce(bound.local_addr(), &admin, tls.as_ref(), self.logs_json());
            if let Some(trouble) = trouble {
                let cause = trouble.causes().next();
                tracing::warn!(cause, "what was published is not served yet: {trouble}");
            }
            if waits {
                tracing::warn!(
                    hint = "`protod publish --store …` publishes one, and an INPUT is served until then",
                    "nothing is served until a generation is published"
                );
            }
            let replica = store.as_ref().map(|store| {
                let joining = Joining {
                    store,
                    server: &server,
                    reloads: reloader.trigger(),
                    addr: bound.local_addr(),
                    origin,
                    generation: generation.as_ref(),
                    waits,
                };
                joining.start()
            });
            let summaries =
                summaries.map(|summaries| Background::start(|stopped| summaries.run_until(told(stopped))));
            tokio::spawn(reloader.run());
            let admin = served_admin::start(admin);
            let exporting = traces.export();
            let (first, second) = stop.into_futures();
            let first = async {
                first.await;
                // Before its calls have ended: nobody waits for it any more.
                if let Some(replica) = replica {
                    replica.stop().await;
                }
            };
            let serving = async {
                let served = bound.serve_until(first).await;
                // After the last of its calls.
                if let Some(summaries) = summaries {
                    summaries.stop().await;
                }
                // After the calls of the server, which may be steered to their ends.
                if let Some(admin) = admin {
                    admin.stop().await;
                }
                if let Some((stop, exporting)) = exporting {
                    drop(stop);
                    // It was cut off only with the process.
                    let _ = exporting.await;
                }
                served
            };
            tokio::select! {
                served = serving => served?,
                signal = second => {
                    tracing::warn!("ended by a second signal: open calls are cut off");
                    return Ok(ExitCode::from(signal.exit_code()));
                }
            }
            Ok(ExitCode::SUCCESS)
        });
        // A reload may wait for a file that nobody writes; the process does not.
        runtime.shutdown_background();
        collections.flush();
        served
    }

    fn logs_json(&self) -> bool {
        self.logging.log_format == LogFormat::Json
    }

    /// How often sources other than files are asked again.
    fn refresh(&self) -> Option<Duration> {
        let OptionalTime(interval) = self.refresh;
        interval.filter(|_| !self.no_watch)
    }

    /// Where protos and rules come from. A server with a store may have none until they are published.
    fn origin(&self, collections: &Collections, store: Option<&JetStream>) -> Result<Origin, Failure> {
        let sampler = Sampler::new(self.seed.unwrap_or_default()).stream_length(self.sample_stream_length);
        let state = match store {
            Some(store) => RulesState::shared(store, collections),
            None => RulesState::with_collections(collections),
        };
        let mut options = RulesOptions::default()
            .state(&state)
            .rule_header(!self.no_rule_header)
            .sampler(sampler.clone())
            .validates(self.validate)
            .max_expression_cost(self.limits.max_expression_cost);
        if let Some(seed) = self.seed {
            options = options.seed(seed);
        }
        let from = if store.is_some() && !self.inputs.are_given() {
            Source::Nothing
        } else {
            Source::Inputs(Box::new(self.inputs.builder()?), self.inputs.clone())
        };
        Ok(Origin {
            from,
            http_rules: Arc::new(CheckedHttpRules::new(&self.http_rules)),
            options,
            samples: (self.unmatched == Unmatched::Sample).then_some(sampler),
        })
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    match Cors::none().and(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string)),
    }
}

fn parse_address(text: &str) -> Result<String, String> {
    match Socket::check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string)),
    }
}

/// Starts to make the runtime on a thread of its own; the function that is returned waits for it. A start that reads
/// its inputs meanwhile is over sooner.
fn runtime_aside() -> impl FnOnce() -> io::Result<Runtime> {
    let thread = thread::Builder::new().spawn(runtime);
    move || match thread {
        Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        // There is no thread to be had.
        Err(_) => runtime(),
    }
}

fn runtime() -> io::Result<Runtime> {
    // As many slow evaluations as there are processors run at a time, each of which takes its thread from the other tasks.
    // Without a bound tokio makes dozens of threads for them when processors are short, and each keeps some memory.
    let slow = thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(slow + SPARE_THREADS)
        .enable_all()
        .build()
}
