//! What each protocol costs: `--protocols` calls Search by gRPC, gRPC-Web and Connect, on protod and on compiled servers.
//!
//! Of each server, a protocol is compared with gRPC; and protod is compared with each compiled server that speaks the same
//! protocol. Both ratios are taken within a round.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cases::{self, Case};
use crate::load::{Http, Load};
use crate::measure::{Sample, Samples};
use crate::report::{Spread, Table, figure, thousands};
use crate::server::Spec;
use crate::wire::Protocol;

/// The bytes before a message of gRPC.
const PREFIX: usize = 5;

/// gRPC, and then what is compared with it. An aim is the highest ratio of protod's CPU time to that of its gRPC.
pub(crate) const CASES: &[Case] = &[
    Case {
        aim: None,
        load: &|calls| search(calls, Protocol::Grpc, Http::Two),
        ..case("grpc", "gRPC")
    },
    Case {
        aim: Some(1.2),
        load: &|calls| search(calls, Protocol::GrpcWeb, Http::Two),
        ..case("grpc-web", "gRPC-Web, binary")
    },
    Case {
        aim: None,
        load: &|calls| search(calls, Protocol::Connect, Http::Two),
        ..case("connect", "Connect, protobuf")
    },
    Case {
        aim: Some(1.5),
        load: &|calls| search(calls, Protocol::ConnectJson, Http::Two),
        ..case("connect-json", "Connect, JSON")
    },
    Case {
        aim: None,
        load: &|calls| search(calls, Protocol::ConnectJson, Http::One),
        ..case(
            "connect-json-http1",
            "Connect, JSON, on 64 connections of HTTP/1.1",
        )
    },
];

const fn case(name: &'static str, about: &'static str) -> Case {
    Case {
        name,
        about,
        unit: "call",
        share: 50,
        aim: None,
        load: &|calls| search(calls, Protocol::Grpc, Http::Two),
    }
}

/// Search, 64 in flight, as the case `unary` has it.
fn search(calls: u64, protocol: Protocol, http: Http) -> Load {
    let load = cases::search("gRPC", "gRPC Server");
    let (request, check) = match protocol {
        Protocol::Grpc | Protocol::GrpcWeb => (load.request, load.check),
        Protocol::Connect => (load.request[PREFIX..].to_vec(), load.check),
        Protocol::ConnectJson => {
            let check = |_, answer: &[u8]| -> Result<()> {
                let (is, should): (Value, _) = (
                    serde_json::from_slice(answer)?,
                    json!({"response": "gRPC Server"}),
                );
                ensure!(is == should, "is {is}, should be {should}");
                Ok(())
            };
            let request = json!({"request": "gRPC"}).to_string();
            (request.into_bytes(), Box::new(check) as _)
        }
    };
    Load {
        protocol,
        http,
        request,
        check,
        calls,
        in_flight: 64,
        ..load
    }
}

/// The compiled servers, and protod.
pub(crate) fn specs() -> Result<Vec<Spec>> {
    Ok(vec![Spec::tonic_web()?, Spec::connectrpc()?, Spec::protod()?])
}

/// One server on one protocol.
struct Line<'a> {
    case: &'a Case,
    server: &'a str,
    cpu: Spread,
    /// CPU time divided by that of the server's gRPC.
    of_grpc: Spread,
    /// protod's CPU time divided by this, in the same protocol.
    protod_of_it: Spread,
    per_second: Spread,
    samples: &'a [Sample],
}

/// Each server on each protocol that it speaks.
fn lines<'a>(specs: &'a [Spec], cases: &[&'a Case], samples: &'a Samples) -> Result<Vec<Line<'a>>> {
    let protod = specs
        .iter()
        .position(|spec| spec.name == "protod")
        .context("protod is one of the servers")?;
    let grpc = samples.first().context("gRPC is one of the protocols")?;
    let ratio = |ours: &[Sample], theirs: &[Sample]| {
        Spread::of(
            ours.iter()
                .zip(theirs)
                .map(|(ours, theirs)| ours.cpu_ns / theirs.cpu_ns),
        )
    };
    let mut lines = Vec::new();
    for (case, servers) in cases.iter().zip(samples) {
        for ((spec, samples), grpc) in specs.iter().zip(servers).zip(grpc) {
            let figures = (
                Spread::of(samples.iter().map(|sample| sample.cpu_ns)),
                ratio(samples, grpc),
                ratio(&servers[protod], samples),
                Spread::of(samples.iter().map(|sample| sample.per_second)),
            );
            let (Some(cpu), Some(of_grpc), Some(protod_of_it), Some(per_second)) = figures else {
                // A protocol that this server does not speak.
                continue;
            };
            lines.push(Line {
                case,
                server: &spec.name,
                cpu,
                of_grpc,
                protod_of_it,
                per_second,
                samples,
            });
        }
    }
    Ok(lines)
}

/// The table of the rounds.
pub(crate) fn table(specs: &[Spec], cases: &[&Case], samples: &Samples) -> Result<String> {
    let head = [
        "protocol",
        "server",
        "CPU ns",
        "min–max",
        "of its gRPC",
        "min–max",
        "aim",
        "protod of it",
        "min–max",
        "per second",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut before = "";
    for line in lines(specs, cases, samples)? {
        let is_protod = line.server == "protod";
        let spread = |spread: Spread, is_shown: bool| {
            let both = [
                format!("{:.2}", spread.median),
                format!("{:.2}–{:.2}", spread.low, spread.high),
            ];
            if is_shown { both } else { <[String; 2]>::default() }
        };
        let name = if line.case.name == before {
            ""
        } else {
            line.case.name
        };
        before = line.case.name;
        let mut row = vec![
            name.to_owned(),
            line.server.to_owned(),
            figure(line.cpu.median),
            format!("{}–{}", figure(line.cpu.low), figure(line.cpu.high)),
        ];
        row.extend(spread(line.of_grpc, line.case.name != cases[0].name));
        let aim = line.case.aim.filter(|_| is_protod);
        row.push(aim.map_or_else(String::new, |aim| format!("{aim:.1}")));
        row.extend(spread(line.protod_of_it, !is_protod));
        row.push(thousands(line.per_second.median));
        rows.push(row);
    }
    Ok(Table(rows).to_string())
}

/// The JSON of the rounds: medians and every sample.
pub(crate) fn json(specs: &[Spec], cases: &[&Case], samples: &Samples) -> Result<Value> {
    let of_line = |line: Line<'_>| {
        json!({
            "protocol": line.case.name,
            "about": line.case.about,
            "aim": line.case.aim,
            "server": line.server,
            "cpu_ns": line.cpu.json(),
            "of_grpc": line.of_grpc.json(),
            "protod_of_it": line.protod_of_it.json(),
            "per_second": line.per_second.json(),
            "samples": line.samples,
        })
    };
    Ok(lines(specs, cases, samples)?.into_iter().map(of_line).collect())
}
