//! The codec: [`Message`]s in and out of tonic's frames.
//!
//! [`DynamicCodec`] is a [`tonic::codec::Codec`], so that tonic's own client and server stacks carry run-time
//! types; protod's frames call the same encode and check on their own buffers.

use std::fmt;
use std::sync::Arc;

use bytes::{Buf, BufMut};
use prost_reflect::MessageDescriptor;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::check::{Bounds, check};
use super::error::MessageError;
use super::message::Message;
use crate::schema::{LayoutId, Method};

/// Encodes and decodes the messages of one method, for tonic.
///
/// ```
/// # fn main() -> Result<(), protod::Error> {
/// use protod::{DynamicCodec, Schema};
///
/// let schema = Schema::from_source(
///     "echo.proto",
///     r#"syntax = "proto3"; message Text { string text = 1; } service Echo { rpc Say(Text) returns (Text); }"#,
/// )?;
/// let method = schema.method("Echo/Say").expect("the schema has it");
/// let codec = DynamicCodec::client(method); // for tonic::client::Grpc
/// # let _ = codec;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DynamicCodec {
    encode: MessageDescriptor,
    decode: MessageDescriptor,
    decode_layout: LayoutId,
    method: Arc<Method>,
    bounds: Bounds,
}

impl DynamicCodec {
    /// Encodes requests and decodes responses.
    pub fn client(method: &Arc<Method>) -> Self {
        Self {
            encode: method.input().clone(),
            decode: method.output().clone(),
            decode_layout: method.output_layout(),
            method: Arc::clone(method),
            bounds: Bounds::default(),
        }
    }

    /// Encodes responses and decodes requests.
    pub fn server(method: &Arc<Method>) -> Self {
        Self {
            encode: method.output().clone(),
            decode: method.input().clone(),
            decode_layout: method.input_layout(),
            method: Arc::clone(method),
            bounds: Bounds::default(),
        }
    }

    /// How many values a message may hold, each element of a list counted. Default: 1,048,576.
    #[must_use]
    pub fn max_elements(mut self, elements: u32) -> Self {
        self.bounds.max_elements = elements;
        self
    }
}

impl Codec for DynamicCodec {
    type Encode = Message;
    type Decode = Message;
    type Encoder = DynamicEncoder;
    type Decoder = DynamicDecoder;

    fn encoder(&mut self) -> DynamicEncoder {
        DynamicEncoder {
            expected: self.encode.clone(),
        }
    }

    fn decoder(&mut self) -> DynamicDecoder {
        DynamicDecoder {
            descriptor: self.decode.clone(),
            layout: self.decode_layout,
            method: Arc::clone(&self.method),
            bounds: self.bounds,
        }
    }
}

/// Writes messages of one type, for a [`DynamicCodec`].
pub struct DynamicEncoder {
    expected: MessageDescriptor,
}

impl Encoder for DynamicEncoder {
    type Item = Message;
    type Error = Status;

    fn encode(&mut self, message: Message, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.expect_type(&self.expected)?;
        buffer.put_slice(&message.to_bytes());
        Ok(())
    }
}

/// Reads messages of one type, for a [`DynamicCodec`]: checks their bytes and keeps them.
pub struct DynamicDecoder {
    descriptor: MessageDescriptor,
    layout: LayoutId,
    method: Arc<Method>,
    bounds: Bounds,
}

impl Decoder for DynamicDecoder {
    type Item = Message;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Message>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        check(self.method.layouts(), self.layout, &bytes, self.bounds).map_err(MessageError::from)?;
        Ok(Some(Message::of_layout(
            self.method.layouts(),
            self.layout,
            bytes,
        )))
    }
}

// Names only: prost-reflect's own `Debug` does not return for a recursive type.

impl fmt::Debug for DynamicCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicCodec")
            .field("encode", &self.encode.full_name())
            .field("decode", &self.decode.full_name())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DynamicEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicEncoder")
            .field(&self.expected.full_name())
            .finish()
    }
}

impl fmt::Debug for DynamicDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicDecoder")
            .field(&self.descriptor.full_name())
            .finish()
    }
}
