//! `protod calls`: what the clients of a running server have called, which rule answered, and why none did.
//!
//! A line for each call, or JSON; with `-f` as they end, with `--open` those in flight. One call is printed with all that was
//! kept of it. With `--fleet` they are those of all servers that share a store.

mod of_fleet;

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::arguments::admin_client::{AdminTarget, json as json_of};
use crate::arguments::count::count;
use crate::arguments::session::SessionName;
use crate::arguments::store::StoreArgs;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::{one_line, table};

const EXAMPLES: &str = r#"Examples:
  # The newest calls
  protod calls
  # As they end, those that no rule answered, and why
  protod calls -f --where '!call.matched'
  # With all headers and messages
  protod calls 17
  # Those in flight
  protod calls --open
  protod calls --method shop.Orders/Get --where 'request.name == "tea" && call.code == "OK"' --json
  # Those of all servers that share a store, as they end
  protod calls --fleet -f --store nats://localhost:4222"#;

/// List the calls of a running server, or of a fleet.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Calls {
    /// Print this call, with all that was kept of it
    #[arg(value_name = "ID", value_parser = count::<u64>(0, u64::MAX))]
    id: Option<u64>,

    /// Print calls as they end, from now on
    #[arg(short, long, env = "PROTOD_FOLLOW", conflicts_with = "id")]
    follow: bool,

    /// Print the calls in flight that wait or have waited, instead of those that have ended; with -f, before those that end
    #[arg(long, env = "PROTOD_OPEN", conflicts_with_all = ["id", "condition", "limit"])]
    open: bool,

    /// Print the calls of all servers that share the store, with what is told of them: no headers, no messages, no peer
    #[arg(long, env = "PROTOD_FLEET", conflicts_with_all = ["id", "open"], requires = "store")]
    fleet: bool,

    /// Only the calls of this method, package.Service/Method
    #[arg(long, value_name = "METHOD", env = "PROTOD_METHOD")]
    method: Option<String>,

    /// Only the calls for which this expression in CEL holds
    #[arg(long = "where", value_name = "CEL", env = "PROTOD_WHERE")]
    condition: Option<String>,

    /// Only the calls of this session
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// How many of the newest calls
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_LIMIT",
        default_value_t = 100,
        value_parser = count::<u32>(1, u32::MAX.into())
    )]
    limit: u32,

    /// Print JSON; with -f, a line for each call
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Calls {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        if self.fleet {
            return self.run_for_fleet();
        }
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            if let Some(id) = self.id {
                let answer = admin.call("GetCall", &json!({ "id": id.to_string() })).await?;
                return stdout::print(&format!("{:#}\n", answer["call"]));
            }
            let method = self.method.as_deref().unwrap_or_default();
            let mut request = json!({
                "method": method,
                "session": self.session.as_ref().map(SessionName::as_str),
            });
            if self.open {
                let open = admin.newest("ListOpen", request.clone(), "calls", u32::MAX);
                self.print(&open.await?)?;
                if !self.follow {
                    return Ok(());
                }
            }
            request["where"] = self.condition.as_deref().unwrap_or_default().into();
            if self.follow {
                let mut responses = admin.watch("WatchCalls", &request).await?;
                while let Some(response) = responses.message().await.map_err(ended)? {
                    self.print_one(&json_of(&response)?)?;
                }
                return Ok(());
            }
            self.print(&admin.newest("ListCalls", request, "calls", self.limit).await?)
        })
    }

    /// Prints a list of calls.
    fn print(&self, answer: &Value) -> Result<(), Failure> {
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        let calls = answer["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !calls.iter().any(|call| !text(call, "session").is_empty()) {
            let headings = ["ID", "START", "METHOD", "CODE", "TIME", "ANSWERED BY"];
            return stdout::print(&table(headings, calls.iter().map(row)));
        }
        let rows = calls.iter().map(|call| {
            let [id, start, method, code, time, answered] = row(call);
            [id, start, method, code, time, text(call, "session"), answered]
        });
        let headings = ["ID", "START", "METHOD", "CODE", "TIME", "SESSION", "ANSWERED BY"];
        stdout::print(&table(headings, rows))
    }

    /// Prints a call that has just ended.
    fn print_one(&self, response: &Value) -> Result<(), Failure> {
        let call = &response["call"];
        if self.json {
            return stdout::print(&format!("{response}\n"));
        }
        let missed = response["missed"].as_str().unwrap_or("0");
        if missed != "0" {
            stdout::print(&format!("… {missed} calls came too fast to be seen\n"))?;
        }
        let mut cells = replica_of(call) + &row(call).map(|cell| one_line(&cell)).join("  ");
        let session = text(call, "session");
        if !session.is_empty() {
            cells = format!("{cells}  (session {session})");
        }
        stdout::print(&format!("{cells}\n"))
    }
}

/// The cells of a call.
fn row(call: &Value) -> [String; 6] {
    let text = |name: &str| text(call, name);
    let answered = match (text("rule"), text("unmatchedReason")) {
        (rule, reason) if reason.is_empty() => rule,
        (rule, reason) if rule.is_empty() => reason,
        (rule, reason) => format!("{rule}: {reason}"),
    };
    [
        text("id"),
        in_millis(&text("start")),
        text("method"),
        text("code"),
        readable(&text("duration")),
        answered,
    ]
}

fn text(call: &Value, name: &str) -> String {
    call[name].as_str().unwrap_or_default().to_owned()
}

/// What a line begins with for a call of a fleet that has just ended.
fn replica_of(call: &Value) -> String {
    match text(call, "replica") {
        replica if replica.is_empty() => replica,
        replica => format!("{}  ", one_line(&replica)),
    }
}

/// Why a stream of calls has ended.
fn ended(status: tonic::Status) -> Failure {
    Failure::caused("the server tells of no more calls", status)
}

/// A time in RFC 3339, with no more digits than people read.
fn in_millis(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, fraction)) => {
            let millis: String = fraction
                .chars()
                .take_while(char::is_ascii_digit)
                .take(3)
                .collect();
            format!("{seconds}.{millis:0<3}Z")
        }
        None => time.to_owned(),
    }
}

/// A duration as protobuf writes it in JSON, in the unit that it is of.
fn readable(duration: &str) -> String {
    let seconds = duration
        .strip_suffix('s')
        .and_then(|seconds| seconds.parse().ok());
    let duration_of = |seconds| Duration::try_from_secs_f64(seconds).ok();
    match seconds.and_then(duration_of) {
        Some(duration) => format!("{duration:.1?}"),
        None => duration.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_long_as_people_read() {
        for (exact, short) in [
            ("2026-11-29T18:07:03.000120512Z", "2026-11-29T18:07:03.000Z"),
            ("2026-11-29T18:07:03.98Z", "2026-11-29T18:07:03.980Z"),
            ("2026-11-29T18:07:03Z", "2026-11-29T18:07:03Z"),
        ] {
            assert_eq!(in_millis(exact), short);
        }
        for (exact, short) in [
            ("0.000120512s", "120.5µs"),
            ("0.012s", "12.0ms"),
            ("75.250s", "75.2s"),
            ("", ""),
        ] {
            assert_eq!(readable(exact), short);
        }
    }
}
