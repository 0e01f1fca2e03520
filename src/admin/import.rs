//! The method that adds messages to a collection, from lines of JSON or CSV.
//!
//! What is read of a request is written before the next one is taken, and who writes faster than the collection is stored waits.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, Value as FieldValue};
use serde_json::{Value, json};
use tonic::Status;

use super::collections::collection_of;
use super::fields::text;
use super::steered::{Answer, Steered};
use crate::collection::Writer;
use crate::handler::{Call, State};
use crate::message::{LineFormat, LineReader, Message, Typed};
use crate::rules::RulesCollection;

pub(super) async fn import_messages(
    State(steered): State<Arc<Steered>>,
    mut call: Call<DynamicMessage, Typed<Value>>,
) -> Answer {
    let Some(first) = call.recv().await? else {
        return Err(Status::invalid_argument("it needs the name of a collection"));
    };
    let of = collection_of(&steered, &first, "collection")?;
    let mut import = Import {
        writer: of.collection.writer(),
        lines: Lines {
            reader: LineReader::new(format_of(&first)?, &of.declaration.message),
            of,
        },
        added: 0,
    };
    let mut next = Some(first);
    while let Some(request) = next {
        import = import.write(Part::Lines(text(&request, "lines"))).await?;
        next = call.recv().await?;
    }
    import = import.write(Part::End).await?;
    import.writer.committed().await.map_err(|fault| fault.status())?;
    Ok(Typed(json!({ "messages": import.added })))
}

/// The format that a request says its lines have.
fn format_of(request: &DynamicMessage) -> Result<LineFormat, Status> {
    let format = request.get_field_by_name("format");
    match format.as_deref().and_then(FieldValue::as_enum_number) {
        Some(0) | None => Ok(LineFormat::Ndjson),
        Some(1) => Ok(LineFormat::Csv),
        Some(other) => Err(Status::invalid_argument(format!("there is no format {other}"))),
    }
}

/// An import, as far as it has come.
struct Import {
    writer: Writer,
    lines: Lines,
    /// How many messages were written.
    added: u64,
}

/// What becomes of a file.
enum Part {
    Lines(String),
    End,
}

/// The lines of a file, and what they are messages of.
struct Lines {
    reader: LineReader,
    of: RulesCollection,
}

/// The messages of some lines, and why there are no more, if a line is wrong.
struct Read {
    messages: Vec<Bytes>,
    wrong: Option<Status>,
}

impl Import {
    /// Writes the messages that end in a part.
    async fn write(mut self, part: Part) -> Result<Self, Status> {
        let mut lines = self.lines;
        let read = tokio::task::spawn_blocking(move || {
            let read = lines.read(&part);
            (lines, read)
        });
        let (lines, read) = read.await.map_err(|_| Status::unavailable("the server ends"))?;
        self.lines = lines;
        match self.add(read).await {
            Ok(()) => Ok(self),
            Err(status) => Err(self.cut_off(&status).await),
        }
    }

    async fn add(&mut self, read: Read) -> Result<(), Status> {
        for message in read.messages {
            if self.writer.is_full() {
                self.writer.room().await;
            }
            self.writer.put(&message).map_err(|fault| fault.status())?;
            self.added += 1;
        }
        read.wrong.map_or(Ok(()), Err)
    }

    /// Why it goes no further, and how far it has come.
    async fn cut_off(mut self, why: &Status) -> Status {
        match self.writer.committed().await {
            Ok(()) => Status::new(
                why.code(),
                format!(
                    "{}; the messages before it are stored: {}",
                    why.message(),
                    self.added
                ),
            ),
            Err(fault) => fault.status(),
        }
    }
}

impl Lines {
    fn read(&mut self, part: &Part) -> Read {
        let mut found = Vec::new();
        let read = match part {
            Part::Lines(text) => self.reader.read(text, &mut found),
            Part::End => self.reader.end(&mut found),
        };
        let wrong = read.err();
        let descriptor = &self.of.declaration.message;
        let mut messages = Vec::with_capacity(found.len());
        for (line, message) in found {
            // Checked as what comes from the wire: what it may hold has its bounds.
            match Message::decode(&self.of.schema, descriptor, message.to_bytes()) {
                Ok(message) => messages.push(message.to_bytes()),
                Err(error) => {
                    let wrong = Some(wrong_line(line, &error));
                    return Read { messages, wrong };
                }
            }
        }
        let wrong = wrong.map(|error| wrong_line(error.line, &error.why));
        Read { messages, wrong }
    }
}

fn wrong_line(line: u64, why: &impl std::fmt::Display) -> Status {
    Status::invalid_argument(format!("line {line}: {why}"))
}
