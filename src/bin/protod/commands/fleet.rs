//! `protod fleet`: which servers share a store, and what each of them serves.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use clap::Args;
use humantime::{format_duration, format_rfc3339_millis, format_rfc3339_seconds};
use protod::fleet::{FleetState, PublishedGeneration, ReplicaState};
use serde_json::{Value, json};

use crate::arguments::store::StoreArgs;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  protod fleet --store nats://localhost:4222
  # The last ten generations, of which `protod rollback` goes back to one
  protod fleet --store nats://localhost:4222 --history
  # For programs
  protod fleet --store nats://localhost:4222 --json";

/// List the servers that share a store, and what they serve.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("store", |store| store.required(true)))]
pub(crate) struct ListFleet {
    #[command(flatten)]
    store: StoreArgs,

    /// List the last ten generations in place of the servers
    #[arg(long, env = "PROTOD_HISTORY")]
    history: bool,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,
}

impl ListFleet {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let fleet = self.store.fleet()?;
        let runtime = client_runtime()?;
        let (json, text) = if self.history {
            let history = runtime.block_on(fleet.history())?;
            let generations: Vec<Value> = history.iter().map(json_of_generation).collect();
            (json!({ "history": generations }), text_of_history(&history))
        } else {
            let state = runtime.block_on(fleet.state())?;
            (json_of_state(&state), text_of_state(&state))
        };
        stdout::print(&if self.json { format!("{json:#}\n") } else { text })
    }
}

fn text_of_state(state: &FleetState) -> String {
    let mut text = match &state.current {
        Some(current) => format!(
            "generation {}, published {}: {}\n",
            short(&current.id),
            format_rfc3339_seconds(current.at),
            counts(current)
        ),
        None => "no generation was published\n".to_owned(),
    };
    let rows = state.replicas.iter().map(|replica| {
        [
            replica.name.clone(),
            replica.address.clone(),
            replica.version.clone(),
            replica.serves.as_deref().map_or("-", short).to_owned(),
            replica.since.map_or("-".to_owned(), ago),
            health(replica).to_owned(),
        ]
    });
    text += &table(
        ["REPLICA", "ADDRESS", "VERSION", "GENERATION", "SINCE", "HEALTH"],
        rows,
    );
    for replica in &state.replicas {
        if let Some(trouble) = &replica.trouble {
            let _ = writeln!(text, "{}: {trouble}", replica.name);
        }
        if let Some((id, problems)) = &replica.refused {
            let problem = problems.first().map(String::as_str).unwrap_or_default();
            let _ = writeln!(text, "{} refused {}: {problem}", replica.name, short(id));
        }
    }
    text
}

fn text_of_history(history: &[PublishedGeneration]) -> String {
    let rows = history.iter().map(|generation| {
        [
            short(&generation.id).to_owned(),
            format_rfc3339_seconds(generation.at).to_string(),
            generation.services.to_string(),
            generation.methods.to_string(),
            generation.rules.to_string(),
            if generation.is_rollback { "rollback" } else { "" }.to_owned(),
        ]
    });
    table(
        ["GENERATION", "PUBLISHED", "SERVICES", "METHODS", "RULES", ""],
        rows,
    )
}

fn json_of_state(state: &FleetState) -> Value {
    let replicas = state.replicas.iter().map(|replica| {
        json!({
            "name": replica.name,
            "address": replica.address,
            "version": replica.version,
            "started": format_rfc3339_millis(replica.started).to_string(),
            "generation": replica.serves,
            "since": replica.since.map(|since| format_rfc3339_millis(since).to_string()),
            "serving": replica.is_serving,
            "trouble": replica.trouble,
            "refused": replica.refused.as_ref().map(|(id, problems)| {
                json!({ "generation": id, "problems": problems })
            }),
        })
    });
    json!({
        "current": state.current.as_ref().map(json_of_generation),
        "replicas": replicas.collect::<Vec<_>>(),
    })
}

fn json_of_generation(generation: &PublishedGeneration) -> Value {
    json!({
        "generation": generation.id,
        "published": format_rfc3339_millis(generation.at).to_string(),
        "rollback": generation.is_rollback,
        "bytes": generation.bytes,
        "services": generation.services,
        "methods": generation.methods,
        "rules": generation.rules,
    })
}

fn health(replica: &ReplicaState) -> &'static str {
    match (replica.is_serving, &replica.trouble) {
        (_, Some(_)) => "trouble",
        (true, None) => "serving",
        (false, None) => "not serving",
    }
}

fn counts(generation: &PublishedGeneration) -> String {
    let count = |number: u32, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    [
        count(generation.services, "service"),
        count(generation.methods, "method"),
        count(generation.rules, "rule"),
    ]
    .join(", ")
}

/// How long ago a time is, by the clock here.
fn ago(time: SystemTime) -> String {
    let since = time.elapsed().unwrap_or_default();
    format_duration(Duration::from_secs(since.as_secs())).to_string()
}

/// The beginning of an id, which people tell it by.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
