//! The method that gives the messages of a collection for a file: as lines, or in protobuf.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, Value};
use tonic::Status;

use super::collections::collection_of;
use super::fields::number;
use super::messages::{MAX_COST, search};
use super::steered::Steered;
use crate::collection::{Order, Position};
use crate::handler::{Call, State};
use crate::message::{LineFormat, Message, MessageLines};
use crate::rules::{Found, RulesCollection, Search};
use crate::schema::descriptor_set_of;

/// How many bytes of lines or messages an answer has, unless a single one has more.
const MAX_BYTES: usize = 64 << 10;

pub(super) async fn export_messages(
    State(steered): State<Arc<Steered>>,
    request: DynamicMessage,
    mut call: Call<DynamicMessage, DynamicMessage>,
) -> Result<(), Status> {
    let of = collection_of(&steered, &request, "collection")?;
    let after = number(&request, "after").filter(|after| *after > 0);
    let search = search(&of, &request, Order::Oldest, after)?;
    of.collection.caught_up().await.map_err(|fault| fault.status())?;
    let mut export = Export::new(of, search, format_of(&request)?);
    let mut part = export.begin(after.is_none());
    loop {
        let is_end = part.is_end;
        if !part.is_empty() {
            let mut response = call.response();
            part.write(&mut response);
            call.send(response).await?;
        }
        if is_end {
            return Ok(());
        }
        // It may wait for a disk.
        let next = tokio::task::spawn_blocking(move || {
            let part = export.next();
            (export, part)
        });
        let (rest, next) = next.await.map_err(|_| Status::unavailable("the server ends"))?;
        (export, part) = (rest, next?);
    }
}

/// The format that a request asks for; `None` for protobuf.
fn format_of(request: &DynamicMessage) -> Result<Option<LineFormat>, Status> {
    let format = request.get_field_by_name("format");
    match format.as_deref().and_then(Value::as_enum_number) {
        Some(0) | None => Ok(Some(LineFormat::Ndjson)),
        Some(1) => Ok(Some(LineFormat::Csv)),
        Some(2) => Ok(None),
        Some(other) => Err(Status::invalid_argument(format!("there is no format {other}"))),
    }
}

/// An export, as far as it has come.
struct Export {
    of: RulesCollection,
    search: Search,
    /// `None` for messages in protobuf.
    lines: Option<MessageLines>,
}

/// What one answer has.
#[derive(Default)]
struct Part {
    lines: String,
    wire: Vec<(Position, Bytes)>,
    messages: u64,
    position: Option<Position>,
    /// The name of the type, and the files that have it.
    of_type: Option<(String, Vec<u8>)>,
    is_end: bool,
}

impl Export {
    fn new(of: RulesCollection, search: Search, format: Option<LineFormat>) -> Self {
        let lines = format.map(|format| MessageLines::new(format, &of.declaration.message));
        Self { of, search, lines }
    }

    /// What comes before the messages.
    fn begin(&self, is_whole: bool) -> Part {
        let message = &self.of.declaration.message;
        match &self.lines {
            Some(lines) if is_whole => Part {
                lines: lines.head(),
                ..Part::default()
            },
            Some(_) => Part::default(),
            None => Part {
                of_type: Some((message.full_name().to_owned(), descriptor_set_of(message))),
                position: self.search.passed(),
                ..Part::default()
            },
        }
    }

    fn next(&mut self) -> Result<Part, Status> {
        let (mut part, mut bytes) = (Part::default(), 0);
        self.search.refill(MAX_COST);
        while bytes < MAX_BYTES {
            match self.search.next()? {
                Found::Message(position, message) => {
                    bytes += self.add(position, message, &mut part)?;
                    part.messages += 1;
                }
                Found::Unfinished => break,
                Found::End => {
                    part.is_end = true;
                    break;
                }
            }
        }
        part.position = self.search.passed();
        Ok(part)
    }

    /// Adds a message, and returns how many bytes it takes.
    fn add(&mut self, position: Position, message: Bytes, part: &mut Part) -> Result<usize, Status> {
        let Some(lines) = &mut self.lines else {
            let length = message.len();
            part.wire.push((position, message));
            return Ok(length + size_of::<Position>());
        };
        let before = part.lines.len();
        let message = Message::from_checked(self.of.declaration.message.clone(), message);
        lines.add(&message, &mut part.lines).map_err(|error| {
            let status = Status::from(error);
            let Position(position) = position;
            Status::new(
                status.code(),
                format!("the message at position {position}: {}", status.message()),
            )
        })?;
        Ok(part.lines.len() - before)
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.wire.is_empty() && self.of_type.is_none()
    }

    fn write(self, response: &mut DynamicMessage) {
        let position = self.position.map_or(0, |Position(position)| position);
        let positions = self
            .wire
            .iter()
            .map(|(Position(position), _)| Value::U64(*position));
        let positions = positions.collect();
        let wire = self.wire.into_iter().map(|(_, message)| Value::Bytes(message));
        let (of_type, descriptors) = self.of_type.unwrap_or_default();
        for (field, value) in [
            ("lines", Value::String(self.lines)),
            ("messages", Value::U64(self.messages)),
            ("position", Value::U64(position)),
            ("wire", Value::List(wire.collect())),
            ("positions", Value::List(positions)),
            ("type", Value::String(of_type)),
            ("descriptor_set", Value::Bytes(descriptors.into())),
        ] {
            response.set_field_by_name(field, value);
        }
    }
}
