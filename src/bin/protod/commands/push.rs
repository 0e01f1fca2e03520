//! `protod push`: sends messages into the streams of calls in flight, between those of their handlers.
//!
//! Each message is sent when it is read, and is in the response before the next one is read.

use clap::Args;
use serde_json::{Number, Value};

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::data::Data;
use crate::arguments::open_call::{OpenCallTarget, done};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;

const EXAMPLES: &str = r#"Examples:
  # Into one call; `protod calls --open` lists them
  protod push 17 -d '{"label": "now"}'
  # Into all open calls of a method
  protod push --method shop.Orders/Watch -d '{"state": "SHIPPED"}'
  # The messages that come on stdin, each as it comes
  protod push 17 -d @"#;

/// Send messages into calls in flight of a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Push {
    #[command(flatten)]
    calls: OpenCallTarget,

    /// Only calls of this session
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// The messages: JSON, @FILE, or @- for stdin; any number of them, one after the other
    #[arg(short, long, value_name = "DATA", env = "PROTOD_DATA")]
    data: Data,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Push {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let data = self.data.open()?;
        let messages = serde_json::Deserializer::from_reader(data).into_iter::<Value>();
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            let mut sent = 0;
            for (message, number) in messages.zip(1..) {
                let message = message.map_err(|error| {
                    Failure::caused(format!("message {number} of the data is no JSON"), error)
                })?;
                let mut request = self.calls.request(self.session.as_ref());
                request["json"] = exact(message);
                let calls = done(&admin.call("Send", &request).await?, "did not take the message")?;
                if calls == 0 {
                    let method = self.calls.method().unwrap_or_default();
                    return Err(Failure::new(format!("no call of {method} is in flight")));
                }
                sent = number;
            }
            if sent == 0 {
                return Err(Failure::new("the data has no message: an empty one is `{}`"));
            }
            Ok(())
        })
    }
}

/// Numbers on their way are doubles. Those that would be others then go as texts, which integers may be in ProtoJSON.
fn exact(value: Value) -> Value {
    const EXACT: u64 = 1 << 53;
    let is_exact = |number: &Number| {
        let integer = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
        integer.is_none_or(|integer| integer <= EXACT)
    };
    match value {
        Value::Number(number) if !is_exact(&number) => Value::String(number.to_string()),
        Value::Array(values) => values.into_iter().map(exact).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, exact(value)))
            .collect(),
        value => value,
    }
}
