//! The methods that look at collections as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::fields::{duration, text};
use super::paging::Page;
use super::rules::all;
use super::sessions::session_of;
use super::steered::{Answer, Steered};
use crate::collection::Durability;
use crate::excerpt::excerpt;
use crate::handler::State;
use crate::message::Typed;
use crate::rules::{Rules, RulesCollection};
use crate::suggest;

/// How many fields of a type are told.
const MAX_FIELDS: usize = 1000;

pub(super) async fn list_collections(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let page = Page::asked_by(&request)?;
    let collections = collections_of(&steered, &request)?;
    // It may wait for a disk.
    let listed = tokio::task::spawn_blocking(move || {
        page.of("collections", (0..).zip(collections.values()), |of| value(of))
    });
    Ok(Typed(
        listed.await.map_err(|_| Status::unavailable("the server ends"))?,
    ))
}

pub(super) async fn clear_collection(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let of = collection_of(&steered, &request, "name")?;
    let mut writer = of.collection.writer();
    writer.clear().map_err(|fault| fault.status())?;
    writer.committed().await.map_err(|fault| fault.status())?;
    Ok(Typed(json!({})))
}

/// The collection that a field of a request names, in the session that the request is about.
///
/// Fails if there is none.
pub(super) fn collection_of(
    steered: &Steered,
    request: &DynamicMessage,
    field: &str,
) -> Result<RulesCollection, Status> {
    let name = text(request, field);
    if name.is_empty() {
        return Err(Status::invalid_argument("it needs the name of a collection"));
    }
    let mut collections = collections_of(steered, request)?;
    collections.remove(&name).ok_or_else(|| {
        let hint = suggest::clause(&name, collections.keys().map(String::as_str));
        Status::not_found(format!("there is no collection {:?}{hint}", excerpt(&name)))
    })
}

/// The collections of the session that a request is about, by name.
fn collections_of(
    steered: &Steered,
    request: &DynamicMessage,
) -> Result<BTreeMap<String, RulesCollection>, Status> {
    let session = session_of(steered, request)?;
    let rules = match &session {
        Some(session) => all(&steered.server, Some(session)),
        None => steered.server.attached::<Rules>(),
    };
    let mut found = BTreeMap::new();
    for of in rules
        .iter()
        .flat_map(|rules| rules.collections_of(session.as_ref()))
    {
        // Rules that are put know those of files.
        found.entry(of.declaration.name.to_string()).or_insert(of);
    }
    Ok(found)
}

fn value(of: &RulesCollection) -> Value {
    let (declaration, collection) = (&of.declaration, &of.collection);
    let message = &declaration.message;
    let field = |number| Some(message.get_field(number)?.name().to_owned());
    let own = message.descriptor_proto().field.iter().take(MAX_FIELDS);
    let fields = own.filter_map(|field| message.get_field_by_name(field.name()));
    let durability = match declaration.durability {
        Durability::Memory => "memory",
        Durability::Flush => "flush",
        Durability::Fsync => "fsync",
    };
    let extent = collection.extent();
    json!({
        "name": &*declaration.name,
        "type": message.full_name(),
        "key": declaration.key.and_then(field),
        "messages": extent.as_ref().map_or(0, |extent| extent.count),
        "bytes": extent.as_ref().map_or(0, |extent| extent.size),
        "keep_count": declaration.keep.count.unwrap_or_default(),
        "keep_bytes": declaration.keep.size.unwrap_or_default(),
        "keep_age": declaration.keep.age.map(duration),
        "durability": durability,
        "engine": collection.engine(),
        "file": collection.file().map(|file| file.display().to_string()),
        "fields": fields.map(|field| field.json_name().to_owned()).collect::<Vec<_>>(),
        "failure": extent.err().map(|fault| fault.to_string()),
    })
}
