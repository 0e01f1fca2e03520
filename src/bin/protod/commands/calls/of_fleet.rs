//! `protod calls --fleet`: the calls of all servers that share a store, which they tell each other of in short.

use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_nanos;
use protod::fleet::{CallSummary, Fleet};
use protod::{CallFilter, Error};
use serde_json::{Value, json};

use super::{Calls, row, text};
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::table::table;

impl Calls {
    /// Prints the newest calls of all servers, or all that come.
    pub(super) fn run_for_fleet(&self) -> Result<(), Failure> {
        let (fleet, filter) = (self.store.fleet()?, self.filter());
        let runtime = client_runtime()?;
        if self.follow {
            return runtime.block_on(self.follow_fleet(&fleet, &filter));
        }
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let calls = runtime.block_on(fleet.calls(&filter, most))?;
        let calls: Vec<Value> = calls.iter().map(json_of).collect();
        if self.json {
            return stdout::print(&format!("{:#}\n", json!({ "calls": calls })));
        }
        let cells = calls
            .iter()
            .map(|call| (row(call), text(call, "replica"), text(call, "session")));
        if calls.iter().all(|call| text(call, "session").is_empty()) {
            let headings = ["REPLICA", "ID", "START", "METHOD", "CODE", "TIME", "ANSWERED BY"];
            let rows = cells.map(|([id, start, method, code, time, answered], replica, _)| {
                [replica, id, start, method, code, time, answered]
            });
            return stdout::print(&table(headings, rows));
        }
        let headings = [
            "REPLICA",
            "ID",
            "START",
            "METHOD",
            "CODE",
            "TIME",
            "SESSION",
            "ANSWERED BY",
        ];
        let rows = cells.map(|([id, start, method, code, time, answered], replica, session)| {
            [replica, id, start, method, code, time, session, answered]
        });
        stdout::print(&table(headings, rows))
    }

    async fn follow_fleet(&self, fleet: &Fleet, filter: &CallFilter) -> Result<(), Failure> {
        let mut watch = fleet.watch_calls(filter).await?;
        loop {
            let call = watch.next().await.map_err(ended)?;
            let response = json!({ "call": json_of(&call), "missed": watch.take_missed().to_string() });
            self.print_one(&response)?;
        }
    }

    fn filter(&self) -> CallFilter {
        let mut filter = match &self.method {
            Some(method) => CallFilter::method(method),
            None => CallFilter::all(),
        };
        if let Some(session) = &self.session {
            filter = filter.where_(format!("call.session == {:?}", session.as_str()));
        }
        match &self.condition {
            Some(condition) => filter.where_(condition),
            None => filter,
        }
    }
}

/// A call as the admin service tells it, as far as that is known, with its replica.
fn json_of(call: &CallSummary) -> Value {
    json!({
        "replica": call.replica,
        "id": call.id.to_string(),
        "method": call.method,
        "protocol": call.protocol,
        "start": time(call.start),
        "duration": seconds(call.duration),
        "code": call.code_name(),
        "session": call.session.as_deref().unwrap_or_default(),
        "rule": call.rule.as_deref().unwrap_or_default(),
        "generation": call.generation.to_string(),
        "unmatched": call.is_unmatched,
        "requestCount": call.request_count.to_string(),
        "responseCount": call.response_count.to_string(),
    })
}

fn time(time: SystemTime) -> String {
    format_rfc3339_nanos(time).to_string()
}

/// A duration as protobuf writes it in JSON.
fn seconds(duration: Duration) -> String {
    format!("{}.{:09}s", duration.as_secs(), duration.subsec_nanos())
}

/// Why no more calls come.
fn ended(error: Error) -> Failure {
    Failure::caused("the fleet tells of no more calls", error)
}
