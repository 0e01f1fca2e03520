//! Compares protod with its twin, the same services compiled by tonic-prost-build: `cargo run --profile dist -p bench`.
//!
//! Both run in separate processes with the same settings. The same client runs the same cases on them alternately. The
//! bench prints the server's CPU time per message and the throughput, then start time, memory, and the time to load 10,000
//! rules. It counts every answer and compares many; a wrong one ends the bench.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod cases;
mod http1;
mod http2;
mod load;
mod measure;
mod protocols;
mod report;
mod server;
mod validation;
mod whole_language;
mod wire;

use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::json;

use crate::cases::{CASES, Case};
use crate::server::Spec;

/// Compares protod with the same services compiled by tonic-prost-build.
#[derive(Debug, Parser)]
#[command(about, after_help = cases_help())]
struct Arguments {
    /// Measured rounds; one more runs before them as a warm-up.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Messages of a streaming case in a round; other cases use a fraction of this.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1000..=1_000_000_000))]
    messages: u64,
    /// Only these cases.
    #[arg(long = "case", value_name = "NAME", num_args = 1..)]
    cases: Vec<String>,
    /// Only calls: leave out start, memory and rules.
    #[arg(long)]
    only_calls: bool,
    /// Messages of Record while memory is measured.
    #[arg(long, default_value_t = 10_000_000)]
    memory_messages: u64,
    /// Also protod's Rust closures over dynamic messages.
    #[arg(long)]
    handlers: bool,
    /// Also protod's Rust closures over types with serde's traits.
    #[arg(long)]
    typed: bool,
    /// Also this server: `grpc-js`, or ADDR,PID of a running one; repeatable.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<String>,
    /// Write every figure to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only protod with `--validate`, compared with protod without, on requests with ten constraints.
    #[arg(long, conflicts_with_all = ["cases", "handlers", "typed", "peers", "twin_only"])]
    validate: bool,
    /// Only Search, by gRPC, gRPC-Web and Connect: protod compared with tonic-web and connectrpc.
    #[arg(long, conflicts_with_all = ["cases", "handlers", "typed", "peers", "twin_only", "validate"])]
    protocols: bool,
    /// Only the parts of the language of rules, each compared with the same in Rust; `--case` takes names of its methods.
    #[arg(long, conflicts_with_all = ["handlers", "typed", "peers", "twin_only", "validate", "protocols"])]
    language: bool,
    /// Only whether the answers of `--language` are right.
    #[arg(long, requires = "language")]
    check: bool,
    /// The twin against itself: shows how much ratios vary on this machine.
    #[arg(long)]
    twin_only: bool,
    /// Take the servers that lie beside this program as they are: for tests of the bench, not for figures.
    #[arg(long)]
    no_build: bool,
}

fn cases_help() -> String {
    let lines = CASES.iter().map(|case| {
        let named = if case.aim.is_none() { " (only by name)" } else { "" };
        format!("\n  {:<12}{}{named}", case.name, case.about)
    });
    format!("Cases:{}", lines.collect::<String>())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let parts = if arguments.language {
        whole_language::parts(&arguments.cases)?
    } else {
        Vec::new()
    };
    let cases = if arguments.language {
        parts.iter().map(|part| &part.case).collect()
    } else if arguments.validate {
        vec![&validation::CASE]
    } else if arguments.protocols {
        protocols::CASES.iter().collect()
    } else {
        chosen(&arguments.cases)?
    };
    let specs = specs(&arguments)?;
    if arguments.language {
        say("checking");
        whole_language::check(&specs, &parts)?;
        if arguments.check {
            say("");
            println!("{} cases: both servers answer alike", parts.len());
            return Ok(());
        }
    }
    let profile = server::profile()?;
    if profile != "dist" {
        eprintln!(
            "built with the profile {profile}: use cargo run --profile dist -p bench for figures to compare"
        );
    }
    let machine = report::machine();
    println!("{machine}");
    println!("{} rounds, {} messages", arguments.rounds, arguments.messages);
    println!(
        "server CPU (user + system) per message or call, and throughput: medians, and ratios within a round\n"
    );

    let samples = measure::rounds(&specs, &cases, arguments.rounds.into(), arguments.messages, say)?;
    say("");
    let (table, calls) = if arguments.language {
        (
            whole_language::table(&parts, &samples)?,
            whole_language::json(&parts, &samples)?,
        )
    } else if arguments.protocols {
        (
            protocols::table(&specs, &cases, &samples)?,
            protocols::json(&specs, &cases, &samples)?,
        )
    } else {
        (
            report::calls(&specs, &cases, &samples),
            report::calls_json(&specs, &cases, &samples),
        )
    };
    println!("{table}");
    let mut figures = json!({
        "machine": machine,
        "rounds": arguments.rounds,
        "messages": arguments.messages,
        "calls": calls,
    });

    let is_only_calls =
        arguments.only_calls || arguments.language || arguments.validate || arguments.protocols;
    if !is_only_calls {
        let specs: Vec<Spec> = specs.iter().map(without_bench).collect();
        let processes = measure::processes(&specs, arguments.memory_messages, say)?;
        say("");
        println!("{}", report::processes(&specs, &processes));
        figures["processes"] = report::processes_json(&specs, &processes);
        if let Some(protod) = specs.iter().find(|spec| spec.name == "protod") {
            let loading = measure::loading(protod, arguments.rounds.into(), say)?;
            say("");
            println!("{}", report::loading(&loading));
            figures["loading"] = json!(loading);
        }
    }
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        fs::write(file, text).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

/// The cases that were named, or all that have an aim.
fn chosen(names: &[String]) -> Result<Vec<&'static Case>> {
    if names.is_empty() {
        return Ok(CASES.iter().filter(|case| case.aim.is_some()).collect());
    }
    let by_name = |name: &String| {
        CASES
            .iter()
            .find(|case| case.name == name)
            .with_context(|| format!("no case `{name}`; see --help"))
    };
    names.iter().map(by_name).collect()
}

/// The servers, built; the first is what the others are compared with.
fn specs(arguments: &Arguments) -> Result<Vec<Spec>> {
    let build = |package, program| {
        if arguments.no_build {
            Ok(())
        } else {
            server::build(package, program)
        }
    };
    say("building");
    if arguments.validate {
        build("protod", "protod")?;
        return validation::specs();
    }
    build("bench", "twin")?;
    if arguments.language {
        build("protod", "protod")?;
        return whole_language::specs();
    }
    if arguments.protocols {
        build("bench", "connect")?;
        build("protod", "protod")?;
        return protocols::specs();
    }
    let twin = Spec::twin()?;
    let mut specs = vec![twin.clone()];
    if arguments.twin_only {
        specs.push(Spec {
            name: "twin again".to_owned(),
            ..twin
        });
    } else {
        build("protod", "protod")?;
        specs.push(Spec::protod()?);
    }
    if arguments.handlers {
        build("bench", "handlers")?;
        specs.push(Spec::handlers()?);
    }
    if arguments.typed {
        build("bench", "typed")?;
        specs.push(Spec::typed()?);
    }
    for peer in &arguments.peers {
        if peer == "grpc-js" && !server::prepare_grpc_js()? {
            println!("grpc-js is left out: `node` is not on the PATH");
            continue;
        }
        specs.push(Spec::peer(peer)?);
    }
    Ok(specs)
}

/// protod with only the repository's own protos, like `protod serve`.
fn without_bench(spec: &Spec) -> Spec {
    if spec.name == "protod" {
        spec.with(&["serve", "proto", "--addr", "127.0.0.1:0"])
    } else {
        spec.clone()
    }
}

/// Prints progress on one line, if stderr is a terminal.
fn say(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}
