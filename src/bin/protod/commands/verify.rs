//! `protod verify`: whether so many calls have come. The exit code is 1 if not, and stderr has the nearest calls with what is
//! different about them.

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use crate::arguments::admin_client::{AdminTarget, duration};
use crate::arguments::count::count;
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::arguments::time::Time;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = r#"Examples:
  # At least one call has come
  protod verify shop.Orders/Get
  # Two calls with this request come within two seconds
  protod verify shop.Orders/Get --where 'request.name == "tea"' --exactly 2 --within 2s"#;

/// Verify which calls have come to a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("expected"))]
pub(crate) struct Verify {
    /// The method: package.Service/Method
    #[arg(value_name = "METHOD")]
    method: String,

    /// Only calls for which this expression in CEL holds
    #[arg(long = "where", value_name = "CEL", env = "PROTOD_WHERE")]
    condition: Option<String>,

    /// Only calls of this session
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// Exactly so many calls
    #[arg(long, value_name = "N", env = "PROTOD_EXACTLY", group = "expected", value_parser = count::<u64>(0, u64::MAX))]
    exactly: Option<u64>,

    /// So many calls or more [default: 1]
    #[arg(long, value_name = "N", env = "PROTOD_AT_LEAST", group = "expected", value_parser = count::<u64>(0, u64::MAX))]
    at_least: Option<u64>,

    /// So many calls or fewer
    #[arg(long, value_name = "N", env = "PROTOD_AT_MOST", group = "expected", value_parser = count::<u64>(0, u64::MAX))]
    at_most: Option<u64>,

    /// No call
    #[arg(long, env = "PROTOD_NEVER", group = "expected")]
    never: bool,

    /// Wait up to so long until it is so
    #[arg(long, value_name = "TIME", env = "PROTOD_WITHIN", value_parser = Time::parse)]
    within: Option<Time>,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Verify {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut request = json!({ "method": self.method, "never": self.never });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                request[name] = value;
            }
        };
        set("where", self.condition.clone().map(Value::from));
        set(
            "session",
            self.session.as_ref().map(|session| session.as_str().into()),
        );
        for (name, calls) in [
            ("exactly", self.exactly),
            ("atLeast", self.at_least),
            ("atMost", self.at_most),
        ] {
            set(name, calls.map(|calls| calls.to_string().into()));
        }
        set("within", self.within.map(|Time(time)| duration(time).into()));
        let answer = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.call("Verify", &request).await
        })?;
        if self.json {
            stdout::print(&format!("{answer:#}\n"))?;
        }
        if answer["verified"] == true {
            return Ok(());
        }
        Err(Failure::new(answer["failure"].as_str().unwrap_or_default()))
    }
}
