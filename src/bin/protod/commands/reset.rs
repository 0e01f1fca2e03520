//! `protod reset`: a server begins anew with what calls have left behind.

use clap::Args;
use serde_json::json;

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;

const EXAMPLES: &str = "Examples:
  # Before each test
  protod reset
  # Only how often rules have answered
  protod reset --counters";

/// Make a running server forget what calls have left behind.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Reset {
    /// Forget how often rules have answered: `times`, several `answers`, `call.count`, hits
    #[arg(long, env = "PROTOD_COUNTERS")]
    counters: bool,

    /// Forget the variables of `store`
    #[arg(long, env = "PROTOD_RESET_STORE")]
    store: bool,

    /// Forget the calls that have ended
    #[arg(long, env = "PROTOD_JOURNAL")]
    journal: bool,

    /// Forget what calls of this session have left behind, and not what calls of no session have
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Reset {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let request = json!({
            "counters": self.counters,
            "store": self.store,
            "journal": self.journal,
            "session": self.session.as_ref().map(SessionName::as_str),
        });
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.call("Reset", &request).await.map(drop)
        })
    }
}
