//! `Invoke` and `InvokeMore`: calls of the server's methods, made in its own process.
//!
//! A page cannot call the server itself, which is of another origin, and cannot send a stream of requests. So the requests of
//! a call that is kept open come one by one in calls of `InvokeMore`, which find it by its number.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::details::details;
use super::steered::{Answer, Steered};
use crate::duration::parse_nanoseconds;
use crate::handler::{Call, State, code_name};
use crate::message::{Bounds, Message, MessageType, Typed, json_to_wire};
use crate::schema::Method;
use crate::server::Event;

/// The longest deadline that may be asked for.
const MAX_TIMEOUT: Duration = Duration::from_hours(24);

/// What `user-agent` says of these calls.
const USER_AGENT: &str = concat!("protod-admin/", env!("CARGO_PKG_VERSION"));

pub(super) async fn invoke(
    State(steered): State<Arc<Steered>>,
    Typed(request): Typed<Value>,
    mut call: Call<Message, Typed<Value>>,
) -> Result<(), Status> {
    let server = &steered.server;
    let name = text(&request, "method");
    if name.is_empty() {
        return Err(Status::invalid_argument(
            "it needs a method, package.Service/Method",
        ));
    }
    let Some(method) = server.method(name) else {
        let problem = server.schema().unknown_method(name);
        return Err(Status::not_found(problem.on_one_line()));
    };
    let first = requests(&method, &request)?;
    let headers = headers(&request)?;
    let timeout = timeout(&request)?;
    let invocation = call.id();
    let keeps_open = request["keep_open"].as_bool().unwrap_or_default();
    let (more, _taking) = keeps_open
        .then(|| steered.invocations.begin(invocation, &method))
        .unzip();
    let mut invoked = server.call_in_process(&method, headers, timeout, first, more);
    let start = json!({ "invocation": invocation, "call": invoked.id().unwrap_or_default() });
    call.send(json!({ "start": start })).await?;
    let draining = call.draining();
    tokio::pin!(draining);
    loop {
        let event = tokio::select! {
            event = invoked.next() => event,
            () = &mut draining => return Err(Status::unavailable("the server is stopping")),
        };
        let answer = match event {
            None => return Ok(()),
            Some(Event::Headers(headers)) => json!({ "headers": { "headers": pairs(&headers) } }),
            Some(Event::Message(bytes)) => {
                let length = bytes.len();
                let message = Message::of_layout(method.layouts(), method.output_layout(), bytes);
                let json = message.to_json()?;
                let json: Value = serde_json::from_str(&json).map_err(|_| unprintable())?;
                json!({ "response": { "json": json, "length": length } })
            }
            Some(Event::End(ended)) => json!({ "end": end(ended, &steered) }),
        };
        call.send(answer).await?;
    }
}

pub(super) async fn invoke_more(State(steered): State<Arc<Steered>>, Typed(request): Typed<Value>) -> Answer {
    let invocation = request["invocation"].as_u64().unwrap_or_default();
    let gone = || {
        Status::not_found(format!(
            "no call of the invocation {invocation} takes more requests: there was none, or it has ended, or its requests have"
        ))
    };
    let taking = steered.invocations.get(invocation).ok_or_else(gone)?;
    for request in requests(&taking.method, &request)? {
        taking.requests.send(request).await.map_err(|_| gone())?;
    }
    if request["half_close"].as_bool().unwrap_or_default() {
        steered.invocations.half_close(invocation);
    }
    Ok(Typed(json!({})))
}

fn text<'r>(request: &'r Value, name: &str) -> &'r str {
    request[name].as_str().unwrap_or_default()
}

fn list<'r>(request: &'r Value, name: &str) -> &'r [Value] {
    request[name].as_array().map_or(&[], Vec::as_slice)
}

/// The requests as messages of the method, in protobuf.
fn requests(method: &Method, request: &Value) -> Result<Vec<Bytes>, Status> {
    let of = MessageType::input_of(method, Bounds::default());
    let messages = list(request, "requests").iter().enumerate().map(|(index, json)| {
        let mut wire = Vec::new();
        json_to_wire(of, json.to_string().as_bytes(), &mut wire).map_err(|error| {
            let input = method.input_name();
            Status::invalid_argument(format!("request {} is no {input}: {error}", index + 1))
        })?;
        Ok(wire.into())
    });
    messages.collect()
}

/// The metadata of the call, with the session that it belongs to.
fn headers(request: &Value) -> Result<HeaderMap, Status> {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    let session = text(request, "session");
    let session = (!session.is_empty()).then_some(("protod-session", session));
    let given = list(request, "headers").iter();
    let given = given.map(|header| (text(header, "name"), text(header, "value")));
    for (name, value) in given.chain(session) {
        let wrong = || Status::invalid_argument(format!("{name:?}: {value:?} is no header"));
        let name: HeaderName = name.to_ascii_lowercase().parse().map_err(|_| wrong())?;
        let value: HeaderValue = value.parse().map_err(|_| wrong())?;
        if let Some(what) = of_protocol(&name) {
            return Err(Status::invalid_argument(format!(
                "{name} is no metadata, but {what}"
            )));
        }
        if name == header::USER_AGENT {
            headers.insert(name, value);
        } else {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// What a header is that the call itself has. `None` if it is metadata.
fn of_protocol(name: &HeaderName) -> Option<&'static str> {
    match name.as_str() {
        "grpc-timeout" => Some("the deadline of the call: set its timeout"),
        "grpc-encoding" | "grpc-accept-encoding" | "content-encoding" | "accept-encoding" => {
            Some("how messages are compressed, which they are not here")
        }
        "content-type" | "content-length" | "te" | "host" | "connection" | "transfer-encoding"
        | "upgrade" | "keep-alive" | "proxy-connection" => Some("a header of the protocol"),
        _ => None,
    }
}

/// The time limit of the call.
fn timeout(request: &Value) -> Result<Option<Duration>, Status> {
    let Some(timeout) = request["timeout"].as_str() else {
        return Ok(None);
    };
    let nanoseconds = parse_nanoseconds(timeout).and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
    match nanoseconds.map(Duration::from_nanos) {
        Some(timeout) if timeout <= MAX_TIMEOUT => Ok(Some(timeout)),
        _ => Err(Status::invalid_argument("timeout is a time from 0 to a day")),
    }
}

/// Headers as messages.
fn pairs(headers: &HeaderMap) -> Vec<Value> {
    let pairs = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        json!({ "name": name.as_str(), "value": value })
    });
    pairs.collect()
}

/// How a call ended.
fn end(ended: Result<HeaderMap, Status>, steered: &Steered) -> Value {
    let (status, trailers) = match ended {
        Ok(trailers) => (Status::new(Code::Ok, ""), trailers),
        Err(status) => {
            let trailers = status.metadata().clone().into_headers();
            (status, trailers)
        }
    };
    json!({
        "code": code_name(status.code()),
        "message": status.message(),
        "details": details(status.details(), &steered.server.schema()),
        "trailers": pairs(&trailers),
    })
}

fn unprintable() -> Status {
    Status::internal("the response cannot be written in JSON")
}
