//! `protod bench`: many calls of one method, and how long they took.
//!
//! The load is a closed loop: a fixed number of calls is in flight, and the next begins when one ends. Everything that
//! can be done once is done before: the requests are encoded, the method is looked up, the connections are up and warm.
//! The report includes the CPU that the client itself used, because on one machine the two share the CPU.

mod cpu;
mod load;
mod report;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use prost_reflect::DynamicMessage;
use protod::client::ClientMethod;
use protod::{Client, Message, Method};

use self::load::{Load, Until};
use self::report::Report;
use crate::arguments::call::CallArguments;
use crate::arguments::count::count;
use crate::arguments::time::Time;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = r#"Examples:
  protod bench localhost:9002 proto.SearchService/Search -d '{"request": "gRPC"}'
  protod bench localhost:9002 proto.SearchService/Search -n 100000 -c 128 --json"#;

/// Call a method many times and report rates and latencies.
///
/// A fixed number of calls is in flight: the next begins when one ends. It runs for ten seconds, or until --calls or
/// --duration is reached. For a method that takes one message, each call sends the next message of the data; a stream
/// sends them all. Exits with 1 if a call failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bench {
    #[command(flatten)]
    arguments: CallArguments,

    /// Calls in flight at the same time
    #[arg(
        short,
        long,
        value_name = "N",
        env = "PROTOD_CONCURRENCY",
        default_value_t = 64,
        value_parser = count::<usize>(1, MOST_IN_FLIGHT)
    )]
    concurrency: usize,

    /// Connections to spread the calls over, at most one for each call in flight; HTTP/1.1 has one for each in any case
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_CONNECTIONS",
        default_value_t = 4,
        value_parser = count::<usize>(1, MOST_IN_FLIGHT)
    )]
    connections: usize,

    /// How many calls to make
    #[arg(short = 'n', long, value_name = "N", env = "PROTOD_CALLS", value_parser = count::<u64>(1, u64::MAX))]
    calls: Option<u64>,

    /// How long to make calls; those in flight at the end are aborted and not counted
    #[arg(long, value_name = "TIME", env = "PROTOD_DURATION", value_parser = Time::parse_positive)]
    duration: Option<Time>,

    /// How long to make calls before that without counting them
    #[arg(long, value_name = "TIME", env = "PROTOD_WARM_UP", default_value = "1s", value_parser = Time::parse)]
    warm_up: Time,

    /// Print the report as JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,
}

/// The most calls in flight, each of which takes memory.
const MOST_IN_FLIGHT: u64 = 1_000_000;

/// How long it runs by default.
const DURATION: Duration = Duration::from_secs(10);

impl Bench {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::caused("cannot start the runtime", error))?;
        let report = runtime.block_on(self.measure())?;
        stdout::print(&if self.json { report.json() } else { report.text() })?;
        Ok(if report.all_succeeded() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn measure(&self) -> Result<Report, Failure> {
        let methods = self.connect().await?;
        let connections = methods.len();
        let method = Arc::clone(methods[0].method());
        let requests = self.requests(&method)?;
        let load = Load::new(methods, requests, self.concurrency);
        load.warm_up(self.warm_up.0).await;
        let duration = match (self.calls, self.duration) {
            (None, None) => Some(DURATION),
            (_, duration) => duration.map(|Time(time)| time),
        };
        let calls = self.calls;
        Ok(Report {
            address: self.arguments.address.clone(),
            method: self.arguments.method.clone(),
            concurrency: self.concurrency,
            connections,
            streaming: method.is_client_streaming() || method.is_server_streaming(),
            measured: load.measure(Until { calls, duration }).await,
        })
    }

    /// The method, once for each connection.
    async fn connect(&self) -> Result<Vec<ClientMethod>, Failure> {
        // The deadline is for each call: what comes before the calls has the times of a client without one.
        let first = self.arguments.client()?.connect().await?;
        let mut methods = vec![self.prepared(&first)?];
        for _ in 1..self.connections.min(self.concurrency) {
            let client = self.arguments.another_client(first.schema())?.connect().await?;
            methods.push(self.prepared(&client)?);
        }
        Ok(methods)
    }

    fn prepared(&self, client: &Client) -> Result<ClientMethod, Failure> {
        Ok(self.arguments.method_of(client, self.deadline())?)
    }

    fn deadline(&self) -> Option<Duration> {
        self.arguments.deadline.map(|Time(time)| time)
    }

    /// The requests, encoded.
    fn requests(&self, method: &Method) -> Result<Vec<Message>, Failure> {
        let mut requests = match &self.arguments.data {
            Some(data) => data.read_all(method)?,
            None => Vec::new(),
        };
        if requests.is_empty() && !method.is_client_streaming() {
            requests.push(DynamicMessage::new(method.input().clone()).into());
        }
        Ok(requests.into_iter().map(Message::into_encoded).collect())
    }
}
