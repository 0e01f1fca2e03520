//! The method that adds messages to a collection, from lines of JSON.
//!
//! What is read of a request is written before the next one is taken, and who writes faster than the collection is stored waits.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::collections::collection_of;
use super::fields::text;
use super::steered::{Answer, Steered};
use crate::collection::Writer;
use crate::handler::{Call, State};
use crate::message::{Message, Typed};
use crate::rules::RulesCollection;

/// How many bytes a line has, if it does not end in the request in which it begins.
const MAX_LINE: usize = 16 << 20;

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
        of: Arc::new(of),
        rest: String::new(),
        line: 0,
        added: 0,
    };
    let mut next = Some(first);
    while let Some(request) = next {
        import.rest += &text(&request, "lines");
        if let Err(status) = import.whole_lines().await {
            return Err(import.cut_off(&status).await);
        }
        next = call.recv().await?;
    }
    import.rest.push('\n');
    if let Err(status) = import.whole_lines().await {
        return Err(import.cut_off(&status).await);
    }
    import.writer.committed().await.map_err(|fault| fault.status())?;
    Ok(Typed(json!({ "messages": import.added })))
}

/// An import, as far as it has come.
struct Import {
    writer: Writer,
    of: Arc<RulesCollection>,
    /// The begin of a line.
    rest: String,
    /// How many lines were read.
    line: u64,
    /// How many messages were written.
    added: u64,
}

/// The messages of some lines, and why there are no more, if a line is wrong.
struct Lines {
    messages: Vec<Bytes>,
    /// How many lines they are, with those that are empty.
    count: u64,
    wrong: Option<Status>,
}

impl Import {
    /// Writes the messages of the lines that have ended.
    async fn whole_lines(&mut self) -> Result<(), Status> {
        let Some(end) = self.rest.rfind('\n') else {
            if self.rest.len() > MAX_LINE {
                return Err(Status::invalid_argument(format!(
                    "line {}: it has more than {MAX_LINE} bytes",
                    self.line + 1
                )));
            }
            return Ok(());
        };
        let rest = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, rest);
        let (of, before) = (Arc::clone(&self.of), self.line);
        let read = tokio::task::spawn_blocking(move || read(&of, &lines, before)).await;
        let Lines {
            messages,
            count,
            wrong,
        } = read.map_err(|_| Status::unavailable("the server ends"))?;
        self.line += count;
        for message in messages {
            if self.writer.is_full() {
                self.writer.room().await;
            }
            self.writer.put(&message).map_err(|fault| fault.status())?;
            self.added += 1;
        }
        wrong.map_or(Ok(()), Err)
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

/// Reads lines; `before` is how many there were before these.
fn read(of: &RulesCollection, lines: &str, before: u64) -> Lines {
    let mut read = Lines {
        messages: Vec::new(),
        count: 0,
        wrong: None,
    };
    let descriptor = &of.declaration.message;
    for line in lines.lines() {
        read.count += 1;
        if line.trim().is_empty() {
            continue;
        }
        // Checked as what comes from the wire: what it may hold has its bounds.
        let message = Message::from_json(descriptor.clone(), line)
            .and_then(|message| Message::decode(&of.schema, descriptor, message.to_bytes()));
        match message {
            Ok(message) => read.messages.push(message.to_bytes()),
            Err(error) => {
                let number = before + read.count;
                read.wrong = Some(Status::invalid_argument(format!("line {number}: {error}")));
                break;
            }
        }
    }
    read
}
