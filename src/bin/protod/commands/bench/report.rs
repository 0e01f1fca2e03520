//! The results of a run, as text and as JSON.
//!
//! The text is for people, and may change. The JSON has the same figures under names that scripts can rely on, with
//! latencies in milliseconds.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tonic::Code;

use super::tally::Measured;
use crate::output::codes::code_name;
use crate::output::stderr::say;

/// The quantiles that are reported, in per cent.
const PERCENTILES: [f64; 7] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99];

/// The steps of the histogram within a power of ten.
const STEPS: [u64; 6] = [10, 15, 20, 30, 50, 70];

/// How long the longest bar of the histogram is.
const BAR: u64 = 50;

/// A client that uses more than this share of the cores is called busy.
const BUSY: f64 = 0.9;

/// A run, and what it was a run of.
pub(super) struct Report {
    pub(super) address: String,
    pub(super) method: String,
    pub(super) concurrency: usize,
    pub(super) connections: usize,
    /// Whether calls carry streams of messages, which then are counted too.
    pub(super) streaming: bool,
    pub(super) measured: Measured,
}

impl Report {
    /// Whether there were calls, and all ended with OK.
    pub(super) fn all_succeeded(&self) -> bool {
        self.measured.ended.failures.is_empty()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} on {}: {} in flight over {}\n\n",
            self.method,
            self.address,
            count(self.concurrency as u64, "call"),
            count(self.connections as u64, "connection")
        );
        // Writing to a String cannot fail.
        let _ = self.write_counts(&mut text);
        let _ = self.write_latencies(&mut text);
        let _ = self.write_failures(&mut text);
        text
    }

    fn write_counts(&self, text: &mut String) -> std::fmt::Result {
        let Measured { ended, time, .. } = &self.measured;
        writeln!(
            text,
            "calls      {} in {:.2} s: {:.0} a second",
            ended.number(),
            time.as_secs_f64(),
            self.per_second(ended.number())
        )?;
        if self.streaming {
            let (sent, received) = (self.measured.sent, self.measured.received);
            writeln!(
                text,
                "sent       {sent} messages: {:.0} a second",
                self.per_second(sent)
            )?;
            writeln!(
                text,
                "received   {received} messages: {:.0} a second",
                self.per_second(received)
            )?;
        }
        if self.measured.unfinished > 0 {
            let unfinished = self.measured.unfinished;
            writeln!(
                text,
                "unfinished {unfinished}: still in flight at the end, and not counted"
            )?;
        }
        if let Some(cores) = self.client_cores() {
            let of = available_cores();
            write!(text, "client     {cores:.2} of {of} cores")?;
            let busy = cores > BUSY * of as f64;
            writeln!(
                text,
                "{}",
                if busy {
                    ": a faster client may get more out of the server"
                } else {
                    ""
                }
            )?;
        }
        if cfg!(debug_assertions) {
            writeln!(
                text,
                "           and it was built without optimisation: its figures are low"
            )?;
        }
        Ok(())
    }

    fn write_latencies(&self, text: &mut String) -> std::fmt::Result {
        let latencies = &self.measured.ended.latencies;
        if latencies.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "\nlatency    {}, on average",
            milliseconds(latencies.mean())
        )?;
        for percent in PERCENTILES {
            let latency = milliseconds(latencies.value_at_percentile(percent) as f64);
            writeln!(text, "{percent:>8}%  {latency}")?;
        }
        writeln!(text, "     most  {}\n", milliseconds(latencies.max() as f64))?;
        let rows = self.histogram();
        let longest = rows.iter().map(|(_, calls)| *calls).max().unwrap_or(1);
        for (limit, calls) in rows {
            // One call is enough for a bar that can be seen.
            let bar = "#".repeat((calls * BAR).div_ceil(longest) as usize);
            let line = format!("  <= {:>10}  {calls:>9}  {bar}", milliseconds(limit as f64));
            writeln!(text, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn write_failures(&self, text: &mut String) -> std::fmt::Result {
        let failures = &self.measured.ended.failures;
        if failures.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "\nfailed     {}, without a latency above",
            self.measured.ended.failed()
        )?;
        for (code, failures) in failures {
            let (number, message) = (failures.number, &failures.message);
            writeln!(
                text,
                "{number:>9}  {}, the first: {message}",
                code_name(Code::from(*code))
            )?;
        }
        Ok(())
    }

    /// How many calls took how long: limits in nanoseconds, from the first that had calls to the last.
    fn histogram(&self) -> Vec<(u64, u64)> {
        let mut rows: Vec<(u64, u64)> = Vec::new();
        let mut limits = (1..).flat_map(|power| STEPS.map(|step| step * 10_u64.pow(power)));
        let mut limit = 0;
        for recorded in self.measured.ended.latencies.iter_recorded() {
            while limit < recorded.value_iterated_to() {
                limit = limits.next().expect("they have no end");
                if !rows.is_empty() {
                    rows.push((limit, 0));
                }
            }
            if rows.is_empty() {
                rows.push((limit, 0));
            }
            if let Some((_, calls)) = rows.last_mut() {
                *calls += recorded.count_since_last_iteration();
            }
        }
        rows
    }

    pub(super) fn json(&self) -> String {
        let Measured { ended, time, .. } = &self.measured;
        let latencies = &ended.latencies;
        let milliseconds = |nanoseconds: f64| nanoseconds / 1e6;
        let percentiles: Map<String, Value> = PERCENTILES
            .iter()
            .map(|percent| {
                let latency = milliseconds(latencies.value_at_percentile(*percent) as f64);
                (format!("p{percent}"), latency.into())
            })
            .collect();
        let failures: Map<String, Value> = ended
            .failures
            .iter()
            .map(|(code, failures)| {
                let failures = json!({"calls": failures.number, "message": failures.message});
                (code_name(Code::from(*code)), failures)
            })
            .collect();
        let latency = (!latencies.is_empty()).then(|| {
            json!({
                "mean": milliseconds(latencies.mean()),
                "min": milliseconds(latencies.min() as f64),
                "max": milliseconds(latencies.max() as f64),
                "percentiles": percentiles,
                "histogram": self.histogram().into_iter().map(|(limit, calls)|
                    json!({"up_to": milliseconds(limit as f64), "calls": calls})).collect::<Vec<_>>(),
            })
        });
        let report = json!({
            "address": self.address,
            "method": self.method,
            "concurrency": self.concurrency,
            "connections": self.connections,
            "seconds": time.as_secs_f64(),
            "calls": ended.number(),
            "calls_per_second": self.per_second(ended.number()),
            "failed": ended.failed(),
            "failures": failures,
            "unfinished": self.measured.unfinished,
            "messages_sent": self.measured.sent,
            "messages_received": self.measured.received,
            "latency_ms": latency,
            "client_cores": self.client_cores(),
            "cores": available_cores(),
            "optimised": !cfg!(debug_assertions),
        });
        format!("{report:#}\n")
    }

    fn per_second(&self, number: u64) -> f64 {
        number as f64 / self.measured.time.as_secs_f64()
    }

    /// How many cores this client used on average.
    fn client_cores(&self) -> Option<f64> {
        let cpu = self.measured.client_cpu?;
        Some(cpu.as_secs_f64() / self.measured.time.as_secs_f64())
    }
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn milliseconds(nanoseconds: f64) -> String {
    format!("{:.3} ms", nanoseconds / 1e6)
}

/// A progress line on a terminal.
pub(super) struct Progress {
    shown: bool,
    enabled: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            shown: false,
            enabled: stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, calls: u64, time: Duration) {
        if self.enabled {
            self.shown = true;
            say(format_args!("\r\x1b[K{calls} calls, {:.0} s", time.as_secs_f64()));
        }
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if self.shown {
            say("\r\x1b[K");
        }
    }
}
