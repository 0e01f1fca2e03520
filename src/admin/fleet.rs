//! The method that lists the servers of a fleet.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::fields::timestamp;
use super::steered::{Answer, Steered};
use crate::fleet::{PublishedGeneration, ReplicaState};
use crate::handler::State;
use crate::message::Typed;

pub(super) async fn list_replicas(State(steered): State<Arc<Steered>>, _: DynamicMessage) -> Answer {
    let Some(fleet) = &steered.fleet else {
        return Err(Status::failed_precondition(
            "this server is none of a fleet: it shares no store with others",
        ));
    };
    let state = fleet.state().await.map_err(|error| match error.status() {
        Some(status) => Status::new(status.code(), format!("{error}: {}", status.message())),
        None => Status::internal(error.to_string()),
    })?;
    Ok(Typed(json!({
        "current": state.current.as_ref().map(generation),
        "replicas": state.replicas.iter().map(replica).collect::<Vec<_>>(),
    })))
}

fn generation(of: &PublishedGeneration) -> Value {
    json!({
        "generation": of.id,
        "published": timestamp(of.at),
        "rollback": of.is_rollback,
        "bytes": of.bytes,
        "services": of.services,
        "methods": of.methods,
        "rules": of.rules,
    })
}

fn replica(of: &ReplicaState) -> Value {
    let (refused, problems) = of
        .refused
        .as_ref()
        .map_or(("", &[][..]), |(id, problems)| (id, problems));
    json!({
        "name": of.name,
        "address": of.address,
        "version": of.version,
        "started": timestamp(of.started),
        "generation": of.serves.as_deref().unwrap_or_default(),
        "since": of.since.map(timestamp),
        "serving": of.is_serving,
        "trouble": of.trouble.as_deref().unwrap_or_default(),
        "refused_generation": refused,
        "problems": problems,
    })
}
