//! What is printed, and what `--json` writes: medians with their spread, and the samples behind them.

use std::fmt;
use std::fs;

use serde_json::{Value, json};

use crate::cases::Case;
use crate::measure::{Loading, Process, Sample, Samples};
use crate::server::Spec;

/// A client that is busier than this may limit throughput.
const BUSY: f64 = 0.95;

/// Median, lowest and highest of some figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// `None` without figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (&low, &high) = (figures.first()?, figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Some(Spread { median, low, high })
    }

    pub(crate) fn json(self) -> Value {
        json!({"median": self.median, "min": self.low, "max": self.high})
    }
}

/// Rows of text, printed in aligned columns: the first two aligned left, the others right.
pub(crate) struct Table(pub(crate) Vec<Vec<String>>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.0
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.0 {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width - cell.chars().count());
                let (before, after) = if column < 2 {
                    ("", &*padding)
                } else {
                    (&*padding, "")
                };
                line.extend([before, cell, after, "  "]);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The machine, as far as it explains the figures.
pub(crate) fn machine() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("unknown");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{cores} cores of {}, Linux {}, load before {}",
        model.trim_start_matches([' ', '\t', ':']),
        kernel.trim(),
        load.split_whitespace().next().unwrap_or("unknown")
    )
}

/// Figures of one server on one case, with their ratios to the first server's in the same round.
struct Line {
    cpu: Spread,
    ratio: Option<Spread>,
    per_second: Spread,
    per_second_ratio: Option<Spread>,
    kernel: f64,
    client: Spread,
}

impl Line {
    fn of(samples: &[Sample], first: &[Sample]) -> Option<Line> {
        let ratio = |figure: fn(&Sample) -> f64| {
            let rounds = samples.iter().zip(first);
            Spread::of(rounds.map(|(ours, theirs)| figure(ours) / figure(theirs)))
        };
        let (user, system) = samples.iter().fold((0, 0), |(user, system), sample| {
            (user + sample.ticks.0, system + sample.ticks.1)
        });
        #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^52")]
        let kernel = system as f64 / (user + system).max(1) as f64;
        Some(Line {
            cpu: Spread::of(samples.iter().map(|sample| sample.cpu_ns))?,
            ratio: ratio(|sample| sample.cpu_ns),
            per_second: Spread::of(samples.iter().map(|sample| sample.per_second))?,
            per_second_ratio: ratio(|sample| sample.per_second),
            kernel,
            client: Spread::of(samples.iter().map(|sample| sample.client_busy))?,
        })
    }
}

/// The table of the rounds.
pub(crate) fn calls(specs: &[Spec], cases: &[&Case], samples: &Samples) -> String {
    let first = &specs[0].name;
    let head = [
        "case",
        "server",
        "unit",
        "CPU ns",
        "min–max",
        &format!("of {first}"),
        "min–max",
        "aim",
        "per second",
        &format!("of {first}"),
        "kernel",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut client_bound = Vec::new();
    for (case, servers) in cases.iter().zip(samples) {
        for (index, (spec, samples)) in specs.iter().zip(servers).enumerate() {
            let name = if index == 0 { case.name } else { "" };
            let Some(line) = Line::of(samples, &servers[0]) else {
                rows.push([name, &spec.name, "not served"].map(str::to_owned).to_vec());
                continue;
            };
            let ratio = line.ratio.filter(|_| index > 0);
            let throughput = line.per_second_ratio.filter(|_| index > 0);
            let aim = case.aim.filter(|_| spec.name == "protod");
            if line.client.median > BUSY {
                client_bound.push(format!("{} on {}", case.name, spec.name));
            }
            rows.push(vec![
                name.to_owned(),
                spec.name.clone(),
                case.unit.to_owned(),
                figure(line.cpu.median),
                format!("{}–{}", figure(line.cpu.low), figure(line.cpu.high)),
                ratio.map_or_else(String::new, |ratio| format!("{:.2}", ratio.median)),
                ratio.map_or_else(String::new, |ratio| format!("{:.2}–{:.2}", ratio.low, ratio.high)),
                aim.map_or_else(String::new, |aim| format!("{aim:.1}")),
                thousands(line.per_second.median),
                throughput.map_or_else(String::new, |ratio| format!("{:.2}", ratio.median)),
                format!("{:.0} %", line.kernel * 100.0),
            ]);
        }
    }
    let mut text = Table(rows).to_string();
    if !client_bound.is_empty() {
        text.extend([
            "the client was busy throughout, so throughput may be its own: ",
            &client_bound.join(", "),
            "
",
        ]);
    }
    text
}

/// The table of what a process needs.
pub(crate) fn processes(specs: &[Spec], processes: &[Process]) -> String {
    let head = [
        "server",
        "",
        "start ms",
        "min–max",
        "idle MiB",
        "min–max",
        "Record's growth MiB",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (spec, process) in specs.iter().zip(processes) {
        let mut row = vec![spec.name.clone(), String::new()];
        for figures in [&process.start_ms, &process.idle_mib] {
            row.extend(match Spread::of(figures.iter().copied()) {
                Some(spread) => [
                    format!("{:.1}", spread.median),
                    format!("{:.1}–{:.1}", spread.low, spread.high),
                ],
                None => [String::from("–"), String::new()],
            });
        }
        row.push(
            process
                .record_growth_mib
                .map_or_else(|| "–".to_owned(), |growth| format!("{growth:.1}")),
        );
        rows.push(row);
    }
    Table(rows).to_string()
}

/// The lines about loading rules.
pub(crate) fn loading(loading: &Loading) -> String {
    let mut rows = vec![
        [&format!("{} rules", loading.rules), "", "ms", "min–max"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (name, figures) in [
        ("check", &loading.check_ms),
        ("check without them", &loading.check_without_ms),
        ("serve, to listening", &loading.start_ms),
    ] {
        if let Some(spread) = Spread::of(figures.iter().copied()) {
            rows.push(vec![
                name.to_owned(),
                String::new(),
                format!("{:.1}", spread.median),
                format!("{:.1}–{:.1}", spread.low, spread.high),
            ]);
        }
    }
    format!("{}idle with them: {:.1} MiB\n", Table(rows), loading.idle_mib)
}

/// The JSON of the rounds: medians and every sample.
pub(crate) fn calls_json(specs: &[Spec], cases: &[&Case], samples: &Samples) -> Value {
    let of_case = |(case, servers): (&&Case, &Vec<Vec<Sample>>)| {
        let of_server = |(spec, samples): (&Spec, &Vec<Sample>)| {
            let line = Line::of(samples, &servers[0]);
            json!({
                "server": spec.name,
                "cpu_ns": line.as_ref().map(|line| line.cpu.json()),
                "ratio": line.as_ref().and_then(|line| line.ratio).map(Spread::json),
                "per_second": line.as_ref().map(|line| line.per_second.json()),
                "per_second_ratio": line.as_ref().and_then(|line| line.per_second_ratio).map(Spread::json),
                "kernel_share": line.as_ref().map(|line| line.kernel),
                "samples": samples,
            })
        };
        let servers: Vec<Value> = specs.iter().zip(servers).map(of_server).collect();
        json!({"case": case.name, "about": case.about, "unit": case.unit, "aim": case.aim, "servers": servers})
    };
    cases.iter().zip(samples).map(of_case).collect()
}

/// The JSON of the processes.
pub(crate) fn processes_json(specs: &[Spec], processes: &[Process]) -> Value {
    specs
        .iter()
        .zip(processes)
        .map(|(spec, process)| json!({"server": spec.name, "process": process}))
        .collect()
}

pub(crate) fn figure(nanoseconds: f64) -> String {
    if nanoseconds < 1000.0 {
        format!("{nanoseconds:.1}")
    } else {
        thousands(nanoseconds)
    }
}

/// A whole number with separated thousands.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let sample = |cpu_ns, per_second| Sample {
            cpu_ns,
            per_second,
            client_busy: 0.5,
            ticks: (1, 1),
        };
        let twin = [sample(100.0, 10.0), sample(400.0, 40.0), sample(200.0, 20.0)];
        let ours = [sample(50.0, 20.0), sample(300.0, 40.0), sample(50.0, 60.0)];
        let line = Line::of(&ours, &twin).expect("there are samples");
        // The ratios of the medians are 0.25 and 2.
        assert_eq!(line.ratio.expect("of three rounds").median, 0.5);
        let ratio = line.per_second_ratio.expect("of three rounds");
        assert_eq!((ratio.low, ratio.median, ratio.high), (1.0, 2.0, 3.0));
    }
}
