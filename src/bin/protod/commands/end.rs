//! `protod end`: ends calls in flight with a status, whatever their handlers do.

use clap::Args;

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::open_call::{OpenCallTarget, done};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;

const EXAMPLES: &str = "Examples:
  # One call; `protod calls --open` lists them
  protod end 17 --code NOT_FOUND --message 'no such order'
  # A stream, as if its handler had ended
  protod end 17 --code OK
  # All calls in flight of a method, as when a server is lost
  protod end --method shop.Orders/Watch --code UNAVAILABLE";

/// End calls in flight of a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct End {
    #[command(flatten)]
    calls: OpenCallTarget,

    /// Only calls of this session
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// The code of the status; OK ends a stream well
    #[arg(long, value_name = "CODE", env = "PROTOD_CODE", default_value = "CANCELLED")]
    code: String,

    /// The message of the status
    #[arg(long, value_name = "TEXT", env = "PROTOD_MESSAGE")]
    message: Option<String>,

    #[command(flatten)]
    admin: AdminTarget,
}

impl End {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut request = self.calls.request(self.session.as_ref());
        request["code"] = self.code.as_str().into();
        request["message"] = self.message.as_deref().unwrap_or_default().into();
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            done(&admin.call("End", &request).await?, "could not be ended").map(drop)
        })
    }
}
