//! What a call prints on stderr: its status, the verbose lines, and a progress line.
//!
//! A failed call prints its status as grpcurl does. The progress line is for terminals, and disappears at the end.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use protod::Message;
use protod::client::ClientMethod;
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::{Code, Status};

use crate::output::codes::code_name;
use crate::output::stderr::{say, say_line};

/// What is added to a gRPC code to make an exit code, as grpcurl does.
const EXIT_CODES: u8 = 64;

/// A stream that runs this long shows its progress.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// The course of a call.
pub(super) struct Report {
    verbose: bool,
    started: Instant,
    called: Instant,
    sent: Sent,
    received: u64,
    received_bytes: u64,
    /// When the progress line is due; `None` if there is none.
    progress: Option<Interval>,
    progress_is_shown: bool,
}

/// Counts requests where they go out.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<SentCounts>);

#[derive(Debug, Default)]
struct SentCounts {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Sent {
    pub(super) fn count(&self, message: Message) -> Message {
        self.0.messages.fetch_add(1, Ordering::Relaxed);
        self.0
            .bytes
            .fetch_add(message.encoded_len() as u64, Ordering::Relaxed);
        message
    }
}

impl Report {
    pub(super) fn new(verbose: bool) -> Self {
        let now = Instant::now();
        Self {
            verbose,
            started: now,
            called: now,
            sent: Sent::default(),
            received: 0,
            received_bytes: 0,
            progress: None,
            progress_is_shown: false,
        }
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    pub(super) fn connected(&mut self, address: &str, by_reflection: bool) {
        if self.verbose {
            let how = if by_reflection {
                ", its protos by reflection"
            } else {
                ""
            };
            say_line(format_args!(
                "* connected to {address}{how}, in {}",
                milliseconds(self.started.elapsed())
            ));
        }
    }

    pub(super) fn request(&mut self, method: &ClientMethod, from_stdin: bool) {
        self.called = Instant::now();
        // What is typed, responses on the terminal, and verbose lines show progress enough.
        let is_typed = from_stdin && stdin().is_terminal();
        let is_seen = method.method().is_server_streaming() && stdout().is_terminal();
        if stderr().is_terminal() && !is_typed && !is_seen && !self.verbose {
            let mut ticks = interval_at((self.called + PROGRESS_AFTER).into(), PROGRESS_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            self.progress = Some(ticks);
        }
        if self.verbose {
            say_line(format_args!("> {}", method.method().path()));
            print_metadata('>', method.metadata());
        }
    }

    pub(super) fn headers(&self, headers: &MetadataMap) {
        if self.verbose {
            say_line(format_args!(
                "< headers after {}",
                milliseconds(self.called.elapsed())
            ));
            print_metadata('<', headers);
        }
    }

    pub(super) fn message(&mut self, message: &Message) {
        let bytes = message.encoded_len();
        self.received += 1;
        self.received_bytes += bytes as u64;
        if self.verbose {
            let after = milliseconds(self.called.elapsed());
            say_line(format_args!(
                "< message {}, {bytes} bytes, after {after}",
                self.received
            ));
        }
    }

    pub(super) fn trailers(&self, trailers: &MetadataMap) {
        if self.verbose {
            say_line(format_args!(
                "< trailers after {}",
                milliseconds(self.called.elapsed())
            ));
            print_metadata('<', trailers);
        }
    }

    pub(super) fn done(&self) {
        if self.verbose {
            self.print_totals();
        }
    }

    /// The status of a failed call, worded as grpcurl words it.
    pub(super) fn status(&self, status: &Status, details: &[String]) {
        if self.verbose {
            self.trailers(status.metadata());
            self.print_totals();
        }
        let mut text = format!(
            "ERROR:\n  Code: {}\n  Message: {}\n",
            code_name(status.code()),
            status.message()
        );
        if !details.is_empty() {
            text += "  Details:\n";
        }
        for (index, detail) in details.iter().enumerate() {
            let prefix = format!("  {})", index + 1);
            let indent = format!("\n{}\t", " ".repeat(prefix.len()));
            let _ = writeln!(text, "{prefix}\t{}", detail.replace('\n', &indent));
        }
        say(text);
    }

    /// Returns when the progress line is due; never where there is none.
    pub(super) async fn progress_due(&mut self) {
        match &mut self.progress {
            Some(ticks) => {
                ticks.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    pub(super) fn show_progress(&mut self) {
        self.progress_is_shown = true;
        say(format_args!(
            "\r\x1b[K{} received in {} bytes, {} sent in {} bytes, {} s",
            messages(self.received),
            self.received_bytes,
            messages(self.sent.0.messages.load(Ordering::Relaxed)),
            self.sent.0.bytes.load(Ordering::Relaxed),
            self.called.elapsed().as_secs()
        ));
    }

    /// Takes the progress line away.
    pub(super) fn end_progress(&mut self) {
        if std::mem::take(&mut self.progress_is_shown) {
            say("\r\x1b[K");
        }
    }

    fn print_totals(&self) {
        say_line(format_args!(
            "* sent {} in {} bytes, received {} in {} bytes, in {}",
            messages(self.sent.0.messages.load(Ordering::Relaxed)),
            self.sent.0.bytes.load(Ordering::Relaxed),
            messages(self.received),
            self.received_bytes,
            milliseconds(self.called.elapsed())
        ));
    }
}

fn messages(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Binary values stay base64, as they travel.
fn print_metadata(direction: char, metadata: &MetadataMap) {
    for entry in metadata.iter() {
        let (name, value) = match entry {
            KeyAndValueRef::Ascii(key, value) => (key.as_str(), value.as_encoded_bytes()),
            KeyAndValueRef::Binary(key, value) => (key.as_str(), value.as_encoded_bytes()),
        };
        say_line(format_args!(
            "{direction} {name}: {}",
            String::from_utf8_lossy(value)
        ));
    }
}

/// The exit code for a gRPC code.
pub(super) fn exit_code(code: Code) -> ExitCode {
    let code = u8::try_from(i32::from(code)).expect("gRPC codes end at 16");
    ExitCode::from(EXIT_CODES + code)
}
