//! Which calls in flight a command is about: one, by its number, or all of a method; and what came of it.

use clap::Args;
use serde_json::{Value, json};

use super::count::count;
use super::session::SessionName;
use crate::failure::Failure;

/// Calls in flight.
#[derive(Debug, Clone, Args)]
#[group(id = "calls", required = true, multiple = false)]
pub(crate) struct OpenCallTarget {
    /// The number of the call, as `protod calls --open` prints it
    #[arg(value_name = "ID", value_parser = count::<u64>(1, u64::MAX))]
    id: Option<u64>,

    /// All calls in flight of this method, package.Service/Method
    #[arg(long, value_name = "METHOD", env = "PROTOD_METHOD")]
    method: Option<String>,
}

impl OpenCallTarget {
    /// A request of the admin service about them, those of a session if one is named.
    pub(crate) fn request(&self, session: Option<&SessionName>) -> Value {
        let session = session.map(SessionName::as_str);
        match self.id {
            Some(id) => json!({ "id": id.to_string(), "session": session }),
            None => json!({ "method": self.method, "session": session }),
        }
    }

    /// The method, if it is not one call.
    pub(crate) fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }
}

/// How many calls it was done with. Fails if some `did_not`, as in "did not take the message".
pub(crate) fn done(answer: &Value, did_not: &str) -> Result<u64, Failure> {
    let calls = answer["calls"].as_u64().unwrap_or_default();
    let failures = answer["failures"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if failures.is_empty() {
        return Ok(calls);
    }
    let lines = failures.iter().map(|failure| {
        let text = |name: &str| failure[name].as_str().unwrap_or_default();
        format!("call {}: {}: {}", text("id"), text("code"), text("message"))
    });
    let mut lines: Vec<String> = lines.collect();
    let more = answer["moreFailures"].as_u64().unwrap_or_default();
    let failed = lines.len() as u64 + more;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let all = calls + failed;
    Err(Failure::caused(
        format!("{failed} of {all} calls {did_not}"),
        lines.join("\n"),
    ))
}
