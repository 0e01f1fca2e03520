//! The measurements: calls under load, in rounds, and the start and memory of a process.
//!
//! A round starts every server again, except those that were already running, and runs the cases on them. Within a case
//! the servers follow each other immediately, in an order that rotates with each round, so that other work on the machine
//! affects all of them equally. Ratios are taken within a round.

use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cases::{self, Case};
use crate::load::Load;
use crate::server::{Server, Spec, root};
use crate::wire::Failed;

/// The time given to server work after the last trailers (freeing, closing), so that it is counted too.
const SETTLE: Duration = Duration::from_millis(10);
/// A warm-up sends the messages of the measured run divided by this number.
const WARM_UP: u64 = 20;
/// Servers started to measure start and idle memory.
const STARTS: usize = 21;
/// How long after a start memory is read.
const IDLE: Duration = Duration::from_millis(300);
/// Rules in the file that measures loading.
const RULES: usize = 10_000;

/// One server on one case in one round.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Sample {
    /// Server CPU, user and system, per message or call, in nanoseconds.
    pub(crate) cpu_ns: f64,
    /// Messages or calls per second of wall time.
    pub(crate) per_second: f64,
    /// How much of one core the client used: near 1 it is the bottleneck.
    pub(crate) client_busy: f64,
    /// Clock ticks of the server in user mode and in the kernel.
    pub(crate) ticks: (u64, u64),
}

/// All rounds: `samples[case][server][round]`. A server without the method has no samples.
pub(crate) type Samples = Vec<Vec<Vec<Sample>>>;

/// Runs the rounds, after one that is discarded. Reports progress to `say`.
pub(crate) fn rounds(
    specs: &[Spec],
    cases: &[&Case],
    rounds: usize,
    messages: u64,
    say: impl Fn(&str),
) -> Result<Samples> {
    let mut samples: Samples = vec![vec![Vec::new(); specs.len()]; cases.len()];
    for round in 0..=rounds {
        let mut servers = specs.iter().map(Spec::start).collect::<Result<Vec<_>>>()?;
        for (index, case) in cases.iter().enumerate() {
            say(&format!("round {round} of {rounds}: {}", case.name));
            let mut order: Vec<usize> = (0..servers.len()).collect();
            order.rotate_left(round % servers.len());
            for server in order {
                let sample = sample(&specs[server], &servers[server], case, messages)
                    .with_context(|| format!("{} on {}", case.name, servers[server].state()))?;
                // Round 0 is the warm-up.
                if round > 0 {
                    samples[index][server].extend(sample);
                }
            }
        }
        servers.iter().try_for_each(Server::was_quiet)?;
    }
    Ok(samples)
}

fn sample(spec: &Spec, server: &Server, case: &Case, messages: u64) -> Result<Option<Sample>> {
    let units = (messages / case.share / spec.share).max(1000);
    let warm_up = (case.load)(units / WARM_UP);
    if !spec.protocols.contains(&warm_up.protocol) {
        return Ok(None);
    }
    match run(&warm_up, server, true) {
        Err(error) if !spec.complete && is_unimplemented(&error) => return Ok(None),
        other => other?,
    };
    std::thread::sleep(SETTLE);
    let (cpu, ticks) = (server.cpu()?, server.ticks()?);
    let outcome = run(&(case.load)(units), server, false)?;
    std::thread::sleep(SETTLE);
    let (cpu, after) = (server.cpu()?.saturating_sub(cpu), server.ticks()?);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let units = units as f64;
    Ok(Some(Sample {
        cpu_ns: cpu.as_secs_f64() * 1e9 / units,
        per_second: units / outcome.wall.as_secs_f64(),
        client_busy: outcome.client.as_secs_f64() / outcome.wall.as_secs_f64(),
        ticks: (after.0 - ticks.0, after.1 - ticks.1),
    }))
}

/// Runs a load on a server; `thorough` compares every answer.
pub(crate) fn run(load: &Load, server: &Server, thorough: bool) -> Result<crate::load::Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(load.run(server.address, thorough))
}

fn is_unimplemented(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Failed>()
        .is_some_and(|failed| failed.code == Failed::UNIMPLEMENTED)
}

/// What one process needs. A process that the bench did not start has no figures: its memory would be that after the calls,
/// and its highest memory that of its whole life.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Process {
    pub(crate) start_ms: Vec<f64>,
    pub(crate) idle_mib: Vec<f64>,
    /// The highest resident memory during Record, minus that before the first call.
    pub(crate) record_growth_mib: Option<f64>,
}

/// Measures the start and idle memory of each server alternately, then memory during Record.
pub(crate) fn processes(specs: &[Spec], messages: u64, say: impl Fn(&str)) -> Result<Vec<Process>> {
    let mut processes: Vec<Process> = specs.iter().map(|_| Process::default()).collect();
    let started_here = |(spec, _): &(&Spec, &mut Process)| spec.is_started_here();
    for start in 0..STARTS {
        say(&format!("start {} of {STARTS}", start + 1));
        for (spec, process) in specs.iter().zip(&mut processes).filter(started_here) {
            let server = spec.start()?;
            process
                .start_ms
                .extend(server.start.map(|start| start.as_secs_f64() * 1e3));
            std::thread::sleep(IDLE);
            process.idle_mib.push(mib(server.memory()?.now));
        }
    }
    for (spec, process) in specs.iter().zip(&mut processes).filter(started_here) {
        let messages = messages / spec.share;
        say(&format!(
            "memory of {} in {messages} messages of Record",
            spec.name
        ));
        let server = spec.start()?;
        std::thread::sleep(IDLE);
        let before = server.memory()?.now;
        match run(&cases::record(messages), &server, false) {
            Err(error) if !spec.complete && is_unimplemented(&error) => continue,
            other => other?,
        };
        process.record_growth_mib = Some(mib(server.memory()?.peak.saturating_sub(before)));
    }
    Ok(processes)
}

/// Loading a file of [`RULES`] rules.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Loading {
    pub(crate) rules: usize,
    /// `protod check` on the file, in wall time.
    pub(crate) check_ms: Vec<f64>,
    /// The same without the file.
    pub(crate) check_without_ms: Vec<f64>,
    /// `protod serve` with the file, until it listens.
    pub(crate) start_ms: Vec<f64>,
    /// Resident memory after that.
    pub(crate) idle_mib: f64,
}

/// Loads many rules, and calls the first and the last of them.
pub(crate) fn loading(protod: &Spec, runs: usize, say: impl Fn(&str)) -> Result<Loading> {
    let folder = tempfile::tempdir()?;
    fs::copy(
        root().join("proto/search.proto"),
        folder.path().join("search.proto"),
    )?;
    let rules = folder.path().join("many.yaml");
    fs::write(&rules, many_rules())?;
    let (input, rules) = (path(folder.path())?, path(&rules)?);

    let mut loading = Loading {
        rules: RULES,
        check_ms: Vec::new(),
        check_without_ms: Vec::new(),
        start_ms: Vec::new(),
        idle_mib: 0.0,
    };
    let serve = protod.with(&["serve", input, "--rules", rules, "--addr", "127.0.0.1:0"]);
    for run in 0..runs {
        say(&format!("rules, {} of {runs}", run + 1));
        loading
            .check_without_ms
            .push(check(&protod.with(&["check", input]))?);
        loading
            .check_ms
            .push(check(&protod.with(&["check", input, "--rules", rules]))?);
        let server = serve.start()?;
        loading
            .start_ms
            .extend(server.start.map(|start| start.as_secs_f64() * 1e3));
        std::thread::sleep(IDLE);
        loading.idle_mib = mib(server.memory()?.now);
        for number in [0, RULES - 1] {
            let (question, answer) = (
                format!("question {number}"),
                format!("answer {number} to question {number}"),
            );
            self::run(&cases::search(&question, &answer), &server, true).context("one of many rules")?;
        }
    }
    Ok(loading)
}

/// Rules of two kinds in turn: one that matches the message, one with a condition.
fn many_rules() -> String {
    let mut text = String::from("rules:\n");
    for number in 0..RULES {
        let condition = if number % 2 == 0 {
            format!("match: {{request: question {number}}}")
        } else {
            format!("when: request.request == 'question {number}'")
        };
        write!(
            text,
            "  - method: proto.SearchService/Search\n    {condition}\n    reply: {{response: \"answer {number} to ${{request.request}}\"}}\n"
        )
        .expect("a string takes everything");
    }
    text
}

/// Wall time of a `check`, in milliseconds.
fn check(spec: &Spec) -> Result<f64> {
    let mut command = spec.command().context("protod is a program")?;
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let time = begin.elapsed();
    ensure!(
        output.status.success(),
        "{command:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(time.as_secs_f64() * 1e3)
}

fn path(path: &std::path::Path) -> Result<&str> {
    path.to_str().context("the temporary folder is not UTF-8")
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
