//! [`Translation`]: between protobuf, which handlers know, and the JSON that the messages of some calls are on the wire.

use std::sync::Arc;

use tonic::Status;

use crate::message::{Bounds, MessageType, json_to_wire, wire_to_json};
use crate::protocol::{Codec, RestCall, Speech, too_large};
use crate::schema::Method;

/// What the messages of a call are, if not protobuf.
#[derive(Debug, Clone)]
pub(in crate::handler) enum Translation {
    /// JSON of the types of this method.
    Json(Arc<Method>),
    /// What the rule of this call makes of them.
    Rest(Arc<RestCall>),
}

impl Translation {
    /// The translation of a call. `None` if its messages are protobuf.
    pub(in crate::handler) fn of(speech: &Speech, method: &Arc<Method>) -> Option<Self> {
        match speech {
            Speech::Form(form) => (form.codec == Codec::Json).then(|| Self::Json(Arc::clone(method))),
            Speech::Rest(call) => Some(Self::Rest(Arc::clone(call))),
        }
    }

    /// Whether responses stand one behind the other without envelopes.
    pub(super) fn has_bare_responses(&self) -> bool {
        matches!(self, Self::Rest(call) if call.is_stream())
    }

    /// Appends the protobuf of a request.
    pub(super) fn request(&self, received: &[u8], bounds: Bounds, wire: &mut Vec<u8>) -> Result<(), Status> {
        match self {
            Self::Json(method) => Ok(json_to_wire(
                MessageType::input_of(method, bounds),
                received,
                wire,
            )?),
            Self::Rest(call) => call.decode(received, wire),
        }
    }

    /// Appends a response as it is sent, before it is compressed.
    ///
    /// Fails if it is larger than `max_size`, which its protobuf may not be.
    pub(super) fn response(&self, wire: &[u8], max_size: usize, sent: &mut Vec<u8>) -> Result<(), Status> {
        let start = sent.len();
        match self {
            Self::Json(method) => {
                let of = MessageType::output_of(method, Bounds::default());
                wire_to_json(of, wire, max_size, sent)?;
            }
            Self::Rest(call) => call.encode(wire, max_size, sent)?,
        }
        let size = sent.len() - start;
        if size > max_size {
            return Err(too_large(&format!(" of {size} bytes"), max_size));
        }
        Ok(())
    }
}
