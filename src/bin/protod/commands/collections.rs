//! `protod collections`: the collections of a running server, the messages in one of them, and taking them away.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::arguments::admin_client::{AdminClient, AdminTarget};
use crate::arguments::count::count;
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # What there is, and how much
  protod collections list
  # Messages of a collection, each in JSON on a line, with where it stands
  protod collections show points --where 'item.value > 3 && item.name.startsWith(\"a\")'
  # The newest ten
  protod collections show points --newest --limit 10
  # All messages of it go; protod export writes them to a file before
  protod collections clear points";

/// Look at the collections of a running server, and clear them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Collections {
    /// What to do
    #[arg(value_enum, value_name = "ACTION")]
    action: Action,

    /// The name of the collection to show or to clear
    #[arg(
        value_name = "COLLECTION",
        required_if_eq_any([("action", "show"), ("action", "clear")])
    )]
    collection: Option<String>,

    /// Show only the messages for which this expression in CEL holds, in which a message is called item
    #[arg(long = "where", value_name = "CEL", env = "PROTOD_WHERE")]
    condition: Option<String>,

    /// Show the newest messages first
    #[arg(long, env = "PROTOD_NEWEST")]
    newest: bool,

    /// How many messages to show
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_LIMIT",
        default_value_t = 100,
        value_parser = count::<u64>(1, u64::MAX)
    )]
    limit: u64,

    /// Those that calls of this session have
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

/// What to do with collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// List them: the type of their messages, how many there are, and what keeps them
    List,
    /// Print messages of one, the oldest first
    Show,
    /// Take all messages of one away
    Clear,
}

impl Collections {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let name = self.collection.as_deref();
        if self.action == Action::List && name.is_some() {
            return Err(Failure::usage(
                "`protod collections list` lists all, and takes no name: `protod collections show` shows one",
            ));
        }
        let session = self.session.as_ref().map(SessionName::as_str);
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            match self.action {
                Action::List => {
                    let request = json!({ "session": session });
                    self.print(&admin.list("ListCollections", request, "collections").await?)
                }
                Action::Clear => {
                    let request = json!({ "name": name, "session": session });
                    admin.call("ClearCollection", &request).await.map(|_| ())
                }
                Action::Show => {
                    let request = json!({
                        "collection": name,
                        "session": session,
                        "where": self.condition,
                        "newest": self.newest,
                    });
                    self.show(&admin, request).await
                }
            }
        })
    }

    fn print(&self, answer: &Value) -> Result<(), Failure> {
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        let collections = answer["collections"].as_array().map(Vec::as_slice);
        let rows = collections.unwrap_or_default().iter().map(|of| {
            let text = |field: &str| of[field].as_str().unwrap_or_default().to_owned();
            let kept = match (text("failure"), text("file")) {
                (failure, _) if !failure.is_empty() => failure,
                (_, file) if !file.is_empty() => file,
                _ => text("engine"),
            };
            [
                text("name"),
                text("type"),
                text("key"),
                text("messages"),
                text("bytes"),
                kept,
            ]
        });
        stdout::print(&table(
            ["NAME", "TYPE", "KEY", "MESSAGES", "BYTES", "KEPT IN"],
            rows,
        ))
    }

    /// Prints messages as they are found, page by page.
    async fn show(&self, admin: &AdminClient, mut request: Value) -> Result<(), Failure> {
        const PAGE: u64 = 1000;
        let mut left = self.limit;
        loop {
            request["pageSize"] = left.min(PAGE).into();
            let mut page = admin.call("ListMessages", &request).await?;
            let messages = page["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut lines = String::new();
            for message in messages {
                lines += &self.line(message);
            }
            left -= messages.len() as u64;
            stdout::print(&lines)?;
            request["pageToken"] = page["nextPageToken"].take();
            if left == 0 || request["pageToken"].as_str().is_none_or(str::is_empty) {
                return Ok(());
            }
        }
    }

    fn line(&self, message: &Value) -> String {
        if self.json {
            return format!("{message}\n");
        }
        let position = message["position"].as_str().unwrap_or_default();
        format!("{position}\t{}\n", message["json"])
    }
}
