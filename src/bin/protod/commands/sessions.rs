//! `protod sessions`: makes, lists and ends the sessions of a running server, in which calls are kept apart.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::arguments::admin_client::{AdminTarget, duration};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::arguments::time::Time;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # Prints the name that was made up: export it as PROTOD_SESSION, and all commands are about its calls
  protod sessions create --ttl 5m
  # One with a name
  protod sessions create checkout-7
  protod sessions end checkout-7";

/// Make, list and end sessions, in which calls are kept apart.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sessions {
    /// What to do
    #[arg(value_enum, value_name = "ACTION")]
    action: Action,

    /// The session to make or to end [default: one that is made has a name made up]
    #[arg(value_name = "NAME", required_if_eq("action", "end"))]
    name: Option<SessionName>,

    /// How long a session that is made may be idle before it ends by itself, up to a day [default: 10m]
    #[arg(long, value_name = "TIME", env = "PROTOD_TTL", value_parser = Time::parse_positive)]
    ttl: Option<Time>,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

/// What to do with sessions.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    /// Make one, and print its name
    Create,
    /// List them: their names, how many calls each has had, when it was made and when it ends
    List,
    /// End one: calls that name it are refused from then on
    End,
}

impl Sessions {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let name = self.name.as_ref().map(SessionName::as_str).unwrap_or_default();
        let (method, request) = match self.action {
            Action::Create => {
                let ttl = self.ttl.map(|Time(ttl)| duration(ttl));
                ("CreateSession", json!({ "name": name, "ttl": ttl }))
            }
            Action::List if !name.is_empty() => {
                return Err(Failure::usage(
                    "`protod sessions list` lists all, and takes no name",
                ));
            }
            Action::List => ("ListSessions", json!({})),
            Action::End => ("EndSession", json!({ "name": name })),
        };
        let answer = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            match self.action {
                Action::List => admin.list(method, request, "sessions").await,
                Action::Create | Action::End => admin.call(method, &request).await,
            }
        })?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        match self.action {
            Action::Create => stdout::print(&format!("{}\n", answer["name"].as_str().unwrap_or_default())),
            Action::List => stdout::print(&listed(&answer)),
            Action::End => Ok(()),
        }
    }
}

fn listed(answer: &Value) -> String {
    let sessions = answer["sessions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let rows = sessions.iter().map(|session| {
        ["name", "calls", "created", "expires"]
            .map(|field| session[field].as_str().unwrap_or_default().to_owned())
    });
    table(["NAME", "CALLS", "CREATED", "EXPIRES"], rows)
}
