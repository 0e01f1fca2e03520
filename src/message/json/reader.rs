//! ProtoJSON messages one after the other, from anything that can be read.
//!
//! Nothing is read ahead of a message, so it can be used for a conversation at a terminal, and endless data takes no
//! memory.

use std::fmt;
use std::io::Read;

use prost_reflect::MessageDescriptor;
use serde_json::de::IoRead;

use super::input::read;
use crate::message::error::MessageError;
use crate::message::message::Message;

/// Reads messages of one type, with or without white space between them.
///
/// A message ends with its last brace: one that a person has typed is there before the next is begun. Lines and
/// columns in errors count from the start of the data. After an error there are no more messages.
///
/// ```
/// use protod::Schema;
/// use protod::message::JsonReader;
///
/// let schema = Schema::from_source("n.proto", r#"syntax = "proto3"; message N { int32 n = 1; }"#)?;
/// let n = schema.pool().get_message_by_name("N").expect("it is there");
/// let messages: Result<Vec<_>, _> = JsonReader::new(n, &br#"{"n": 1} {"n": 2}"#[..]).collect();
/// assert_eq!(messages?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JsonReader<R: Read> {
    descriptor: MessageDescriptor,
    deserializer: serde_json::Deserializer<IoRead<R>>,
    failed: bool,
}

impl<R: Read> JsonReader<R> {
    /// Reads messages of type `descriptor`. Bytes are read one at a time, so a file wants a buffer around it.
    pub fn new(descriptor: MessageDescriptor, data: R) -> Self {
        Self {
            descriptor,
            deserializer: serde_json::Deserializer::from_reader(data),
            failed: false,
        }
    }
}

impl<R: Read> Iterator for JsonReader<R> {
    type Item = Result<Message, MessageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.deserializer.end().is_ok() {
            return None;
        }
        let message = read(self.descriptor.clone(), &mut self.deserializer);
        self.failed = message.is_err();
        Some(message.map(Message::from).map_err(MessageError::json))
    }
}

impl<R: Read> fmt::Debug for JsonReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonReader")
            .field("type", &self.descriptor.full_name())
            .finish_non_exhaustive()
    }
}
