//! `--language`: each part of the language of rules beside the same in Rust (`bench::language`), the worst first.
//!
//! Both are called with the same requests and must give what the Rust function gives. All cases are tried with every answer
//! compared before any is measured.

use std::cell::RefCell;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bench::language::{self, Head, In, Out, Twin};
use futures_util::StreamExt;
use prost::Message;
use serde_json::{Value, json};

use crate::cases::{Case, load_checked};
use crate::load::Load;
use crate::measure::{self, Sample, Samples};
use crate::report::{Spread, Table, figure};
use crate::server::Spec;

/// A stream of a case has the messages of `--messages` divided by this: there are some 200 cases.
const STREAM_SHARE: u64 = 25;
/// For cases whose calls have one message.
const CALL_SHARE: u64 = 250;
/// For those whose calls take a millisecond or more.
const PACED_SHARE: u64 = 5000;
/// Messages, or calls, with which a case is tried.
const TRIED: u64 = 20;

/// A case, and what it stands for in docs/rules.md.
pub(crate) struct Part {
    pub(crate) case: Case,
    covers: String,
}

/// The cases of these names, or all.
pub(crate) fn parts(names: &[String]) -> Result<Vec<Part>> {
    let all = language::cases();
    for name in names {
        let is_there = all.iter().any(|case| case.method == name);
        ensure!(
            is_there,
            "no case `{name}`; bench/language/language.rules.yaml has all"
        );
    }
    let is_wanted = |case: &language::Case| names.is_empty() || names.iter().any(|name| name == case.method);
    Ok(all.into_iter().filter(is_wanted).map(part).collect())
}

fn part(of: language::Case) -> Part {
    let (unit, share) = match of.twin {
        Twin::Call(_) => ("call", CALL_SHARE),
        Twin::Paced(_) => ("call", PACED_SHARE),
        _ => ("message", STREAM_SHARE),
    };
    let case = Case {
        name: of.method,
        about: "",
        unit,
        share,
        aim: Some(1.0),
        // Made once, for as long as the program runs, as the cases in constants are.
        load: Box::leak(Box::new(move |units| load(of, units))),
    };
    Part {
        case,
        covers: of.covers.join(", "),
    }
}

/// The servers: Rust, and rules.
pub(crate) fn specs() -> Result<Vec<Spec>> {
    Ok(vec![Spec::language_twin()?, Spec::language()?])
}

/// Runs each case with few messages, and compares every answer of both servers.
pub(crate) fn check(specs: &[Spec], parts: &[Part]) -> Result<()> {
    for spec in specs {
        let mut server = spec.start()?;
        for part in parts {
            measure::run(&(part.case.load)(TRIED), &server, true)
                .with_context(|| format!("{} on {}", part.case.name, server.state()))?;
        }
    }
    Ok(())
}

/// What is sent, and what must be answered.
fn load(case: language::Case, units: u64) -> Load {
    let request = (case.request)();
    let should: Box<dyn Fn(u64) -> Out> = match case.twin {
        Twin::Each(answer) => {
            let request = request.clone();
            Box::new(move |_| answer(request.clone()))
        }
        Twin::Kept(begin) => Box::new(in_order(begin(&head(case)), request.clone())),
        Twin::Several(answers) => from_list(answers(request.clone()).collect()),
        Twin::Paced(answers) => from_list(awaited(answers(request.clone()).collect())),
        Twin::Call(answer) => {
            let answer = answer(&head(case), request.clone());
            from_list(answer.map(tonic::Response::into_inner).into_iter().collect())
        }
    };
    let alike = case.alike;
    let check = move |number, is: Out| {
        let should = should(number);
        let (is, should) = match alike {
            Some(alike) => (alike(is), alike(should)),
            None => (is, should),
        };
        // What is not a number equals nothing, so messages are compared as they are written.
        ensure!(
            is.encode_to_vec() == should.encode_to_vec(),
            "is {is:?}, should be {should:?}"
        );
        Ok(())
    };
    let load = load_checked(&path(case), &request, check);
    match case.twin {
        Twin::Each(_) | Twin::Kept(_) => Load {
            requests: units,
            answers: units,
            ..load
        },
        Twin::Several(answers) => Load {
            requests: units,
            answers: units * answers(request).count() as u64,
            ..load
        },
        Twin::Paced(answers) => Load {
            calls: units,
            in_flight: 64,
            answers: awaited(answers(request).count()) as u64,
            ..load
        },
        Twin::Call(answer) => {
            let (answers, code, metadata) = match answer(&head(case), request) {
                Ok(response) => (1, 0, response.metadata().clone()),
                Err(status) => (0, status.code() as u32, status.metadata().clone()),
            };
            let metadata = metadata.into_headers();
            let field = |(name, value): (_, _)| {
                let (name, value): (
                    &tonic::codegen::http::HeaderName,
                    &tonic::codegen::http::HeaderValue,
                ) = (name, value);
                (name.as_str().into(), value.as_bytes().to_vec())
            };
            Load {
                calls: units,
                in_flight: 64,
                answers,
                code,
                metadata: metadata.iter().map(field).collect(),
                ..load
            }
        }
    }
}

fn path(case: language::Case) -> String {
    format!("language.Language/{}", case.method)
}

/// What the bench's client sends.
fn head(case: language::Case) -> Head {
    let mut head = Head {
        method: path(case),
        peer: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
        ..Head::default()
    };
    head.metadata
        .insert("user-agent", "bench".parse().expect("a header"));
    head
}

/// The answers of a call in their order, of which not all are asked for.
fn in_order(answer: language::Kept, request: In) -> impl Fn(u64) -> Out {
    let state = RefCell::new((0, answer));
    move |number| {
        let (next, answer) = &mut *state.borrow_mut();
        while *next < number {
            answer(request.clone());
            *next += 1;
        }
        *next += 1;
        answer(request.clone())
    }
}

/// The same answers for each request, or each call.
fn from_list(answers: Vec<Out>) -> Box<dyn Fn(u64) -> Out> {
    Box::new(move |number| answers[number as usize % answers.len()].clone())
}

fn awaited<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime without sockets").block_on(future)
}

/// One case with its figures.
struct Row<'a> {
    part: &'a Part,
    twin: Spread,
    protod: Spread,
    ratio: Spread,
}

/// The worst first.
fn rows<'a>(parts: &'a [Part], samples: &Samples) -> Option<Vec<Row<'a>>> {
    let cpu = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| sample.cpu_ns));
    let row = |(part, servers): (&'a Part, &Vec<Vec<Sample>>)| {
        let [twin, protod] = &servers[..] else { return None };
        let ratios = protod
            .iter()
            .zip(twin)
            .map(|(protod, twin)| protod.cpu_ns / twin.cpu_ns);
        Some(Row {
            part,
            twin: cpu(twin)?,
            protod: cpu(protod)?,
            ratio: Spread::of(ratios)?,
        })
    };
    let mut rows: Vec<Row<'a>> = parts.iter().zip(samples).map(row).collect::<Option<_>>()?;
    rows.sort_by(|a, b| b.ratio.median.total_cmp(&a.ratio.median));
    Some(rows)
}

/// The table of the rounds.
pub(crate) fn table(parts: &[Part], samples: &Samples) -> Result<String> {
    let rows = rows(parts, samples).context("both servers serve all cases")?;
    let head = [
        "case",
        "of docs/rules.md",
        "unit",
        "twin ns",
        "protod ns",
        "ratio",
        "min–max",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in &rows {
        lines.push(vec![
            row.part.case.name.to_owned(),
            row.part.covers.clone(),
            row.part.case.unit.to_owned(),
            figure(row.twin.median),
            figure(row.protod.median),
            format!("{:.2}", row.ratio.median),
            format!("{:.2}–{:.2}", row.ratio.low, row.ratio.high),
        ]);
    }
    let all = Spread::of(rows.iter().map(|row| row.ratio.median)).context("some case")?;
    let above = rows.iter().filter(|row| row.ratio.median > 1.0).count();
    Ok(format!(
        "{}\n{} cases, {above} above 1; the median ratio is {:.2}\n",
        Table(lines),
        rows.len(),
        all.median
    ))
}

/// The JSON of the rounds, in the order of the table.
pub(crate) fn json(parts: &[Part], samples: &Samples) -> Result<Value> {
    let rows = rows(parts, samples).context("both servers serve all cases")?;
    let row = |row: Row<'_>| {
        json!({
            "case": row.part.case.name,
            "covers": row.part.covers,
            "unit": row.part.case.unit,
            "twin_ns": row.twin.json(),
            "protod_ns": row.protod.json(),
            "ratio": row.ratio.json(),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}
