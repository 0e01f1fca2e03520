//! `protod publish`: has all servers that share a store serve the same protos and rules, from the same moment on.
//!
//! They are checked here first, as `check` does, and then by each server; if one of them cannot serve them, nothing changes.

use std::time::Duration;

use clap::Args;
use protod::RulesOptions;
use protod::fleet::{Fleet, Generation, Outcome, Publication, PublishOptions, Refusal};
use serde_json::{Value, json};

use crate::arguments::inputs::Inputs;
use crate::arguments::store::StoreArgs;
use crate::arguments::target::client_runtime;
use crate::arguments::time::Time;
use crate::failure::Failure;
use crate::output::report::warn;
use crate::output::stderr::say_line;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  # To all that run `protod serve --store nats://localhost:4222`
  protod publish api --rules mocks --store nats://localhost:4222
  # Only asks them whether they could serve it
  protod publish api --store nats://localhost:4222 --dry-run

`protod fleet` lists which generation is served, and by whom; `protod rollback` goes back to the one before.";

/// How long servers may take where nothing is said.
const TIMEOUT: Time = Time(Duration::from_secs(30));

/// Publish protos and rules to all servers that share a store.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("store", |store| store.required(true)))]
pub(crate) struct Publish {
    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    how: PublishArgs,

    /// Ask all servers whether they could serve it, and change nothing
    #[arg(long, env = "PROTOD_DRY_RUN")]
    dry_run: bool,
}

/// To whom, and how what came of it is told.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    store: StoreArgs,

    /// How long servers may take to load and check it; one that takes longer has refused it
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_TIMEOUT",
        default_value_t = TIMEOUT,
        value_parser = Time::parse_positive
    )]
    timeout: Time,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,
}

impl Publish {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.inputs.schema()?;
        let rules = self.inputs.rules(&schema, &RulesOptions::default())?;
        warn(schema.warnings().iter().chain(rules.warnings()));
        let generation = Generation::pack(&schema, &rules)?;
        let options = self.how.options().check_only(self.dry_run);
        let fleet = self.how.store.fleet()?;
        let publication = client_runtime()?.block_on(fleet.publish(&generation, options))?;
        self.how.tell(&publication)
    }
}

impl PublishArgs {
    pub(crate) fn fleet(&self) -> Result<Fleet, Failure> {
        self.store.fleet()
    }

    pub(crate) fn options(&self) -> PublishOptions {
        PublishOptions::default().timeout(self.timeout.0)
    }

    /// Prints what came of a publication. Fails if it was refused.
    pub(crate) fn tell(&self, publication: &Publication) -> Result<(), Failure> {
        if self.json {
            stdout::print(&format!("{:#}\n", as_json(publication)))?;
        }
        let Publication {
            id,
            outcome,
            replicas,
            ..
        } = publication;
        let text = match outcome {
            Outcome::Served { by, skew } => {
                let within = skew
                    .map(|skew| format!(", within {skew:.1?}"))
                    .unwrap_or_default();
                format!("published generation {id}\nserved by {by} of {replicas} replicas{within}\n")
            }
            Outcome::Unchanged => format!("unchanged: generation {id} is served already\n"),
            Outcome::Checked => format!("ok: {replicas} replicas could serve generation {id}\n"),
            Outcome::Refused(refusals) => return Err(refused(id, *replicas, refusals)),
            _ => format!("generation {id}\n"),
        };
        if self.json {
            return Ok(());
        }
        stdout::print(&text)
    }
}

/// Says who refused, and why.
fn refused(id: &str, replicas: usize, refusals: &[Refusal]) -> Failure {
    for refusal in refusals {
        for problem in &refusal.problems {
            say_line(format_args!("replica {}: {problem}", refusal.replica));
        }
    }
    Failure::new(format!(
        "nothing was published: {} of {replicas} replicas cannot serve generation {id}",
        refusals.len()
    ))
}

fn as_json(publication: &Publication) -> Value {
    let mut told = json!({ "generation": publication.id, "replicas": publication.replicas });
    let outcome = match &publication.outcome {
        Outcome::Served { by, skew } => {
            told["served_by"] = (*by).into();
            told["skew_ms"] = skew.map(|skew| skew.as_secs_f64() * 1e3).into();
            "served"
        }
        Outcome::Unchanged => "unchanged",
        Outcome::Checked => "checked",
        Outcome::Refused(refusals) => {
            let refusals = refusals
                .iter()
                .map(|refusal| json!({ "replica": refusal.replica, "problems": refusal.problems }));
            told["refusals"] = refusals.collect();
            "refused"
        }
        _ => "unknown",
    };
    told["outcome"] = outcome.into();
    told
}
