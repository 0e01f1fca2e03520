//! The methods that make and end sessions, and the sessions that the other methods are asked for.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::fields::{text, time, timestamp};
use super::paging::Page;
use super::steered::{Answer, Steered};
use crate::excerpt::excerpt;
use crate::handler::State;
use crate::message::Typed;
use crate::session::{ListedSession, Session, SessionError, SessionOptions};

pub(super) async fn create_session(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let mut options = SessionOptions::default();
    let name = text(&request, "name");
    if !name.is_empty() {
        options = options.name(name);
    }
    if let Some(ttl) = time(&request, "ttl", SessionOptions::MAX_TTL)? {
        options = options.ttl(ttl);
    }
    let made = steered.server.sessions().create(options);
    let session = made.map_err(|error| match error {
        SessionError::AlreadyExists(_) => Status::already_exists(error.to_string()),
        SessionError::TooMany(_) => Status::resource_exhausted(error.to_string()),
        SessionError::InvalidName(_) | SessionError::InvalidTtl(_) => {
            Status::invalid_argument(error.to_string())
        }
    })?;
    Ok(Typed(value(&session.listed())))
}

pub(super) async fn list_sessions(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let page = Page::asked_by(&request)?;
    let sessions = steered.server.sessions().list().into_iter();
    let sessions = sessions.map(|session| (session.number, session));
    Ok(Typed(page.of("sessions", sessions, value)))
}

pub(super) async fn end_session(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let name = text(&request, "name");
    if name.is_empty() {
        return Err(Status::invalid_argument("it needs the name of a session"));
    }
    if steered.server.sessions().end(&name) {
        Ok(Typed(json!({})))
    } else {
        Err(no_session(&name))
    }
}

/// The session that the field `session` of a request names; `None` if it names none.
///
/// Fails if there is no such session: nothing would be found of it, which may be taken for an answer.
pub(super) fn session_of(steered: &Steered, request: &DynamicMessage) -> Result<Option<Session>, Status> {
    match text(request, "session") {
        name if name.is_empty() => Ok(None),
        name => {
            let session = steered.server.sessions().get(&name);
            session.map(Some).ok_or_else(|| no_session(&name))
        }
    }
}

fn no_session(name: &str) -> Status {
    Status::not_found(format!(
        "there is no session {:?}: it was never made, or it has ended",
        excerpt(name)
    ))
}

fn value(session: &ListedSession) -> Value {
    json!({
        "name": session.name,
        "created": timestamp(session.created),
        "expires": timestamp(session.expires),
        "calls": session.calls,
    })
}
