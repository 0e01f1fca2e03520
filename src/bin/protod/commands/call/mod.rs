//! `protod call`: calls a method of any shape, by reflection or from protos.
//!
//! Messages go out as they are read and come in as they are printed, so a conversation can be had at a terminal
//! and an endless stream takes no memory. stdout carries the responses and nothing else.

mod ending;
mod format;
mod output;
mod report;
mod requests;

use std::future::ready;
use std::iter::once;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use protod::Message;
use protod::client::{Client, ClientBuilder, ClientMethod};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tonic::Status;

use self::ending::Ending;
use self::format::Format;
use self::output::Output;
use self::report::Report;
use self::requests::{Fault, Requests};
use crate::arguments::call::CallArguments;
use crate::arguments::data::Data;
use crate::arguments::size::Size;
use crate::arguments::target::{client_runtime, within};
use crate::failure::Failure;

const EXAMPLES: &str = r#"Examples:
  protod call localhost:9002 proto.SearchService/Search -d '{"request": "gRPC"}'
  # A conversation: type messages, and end with Ctrl-D
  protod call localhost:9002 proto.StreamService/Route -d @-
  # A server without reflection, over TLS, with metadata
  protod call https://api.example.com a.B/Do --proto api.proto -H 'authorization: Bearer secret'
  # As a browser calls it
  protod call localhost:9002 proto.SearchService/Search --protocol grpc-web -d '{"request": "gRPC"}'"#;

/// Call a method of a server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Call {
    #[command(flatten)]
    arguments: CallArguments,

    /// The format of messages, both read and printed
    #[arg(long, value_enum, env = "PROTOD_FORMAT", default_value_t = Format::Json)]
    format: Format,

    /// Print unset fields too, with their defaults (JSON only)
    #[arg(long, env = "PROTOD_EMIT_DEFAULTS")]
    emit_defaults: bool,

    /// The largest response accepted, after decompression
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_RECEIVE_SIZE",
        default_value_t = ClientBuilder::DEFAULT_MAX_RECEIVE_SIZE.into(),
        value_parser = Size::between(Size::bytes(1), Size::bytes(1 << 32))
    )]
    max_receive_size: Size,

    /// Also print headers, trailers, sizes and times, on stderr
    #[arg(short, long, env = "PROTOD_VERBOSE")]
    verbose: bool,
}

impl Call {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let runtime = client_runtime()?;
        let mut output = Output::new(self.format, self.emit_defaults);
        let mut report = Report::new(self.verbose);
        let done = runtime.block_on(self.call(&mut output, &mut report));
        report.end_progress();
        // What came before a failure is seen before it.
        let flushed = output.flush();
        match done.and(flushed) {
            Ok(()) | Err(Ending::ReaderGone) => Ok(ExitCode::SUCCESS),
            Err(Ending::Here(failure)) => Err(failure),
            Err(Ending::There(status, details)) => {
                report.status(&status, &details);
                Ok(report::exit_code(status.code()))
            }
        }
    }

    async fn call(&self, output: &mut Output, report: &mut Report) -> Result<(), Ending> {
        let started = Instant::now();
        let client = self.connect(started).await?;
        let CallArguments {
            address,
            data,
            target,
            ..
        } = &self.arguments;
        report.connected(address, target.uses_reflection());

        let method = self.arguments.method_of(&client, self.time_left(started))?;
        report.request(&method, matches!(data, Some(Data::Stdin)));
        let requests = requests::read(data.clone(), self.format, method.method());
        let mut done = self.exchange(&client, &method, requests, output, report).await;
        if let Err(Ending::There(status, details)) = &mut done {
            *details = output.details_of(status);
            if self.learn_types(&client, output).await {
                *details = output.details_of(status);
            }
        }
        done
    }

    /// Connects, and gets the one service that is called. If the deadline passes before, that is how the call ends.
    async fn connect(&self, started: Instant) -> Result<Client, Ending> {
        let client = self.arguments.client()?;
        let mut client = client.max_receive_size(self.max_receive_size.as_usize());
        if let Some(left) = self.time_left(started) {
            client = within(left, client);
        }
        client.connect().await.map_err(|error| {
            let failure = Failure::from(error);
            if self.time_left(started) != Some(Duration::ZERO) {
                return failure.into();
            }
            let reasons: Vec<_> = once(failure.to_string()).chain(failure.causes()).collect();
            Status::deadline_exceeded(reasons.join(": ")).into()
        })
    }

    /// Sends what is read, and prints what comes.
    async fn exchange(
        &self,
        client: &Client,
        method: &ClientMethod,
        Requests { stream, mut fault }: Requests,
        output: &mut Output,
        report: &mut Report,
    ) -> Result<(), Ending> {
        let sent = report.sent();
        let stream = stream.map(move |message| sent.count(message));
        let mut responses = method.call(stream).await?;
        loop {
            tokio::select! {
                headers = responses.headers() => break report.headers(headers?),
                () = report.progress_due() => report.show_progress(),
                failure = data_fault(&mut fault) => return Err(failure.into()),
            }
        }
        loop {
            let message = tokio::select! {
                biased;
                () = report.progress_due() => { report.show_progress(); continue }
                message = responses.message() => message?,
                failure = data_fault(&mut fault) => return Err(failure.into()),
                // Nothing more is there yet, so what was printed so far has to be seen.
                () = ready(()), if output.is_unseen() => { output.flush()?; continue }
            };
            let Some(message) = message else {
                break;
            };
            report.message(&message);
            self.print(client, message, output).await?;
            if self.verbose {
                // Each message is seen after the line about it.
                output.flush()?;
            }
        }
        report.trailers(responses.trailers());
        report.done();
        Ok(())
    }

    /// Prints a response. Where it holds an `Any` of a type not met before, the server is asked for it.
    async fn print(&self, client: &Client, message: Message, output: &mut Output) -> Result<(), Ending> {
        // Decoded once, though it may be printed twice.
        let message = message.into_dynamic().map_err(Status::from)?.into();
        let mut text = output.text_of(&message)?;
        if self.learn_types(client, output).await {
            text = output.text_of(&message)?;
        }
        output.print(&text)
    }

    /// Asks the server for the types of `Any`s that could not be printed; whether it knew one.
    async fn learn_types(&self, client: &Client, output: &mut Output) -> bool {
        let mut learnt = false;
        for name in output.new_unknown_types() {
            if self.arguments.target.uses_reflection()
                && let Ok(schema) = client.fetch_symbol(&name).await
            {
                output.learn(schema.pool().clone());
                learnt = true;
            }
        }
        learnt
    }

    fn time_left(&self, started: Instant) -> Option<Duration> {
        self.arguments
            .deadline
            .map(|deadline| deadline.0.saturating_sub(started.elapsed()))
    }
}

/// Resolves when the data turns out not to be what the method takes; never if it is.
async fn data_fault(fault: &mut mpsc::Receiver<Fault>) -> Failure {
    match fault.recv().await {
        Some(fault) => fault.failure,
        None => std::future::pending().await,
    }
}
