//! Messages of run-time types, kept as the bytes that came.

mod pick;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor};

pub(crate) use self::pick::{Picked, Picker, Raw, Slot};

/// One protobuf message: its type, and its encoded bytes, checked.
#[derive(Debug, Clone)]
pub struct Message {
    descriptor: MessageDescriptor,
    bytes: Bytes,
}

impl Message {
    /// The message's type.
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.descriptor
    }

    /// The encoded message.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Encodes a dynamic message.
    pub fn from_dynamic(_message: &DynamicMessage) -> Self {
        unimplemented!("the message room is built")
    }
}
