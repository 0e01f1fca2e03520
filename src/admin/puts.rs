//! The methods that put rules and protos at run time.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::fields::{flag, text};
use super::reloads::{MAX_PROBLEMS, problems, problems_within, told};
use super::sessions::session_of;
use super::steered::{Answer, Steered};
use crate::handler::State;
use crate::live::{PutError, PutProtos, PutRules, ReloadTrigger};
use crate::message::Typed;

/// Of how many names an answer tells that their rules are set aside.
const MAX_SET_ASIDE: usize = 1000;

pub(super) async fn put_rules(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let mut put = PutRules::new(text(&request, "yaml"))
        .name(text(&request, "name"))
        .keep(flag(&request, "keep"))
        .check_only(flag(&request, "check_only"));
    if let Some(session) = session_of(&steered, &request)? {
        put = put.session(&session);
    }
    let outcome = reloads(&steered)?
        .put_rules(put)
        .await
        .map_err(|error| refused(&error))?;
    let (told, more_problems) = problems(&outcome.problems);
    let (warnings, more_warnings) = problems(&outcome.warnings);
    Ok(Typed(json!({
        "name": outcome.name,
        "rules": u32::try_from(outcome.rules).unwrap_or(u32::MAX),
        "problems": told,
        "more_problems": more_problems,
        "warnings": warnings,
        "more_warnings": more_warnings,
    })))
}

pub(super) async fn delete_rules(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let name = Some(text(&request, "name")).filter(|name| !name.is_empty());
    let reloads = reloads(&steered)?;
    let deleted = match session_of(&steered, &request)? {
        Some(session) => reloads.delete_rules_of(&session, name.as_deref()).await,
        None => reloads.delete_rules(name.as_deref()).await,
    };
    let deleted = deleted.map_err(|error| refused(&error))?;
    Ok(Typed(
        json!({ "deleted": u32::try_from(deleted).unwrap_or(u32::MAX) }),
    ))
}

pub(super) async fn put_protos(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let mut put = PutProtos::new();
    let files = request.get_field_by_name("files");
    let files = files.iter().filter_map(|files| files.as_list()).flatten();
    for file in files.filter_map(prost_reflect::Value::as_message) {
        put = put.file(text(file, "name"), text(file, "text"));
    }
    let set = request.get_field_by_name("descriptor_set");
    let set = set.as_deref().and_then(prost_reflect::Value::as_bytes);
    if let Some(set) = set.filter(|set| !set.is_empty()) {
        put = put.descriptor_set(set.clone());
    }
    let outcome = reloads(&steered)?.put_protos(put).await;
    Ok(Typed(told(&*outcome.map_err(|error| refused(&error))?)))
}

/// The rules that were put, and do not fit what is served.
pub(super) fn set_aside(steered: &Steered) -> Vec<Value> {
    let set_aside = steered.reloads.as_ref().map(ReloadTrigger::rules_set_aside);
    let set_aside = set_aside
        .iter()
        .flat_map(|set_aside| set_aside.iter())
        .take(MAX_SET_ASIDE);
    let mut room = MAX_PROBLEMS;
    let told = set_aside.map(|aside| {
        let (problems, more_problems) = problems_within(room, &aside.problems);
        room -= problems.len();
        json!({
            "name": aside.name,
            "session": aside.session.as_deref().unwrap_or_default(),
            "problems": problems,
            "more_problems": more_problems,
        })
    });
    told.collect()
}

fn reloads(steered: &Steered) -> Result<&ReloadTrigger, Status> {
    let reloads = steered.reloads.as_ref();
    reloads.ok_or_else(|| Status::failed_precondition("this server takes no rules at run time"))
}

fn refused(error: &PutError) -> Status {
    let text = error.to_string();
    match error {
        PutError::InvalidName(_) | PutError::KeptOfSession => Status::invalid_argument(text),
        PutError::Full(_) => Status::resource_exhausted(text),
        PutError::NoFolder => {
            Status::failed_precondition(format!("{text}: `protod serve --kept-rules FOLDER` gives it one"))
        }
        PutError::Unknown(_) | PutError::NoSession(_) => Status::not_found(text),
        PutError::Failed(_) => Status::internal(text),
        PutError::NotRunning => Status::unavailable(text),
    }
}
