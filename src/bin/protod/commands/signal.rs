//! `protod signal`: raises a signal in the sessions of rules that handle it.

use clap::Args;
use serde_json::json;

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  # In all calls whose rule handles it
  protod signal closing
  # Only in those whose session has this key
  protod signal shipped 'order 7'";

/// Raise a signal in the sessions of a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Signal {
    /// The name of the signal, as in `signals` of a session
    #[arg(value_name = "NAME")]
    name: String,

    /// Only in sessions with this key
    #[arg(value_name = "KEY")]
    key: Option<String>,

    /// In calls of this session, and not in those of none
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Signal {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let session = self.session.as_ref().map(SessionName::as_str);
        let mut request = json!({ "name": self.name, "session": session });
        if let Some(key) = &self.key {
            request["key"] = key.as_str().into();
        }
        let answer = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.call("Signal", &request).await
        })?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        stdout::print(&format!("calls that handle it: {}\n", answer["calls"]))
    }
}
