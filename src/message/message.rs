//! One message: its descriptor, and either its checked bytes or a decoded form.
//!
//! The invariant: bytes in a message have passed [`check`] for its type, so they always decode.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _};

use super::check::{Bounds, check};
use super::encode::put_message;
use super::error::MessageError;
use super::lenient::decode_dynamic;
use crate::schema::{LayoutId, Layouts, Schema};

/// One protobuf message of a type known at run time.
///
/// It holds either encoded bytes that were checked, or a [`DynamicMessage`], whichever it was made from, and
/// gives both. Unknown fields are kept.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use protod::{Message, Schema};
///
/// let schema = Schema::from_source("pay.proto", r#"
///     syntax = "proto3";
///     message Payment { string customer = 1; int64 pence = 2; }
///     service Till { rpc Pay(Payment) returns (Payment); }
/// "#)?;
/// let input = schema.require_method("Till/Pay")?.input();
///
/// let payment = Message::from_json(input.clone(), r#"{"customer": "Ada", "pence": 250}"#)?;
/// assert_eq!(payment.get("pence")?.as_i64(), Some(250));
///
/// let same = Message::decode(&schema, input, payment.to_bytes())?;
/// assert_eq!(same.to_json()?, r#"{"customer":"Ada","pence":"250"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Message {
    form: Form,
    /// The tables of its schema, if they were at hand when it was made.
    layouts: Option<Arc<Layouts>>,
}

#[derive(Clone)]
enum Form {
    Encoded(MessageDescriptor, Bytes),
    Dynamic(DynamicMessage),
}

impl Message {
    /// Checks the bytes of a message of type `descriptor` and keeps them.
    ///
    /// Fails when they are malformed, nested deeper than 100 levels, or hold more than 1,048,576 elements, or
    /// when the schema does not have the type.
    pub fn decode(
        schema: &Schema,
        descriptor: &MessageDescriptor,
        bytes: impl Into<Bytes>,
    ) -> Result<Self, MessageError> {
        let bytes = bytes.into();
        let layouts = schema.layouts();
        let layout = layouts
            .find(descriptor.full_name())
            .ok_or_else(|| MessageError::unknown_type(descriptor.full_name()))?;
        check(layouts, layout, &bytes, Bounds::default())?;
        Ok(Self::of_layout(layouts, layout, bytes))
    }

    /// Keeps bytes that passed [`check`] for this type.
    pub(crate) fn from_checked(descriptor: MessageDescriptor, bytes: Bytes) -> Self {
        Self {
            form: Form::Encoded(descriptor, bytes),
            layouts: None,
        }
    }

    /// Keeps bytes that passed [`check`] for this layout.
    pub(crate) fn of_layout(layouts: &Arc<Layouts>, layout: LayoutId, bytes: Bytes) -> Self {
        Self {
            form: Form::Encoded(layouts.get(layout).descriptor.clone(), bytes),
            layouts: Some(Arc::clone(layouts)),
        }
    }

    /// The tables of its schema, if they were at hand when it was made.
    pub(crate) fn layouts(&self) -> Option<&Arc<Layouts>> {
        self.layouts.as_ref()
    }

    /// Keeps a dynamic message; it is encoded when it is sent.
    ///
    /// Its fields must hold values of their own kinds. prost-reflect sets no others, but callers of `get_field_mut`
    /// and its like can. Encoding such a message panics; in a handler that is
    /// a panic of the handler, which ends the call as `INTERNAL`.
    pub fn from_dynamic(message: DynamicMessage) -> Self {
        Self {
            form: Form::Dynamic(message),
            layouts: None,
        }
    }

    /// The message's type.
    pub fn descriptor(&self) -> MessageDescriptor {
        match &self.form {
            Form::Encoded(descriptor, _) => descriptor.clone(),
            Form::Dynamic(message) => message.descriptor(),
        }
    }

    /// Fails unless the message is of this type, in this or another generation of its schema.
    pub(crate) fn expect_type(&self, expected: &MessageDescriptor) -> Result<(), MessageError> {
        let found = self.descriptor();
        if found == *expected || found.full_name() == expected.full_name() {
            return Ok(());
        }
        Err(MessageError::wrong_type(expected.full_name(), found.full_name()))
    }

    /// The encoded message.
    ///
    /// # Panics
    ///
    /// If it was made [from a dynamic message](Self::from_dynamic) with a field that holds a value of another kind.
    pub fn to_bytes(&self) -> Bytes {
        match &self.form {
            Form::Encoded(_, bytes) => bytes.clone(),
            Form::Dynamic(message) => {
                let mut bytes = Vec::new();
                put_message(&mut bytes, message);
                bytes.into()
            }
        }
    }

    /// The decoded message.
    ///
    /// Fails only where prost-reflect refuses bytes that passed the check of [`decode`](Self::decode). Tests and
    /// fuzzing show that both accept the same bytes. A message that was made from a dynamic one is a copy of it, and never fails.
    pub fn to_dynamic(&self) -> Result<DynamicMessage, MessageError> {
        match &self.form {
            Form::Encoded(descriptor, bytes) => {
                decode_dynamic(descriptor, bytes.clone()).map_err(MessageError::decode)
            }
            Form::Dynamic(message) => Ok(message.clone()),
        }
    }

    /// The decoded message, without a copy where it is decoded already. Fails as [`to_dynamic`](Self::to_dynamic) does.
    pub fn into_dynamic(self) -> Result<DynamicMessage, MessageError> {
        match self.form {
            Form::Dynamic(message) => Ok(message),
            Form::Encoded(descriptor, bytes) => {
                decode_dynamic(&descriptor, bytes).map_err(MessageError::decode)
            }
        }
    }

    /// The decoded message, copied only where it is not kept in that form.
    pub(super) fn as_dynamic(&self) -> Result<Cow<'_, DynamicMessage>, MessageError> {
        match &self.form {
            Form::Dynamic(message) => Ok(Cow::Borrowed(message)),
            Form::Encoded(..) => self.to_dynamic().map(Cow::Owned),
        }
    }

    /// The same message, encoded now, so that sending it many times encodes it once.
    ///
    /// # Panics
    ///
    /// As [`to_bytes`](Self::to_bytes).
    #[must_use]
    pub fn into_encoded(self) -> Self {
        match self.form {
            Form::Encoded(..) => self,
            Form::Dynamic(ref message) => Self::from_checked(message.descriptor(), self.to_bytes()),
        }
    }

    /// How many bytes [`encode`](Self::encode) writes.
    ///
    /// # Panics
    ///
    /// As [`to_bytes`](Self::to_bytes).
    pub fn encoded_len(&self) -> usize {
        match &self.form {
            Form::Encoded(_, bytes) => bytes.len(),
            Form::Dynamic(message) => message.encoded_len(),
        }
    }

    /// Appends the encoded message.
    ///
    /// # Panics
    ///
    /// As [`to_bytes`](Self::to_bytes).
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        match &self.form {
            Form::Encoded(_, bytes) => buffer.extend_from_slice(bytes),
            Form::Dynamic(message) => put_message(buffer, message),
        }
    }
}

/// Type and size only: prost-reflect's own `Debug` follows descriptors, and does not return for a recursive type.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("type", &self.descriptor().full_name())
            .field("encoded_len", &self.encoded_len())
            .finish()
    }
}

impl From<DynamicMessage> for Message {
    fn from(message: DynamicMessage) -> Self {
        Self::from_dynamic(message)
    }
}
