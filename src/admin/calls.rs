//! The methods that look at the calls of the server.
//!
//! Lists have no headers and no messages, so that an answer fits into what clients take; one call has all.

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::call_value::{summary, whole};
use super::fields::{flag, number, text, time};
use super::paging::Page;
use super::sessions::session_of;
use super::steered::{Answer, Steered};
use crate::error::{Error, Problem};
use crate::excerpt::shortened;
use crate::handler::{Call, State};
use crate::journal::RecordedCall;
use crate::message::Typed;
use crate::server::Journal;
use crate::verify::{CallFilter, Verify};

/// How many calls a page has, if it is not said.
const DEFAULT_CALLS: u64 = 100;

/// How many bytes the report of a verification has: it names all filters.
const MAX_FAILURE: usize = 64 << 10;

/// How long a verification waits at most.
const MAX_WAIT: Duration = Duration::from_hours(24);

pub(super) async fn list_calls(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let filter = filter_of(&steered, &request)?;
    list(&steered, &request, filter).await
}

pub(super) async fn unmatched_calls(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let filter = filter_of(&steered, &request)?.where_("!call.matched");
    list(&steered, &request, filter).await
}

async fn list(steered: &Steered, request: &DynamicMessage, filter: CallFilter) -> Answer {
    let journal = journal(steered)?;
    let page = Page::asked_by_or(request, DEFAULT_CALLS)?;
    let find = move || {
        journal.search(&filter, page.before(), |calls| {
            page.of_newest("calls", calls, summary)
        })
    };
    // It may go through all that the journal has.
    let calls = tokio::task::spawn_blocking(find).await;
    let calls = calls.map_err(|_| Status::unavailable("the server ends"))?;
    Ok(Typed(calls.map_err(|error| wrong_filter(&error))?))
}

pub(super) async fn get_call(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let id = number(&request, "id").unwrap_or_default();
    if id == 0 {
        return Err(Status::invalid_argument("it needs the id of a call"));
    }
    let (journal, schema) = (journal(&steered)?, steered.server.schema());
    // It may be looked for in all that the journal has.
    let find = move || journal.get(id).map(|call| whole(&call, &schema));
    let call = tokio::task::spawn_blocking(find).await;
    match call.map_err(|_| Status::unavailable("the server ends"))? {
        Some(call) => Ok(Typed(json!({ "call": call }))),
        None => Err(Status::not_found(format!(
            "the journal has no call {id}: there was none, or it is gone"
        ))),
    }
}

pub(super) async fn watch_calls(
    State(steered): State<Arc<Steered>>,
    request: DynamicMessage,
    mut call: Call<DynamicMessage, Typed<Value>>,
) -> Result<(), Status> {
    let journal = journal(&steered)?;
    let matcher = journal.matcher(&filter_of(&steered, &request)?);
    let matcher = matcher.map_err(|error| wrong_filter(&error))?;
    let summaries = flag(&request, "summaries");
    let mut watch = journal.watch();
    // Who has the headers sees all calls from now on.
    call.flush_headers();
    let draining = call.draining();
    tokio::pin!(draining);
    let mut missed = 0;
    loop {
        let recorded: RecordedCall = tokio::select! {
            recorded = watch.next() => recorded,
            () = &mut draining => return Ok(()),
        };
        missed += watch.take_missed();
        if matcher.matches(&recorded) {
            let missed = std::mem::take(&mut missed);
            let told = if summaries {
                summary(&recorded)
            } else {
                whole(&recorded, &steered.server.schema())
            };
            call.send(json!({ "call": told, "missed": missed })).await?;
        }
    }
}

pub(super) async fn clear_calls(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let session = session_of(&steered, &request)?;
    journal(&steered)?.clear_of(session.as_ref());
    Ok(Typed(json!({})))
}

pub(super) async fn verify(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let journal = journal(&steered)?;
    let mut in_order = Vec::new();
    if let Some(filters) = request.get_field_by_name("in_order")
        && let Some(filters) = filters.as_list()
    {
        for filter in filters.iter().filter_map(prost_reflect::Value::as_message) {
            in_order.push(filter_of(&steered, filter)?);
        }
    }
    let counts = ["exactly", "at_least", "at_most"].map(|name| number(&request, name));
    let never = flag(&request, "never");
    let asked = counts.iter().flatten().count() + usize::from(never) + usize::from(!in_order.is_empty());
    if asked > 1 {
        return Err(Status::invalid_argument(
            "one of exactly, at_least, at_most, never and in_order is enough",
        ));
    }
    let verify = if in_order.is_empty() {
        Verify::calls(filter_of(&steered, &request)?)
    } else {
        Verify::in_order(in_order)
    };
    let verify = match counts {
        _ if never => verify.never(),
        [Some(calls), ..] => verify.exactly(calls),
        [_, Some(calls), _] => verify.at_least(calls),
        [.., Some(calls)] => verify.at_most(calls),
        [None, None, None] => verify,
    };
    let within = time(&request, "within", MAX_WAIT)?.unwrap_or_default();
    match journal.verify(verify.within(within)).await {
        Ok(()) => Ok(Typed(json!({ "verified": true }))),
        Err(error) => match error.cause() {
            Some(cause) => Err(wrong_filter(cause)),
            None => Ok(Typed(
                json!({ "failure": shortened(&error.to_string(), MAX_FAILURE), "found": error.found() }),
            )),
        },
    }
}

/// The journal of the server.
fn journal(steered: &Steered) -> Result<Journal, Status> {
    let journal = steered.server.journal();
    journal.ok_or_else(|| Status::failed_precondition("the server keeps no journal of its calls"))
}

/// The filter in the fields `method`, `session` and `where`.
fn filter_of(steered: &Steered, request: &DynamicMessage) -> Result<CallFilter, Status> {
    let mut filter = match text(request, "method") {
        method if method.is_empty() => CallFilter::all(),
        method => CallFilter::method(method),
    };
    if let Some(session) = session_of(steered, request)? {
        filter = filter.session(&session);
    }
    Ok(match text(request, "where") {
        condition if condition.is_empty() => filter,
        condition => filter.where_(condition),
    })
}

/// Why a condition is wrong.
pub(super) fn wrong_filter(error: &Error) -> Status {
    let problems = error.problems().iter().map(Problem::on_one_line);
    let problems: Vec<String> = problems.collect();
    let text = if problems.is_empty() {
        match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }
    } else {
        problems.join("\n")
    };
    Status::invalid_argument(text)
}
