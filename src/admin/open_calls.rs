//! The methods that steer calls in flight: what goes into them, and that they end.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::json;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::call_value::{MAX_TEXT, summary};
use super::fields::{number, text};
use super::paging::Page;
use super::rules::{method_name, states};
use super::sessions::session_of;
use super::steered::{Answer, Steered};
use crate::excerpt::shortened;
use crate::handler::{CODES, State, code_name};
use crate::message::{Message, Typed};
use crate::server::{OpenCall, OpenCalls};
use crate::session::Session;

/// How many failures an answer has.
const MAX_FAILURES: usize = 1000;

pub(super) async fn list_open(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let calls = match text(&request, "method") {
        method if method.is_empty() => open_calls(&steered)?.list(),
        method => calls_of(&steered, &method)?,
    };
    let session = session_of(&steered, &request)?;
    let page = Page::asked_by(&request)?;
    let newest = calls.iter().rev().filter(|call| call.id() < page.before());
    let newest = newest.filter_map(|call| Some((call.id(), call.recorded()?)));
    let newest = newest.filter(|(_, call)| session.as_ref().is_none_or(|session| call.is_of(session)));
    Ok(Typed(page.of_newest("calls", newest, summary)))
}

pub(super) async fn send(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    each(&steered, &request, |call| {
        let message = message(&request, &call);
        async move { call.send(message?).await }
    })
    .await
}

pub(super) async fn end(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let code = match text(&request, "code") {
        code if code.is_empty() => Code::Cancelled,
        code => code_of(&code)?,
    };
    let message = match text(&request, "message") {
        message if message.is_empty() && code != Code::Ok => "the call was ended from outside".to_owned(),
        message => message,
    };
    each(&steered, &request, |call| {
        let status = Status::new(code, &message);
        async move { call.end(status).await }
    })
    .await
}

pub(super) async fn signal(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let name = text(&request, "name");
    if name.is_empty() {
        return Err(Status::invalid_argument("a signal needs its name"));
    }
    let key = text(&request, "key");
    let has_key = request.has_field_by_name("key");
    let session = session_of(&steered, &request)?;
    let calls: usize = states(&steered.server, session.as_ref())
        .iter()
        .map(|state| state.signal(&name, has_key.then_some(&key)))
        .sum();
    Ok(Typed(json!({ "calls": calls })))
}

/// Does something with the call of the request's `id`, or with all calls of its `method` at the same time.
async fn each<F>(steered: &Steered, request: &DynamicMessage, act: impl Fn(OpenCall) -> F) -> Answer
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let id = number(request, "id").unwrap_or_default();
    let method = text(request, "method");
    let session = session_of(steered, request)?;
    let is_meant = |call: &OpenCall| {
        let session = session.as_ref();
        session.is_none_or(|session| call.recorded().is_some_and(|recorded| recorded.is_of(session)))
    };
    match (id, method.is_empty()) {
        (0, true) => return Err(Status::invalid_argument("it needs the id of a call, or a method")),
        (0, false) => {}
        (_, false) => return Err(Status::invalid_argument("an id or a method is enough")),
        (id, true) => {
            let call = open_calls(steered)?.get(id)?;
            if !is_meant(&call) {
                let name = session.as_ref().map(Session::name).unwrap_or_default();
                return Err(Status::not_found(format!(
                    "call {id} is none of the session {name:?}"
                )));
            }
            act(call).await?;
            return Ok(Typed(json!({ "calls": 1 })));
        }
    }
    let mut running = JoinSet::new();
    for call in calls_of(steered, &method)?.into_iter().filter(is_meant) {
        let id = call.id();
        let done = act(call);
        running.spawn(async move { (id, done.await) });
    }
    let mut done = running.join_all().await;
    done.sort_unstable_by_key(|(id, _)| *id);
    let all = done.len();
    let failed = done
        .into_iter()
        .filter_map(|(id, result)| Some((id, result.err()?)));
    let failed: Vec<_> = failed.collect();
    let told = failed.iter().take(MAX_FAILURES);
    let failures = told.map(|(id, status)| {
        json!({
            "id": id,
            "code": code_name(status.code()),
            "message": shortened(status.message(), MAX_TEXT),
        })
    });
    Ok(Typed(json!({
        "calls": all - failed.len(),
        "failures": failures.collect::<Vec<_>>(),
        "more_failures": failed.len().saturating_sub(MAX_FAILURES),
    })))
}

fn open_calls(steered: &Steered) -> Result<OpenCalls, Status> {
    let open = steered.server.open_calls();
    open.ok_or_else(|| Status::failed_precondition("the server does not keep its calls in flight"))
}

/// The calls in flight of a method.
///
/// Fails if there is no such method.
fn calls_of(steered: &Steered, method: &str) -> Result<Vec<OpenCall>, Status> {
    let name = method_name(&steered.server, method)?;
    let mut calls = open_calls(steered)?.list();
    calls.retain(|call| call.method().name() == name);
    Ok(calls)
}

/// The message of a request, for a call.
fn message(request: &DynamicMessage, call: &OpenCall) -> Result<Message, Status> {
    let wire = request.get_field_by_name("wire");
    let wire = wire.as_deref().and_then(prost_reflect::Value::as_bytes);
    let wire = wire.cloned().unwrap_or_default();
    if !request.has_field_by_name("json") {
        let message = call.message_from_bytes(wire);
        return message.map_err(|error| Status::invalid_argument(error.to_string()));
    }
    if !wire.is_empty() {
        return Err(Status::invalid_argument("the message in one form is enough"));
    }
    let json = request.get_field_by_name("json");
    let json = json
        .as_deref()
        .and_then(prost_reflect::Value::as_message)
        .cloned();
    let json = json.map_or_else(
        || Ok("null".to_owned()),
        |json| Message::from_dynamic(json).to_json(),
    )?;
    call.message_from_json(&json)
        .map_err(|error| without_position(&error.into()))
}

/// The path of the field is enough: line and column are those of a text that the client has not written.
fn without_position(status: &Status) -> Status {
    let message = status.message();
    let place = message.rfind(" at line ");
    Status::new(status.code(), &message[..place.unwrap_or(message.len())])
}

/// The code of a name.
fn code_of(name: &str) -> Result<Code, Status> {
    match CODES.iter().position(|known| *known == name) {
        Some(code) => Ok(Code::from_i32(code as i32)),
        None => Err(Status::invalid_argument(format!(
            "{name:?} is no code; they are {}",
            CODES.join(", ")
        ))),
    }
}
