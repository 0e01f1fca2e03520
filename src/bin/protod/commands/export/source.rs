//! Where the messages of an export come from: a running server, or the file that one keeps, or has kept.

use prost_reflect::{MessageDescriptor, Value};
use protod::client::Responses;
use protod::{Archive, ArchivedCollection, Message, Schema};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::arguments::admin_client::{AdminClient, AdminTarget};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;

/// The messages of a collection behind a position.
pub(super) struct Source {
    /// The type of the messages.
    pub(super) message: MessageDescriptor,
    /// How many messages the collection had, if that is known.
    pub(super) count: u64,
    from: From,
}

enum From {
    File(Box<InFile>),
    Server(Box<Answers>),
}

/// A collection in a file.
struct InFile {
    archive: Archive,
    collection: ArchivedCollection,
    /// That of the last message that was read.
    position: u64,
}

/// What a server answers.
struct Answers {
    responses: Responses,
    schema: Schema,
    runtime: Runtime,
    /// It lives as long as the call.
    _admin: AdminClient,
}

/// Some messages.
pub(super) struct Batch {
    /// With their positions. `None` is one that does not fit the type that the collection has now.
    pub(super) messages: Vec<(u64, Option<Message>)>,
    /// Up to which position all is in these and those before.
    pub(super) position: u64,
}

impl Source {
    /// A collection in a file.
    pub(super) fn file(archive: Archive, name: &str, after: u64) -> Result<Self, Failure> {
        let collections = archive.collections()?;
        let found = collections.iter().find(|collection| collection.name() == name);
        let collection = found.ok_or_else(|| unknown(name, &collections))?.clone();
        Ok(Self {
            message: collection.message().clone(),
            count: collection.count(),
            from: From::File(Box::new(InFile {
                archive,
                collection,
                position: after,
            })),
        })
    }

    /// A collection of a running server.
    pub(super) fn server(
        target: &AdminTarget,
        name: &str,
        session: Option<&SessionName>,
        condition: Option<&str>,
        after: u64,
    ) -> Result<Self, Failure> {
        let session = session.map(SessionName::as_str);
        let request = json!({
            "collection": name,
            "session": session,
            "where": condition,
            "format": "WIRE",
            "after": after.to_string(),
        });
        let runtime = client_runtime()?;
        let (admin, mut responses, count) = runtime.block_on(async {
            let admin = target.connect().await?;
            let listed = admin.list("ListCollections", json!({ "session": session }), "collections");
            let listed = listed.await?["collections"].take();
            let found = listed
                .as_array()
                .into_iter()
                .flatten()
                .find(|of| of["name"] == name);
            let count = found.and_then(|of| of["messages"].as_str()?.parse().ok());
            let responses = admin.watch("ExportMessages", &request).await?;
            Ok::<_, Failure>((admin, responses, count))
        })?;
        let first = runtime.block_on(responses.message()).map_err(cut_off)?;
        let first = first.ok_or_else(|| Failure::new("the server does not tell the type of the messages"))?;
        let Value::Bytes(descriptors) = first.get("descriptor_set").map_err(unreadable)? else {
            return Err(Failure::new(
                "the server is of another version: it tells no types",
            ));
        };
        let schema = Schema::from_descriptor_set(&descriptors)?;
        let of_type = first.get("type").map_err(unreadable)?;
        let message = of_type
            .as_str()
            .and_then(|name| schema.pool().get_message_by_name(name));
        Ok(Self {
            message: message.ok_or_else(|| Failure::new("the server tells a type that is not whole"))?,
            count: count.unwrap_or_default(),
            from: From::Server(Box::new(Answers {
                responses,
                schema,
                runtime,
                _admin: admin,
            })),
        })
    }

    /// The next messages. `None` when there are no more.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Failure> {
        match &mut self.from {
            From::File(file) => {
                let messages = file.archive.read(&file.collection, file.position)?;
                let Some(last) = messages.last() else {
                    return Ok(None);
                };
                file.position = last.position;
                let messages = messages.into_iter();
                Ok(Some(Batch {
                    messages: messages.map(|of| (of.position, of.message.ok())).collect(),
                    position: file.position,
                }))
            }
            From::Server(answers) => {
                let response = answers.runtime.block_on(answers.responses.message());
                let response = response.map_err(cut_off)?;
                let Some(response) = response else { return Ok(None) };
                batch(&response, &answers.schema, &self.message).map(Some)
            }
        }
    }
}

/// The messages of an answer.
fn batch(response: &Message, schema: &Schema, message: &MessageDescriptor) -> Result<Batch, Failure> {
    let response = response.to_dynamic().map_err(unreadable)?;
    let field = |name| response.get_field_by_name(name);
    let (wire, positions, position) = (field("wire"), field("positions"), field("position"));
    let wire = wire.as_deref().and_then(Value::as_list).unwrap_or_default();
    let positions = positions.as_deref().and_then(Value::as_list).unwrap_or_default();
    let of = |(bytes, position): (&Value, &Value)| {
        let bytes = bytes.as_bytes().cloned().unwrap_or_default();
        let message = Message::decode(schema, message, bytes).ok();
        (position.as_u64().unwrap_or_default(), message)
    };
    Ok(Batch {
        messages: wire.iter().zip(positions).map(of).collect(),
        position: position.as_deref().and_then(Value::as_u64).unwrap_or_default(),
    })
}

fn cut_off(status: tonic::Status) -> Failure {
    Failure::caused("the export was cut off", status)
}

fn unreadable(error: protod::MessageError) -> Failure {
    Failure::caused("the answer of the server cannot be read", error)
}

fn unknown(name: &str, collections: &[ArchivedCollection]) -> Failure {
    let known: Vec<&str> = collections.iter().map(ArchivedCollection::name).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Failure::new(format!("there is no collection `{name}`: there is {known}"))
}
