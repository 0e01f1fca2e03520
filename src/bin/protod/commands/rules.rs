//! `protod rules list`: the rules of a running server, and how often each was chosen.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # All rules, with how often each was chosen
  protod rules list
  # Those of a method that no call has reached
  protod rules list --unused --method shop.Orders/Get";

/// Look at the rules of a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rules {
    /// What to do with the rules
    #[arg(value_enum, value_name = "ACTION")]
    action: Action,

    /// Only the rules of this method, package.Service/Method
    #[arg(long, value_name = "METHOD", env = "PROTOD_METHOD")]
    method: Option<String>,

    /// Only the rules that were never chosen
    #[arg(long, env = "PROTOD_UNUSED")]
    unused: bool,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

/// What to do with the rules.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    /// List them: how often each was chosen, its name, its place and its methods
    List,
}

impl Rules {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Action::List = self.action;
        let method = if self.unused { "UnusedRules" } else { "ListRules" };
        let request = json!({ "method": self.method.as_deref().unwrap_or_default() });
        let answer = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.call(method, &request).await
        })?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        let rules = answer["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rows = rules.iter().map(|rule| {
            let text = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
            [
                text("hits"),
                text("name"),
                text("place"),
                methods(&rule["methods"]),
            ]
        });
        stdout::print(&table(["HITS", "RULE", "PLACE", "METHODS"], rows))
    }
}

/// The methods on one line.
fn methods(methods: &Value) -> String {
    let methods: Vec<&str> = methods
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    methods.join(", ")
}
