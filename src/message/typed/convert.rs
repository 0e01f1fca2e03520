//! The forms in which handlers and clients take messages and give them.
//!
//! [`FromMessage`] and [`IntoMessage`] are implemented by [`Message`], [`DynamicMessage`] and
//! [`Typed`](super::typed::Typed), so that a closure or a [`Call`](crate::handler::Call) can mix them. Both are sealed:
//! how bytes are read and written is the crate's own.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::DynamicMessage;
use tonic::Status;

use crate::error::Problem;
use crate::message::check::{Bounds, check};
use crate::message::error::MessageError;
use crate::message::message::Message;
use crate::schema::{LayoutId, Layouts, Method};

/// One message type of a schema, as far as reading and writing need it.
#[derive(Debug, Clone, Copy)]
pub struct MessageType<'m> {
    pub(crate) layouts: &'m Arc<Layouts>,
    pub(crate) layout: LayoutId,
    /// What its messages are to the call.
    pub(crate) side: Side,
    /// How much a message may hold.
    pub(crate) bounds: Bounds,
}

/// Whether a message goes to the server or to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

impl<'m> MessageType<'m> {
    /// The requests of a method.
    pub(crate) fn input_of(method: &'m Method, bounds: Bounds) -> Self {
        Self {
            layouts: method.layouts(),
            layout: method.input_layout(),
            side: Side::Request,
            bounds,
        }
    }

    /// A message of any type that is part of an answer.
    pub(crate) fn answer(layouts: &'m Arc<Layouts>, layout: LayoutId) -> Self {
        Self {
            layouts,
            layout,
            side: Side::Response,
            bounds: Bounds::default(),
        }
    }

    /// The responses of a method.
    pub(crate) fn output_of(method: &'m Method, bounds: Bounds) -> Self {
        Self {
            layouts: method.layouts(),
            layout: method.output_layout(),
            side: Side::Response,
            bounds,
        }
    }
}

/// A form in which a message is received: [`Message`], [`DynamicMessage`], or [`Typed`](super::Typed) with a type of
/// one's own.
///
/// Sealed: it has no other implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form of message that a handler can take",
    note = "take `protod::Message`, `prost_reflect::DynamicMessage`, or `Typed<T>` with a `T: serde::de::DeserializeOwned`"
)]
pub trait FromMessage: Sealed + Sized + Send + 'static {
    /// What [`Call::recv`](crate::handler::Call::recv) returns: the message, or the value in a `Typed`.
    type Value: Send;

    /// What a closure takes.
    #[doc(hidden)]
    fn from_value(value: Self::Value) -> Self;

    /// What of the type does not fit the messages, as far as can be told without one.
    #[doc(hidden)]
    fn misfits(_of: MessageType<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// Reads bytes that nobody has checked.
    #[doc(hidden)]
    fn read(of: MessageType<'_>, bytes: Bytes) -> Result<Self::Value, Status>;

    /// The same, of bytes that others keep. `None` if the message shares them.
    #[doc(hidden)]
    fn read_in_place(_of: MessageType<'_>, _bytes: &[u8]) -> Option<Result<Self::Value, Status>> {
        None
    }
}

/// A form in which a message is sent: [`Message`], [`DynamicMessage`], or [`Typed`](super::Typed) with a type of one's
/// own.
///
/// Sealed: it has no other implementations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form of message that a handler can send",
    note = "answer with `protod::Message`, `prost_reflect::DynamicMessage`, or `Typed(value)` with a `T: serde::Serialize`"
)]
pub trait IntoMessage: Sealed + Sized + Send + 'static {
    /// What [`Call::send`](crate::handler::Call::send) takes: a message, or the value in a `Typed`.
    type Value: Send;

    /// What a closure has returned.
    #[doc(hidden)]
    fn into_value(self) -> Self::Value;

    /// The encoded message.
    #[doc(hidden)]
    fn into_message(of: MessageType<'_>, message: Self) -> Result<Message, Status> {
        let mut bytes = Vec::new();
        Self::write(of, &message.into_value(), &mut bytes)?;
        Ok(Message::of_layout(of.layouts, of.layout, bytes.into()))
    }

    /// Appends the encoded message.
    #[doc(hidden)]
    fn write(of: MessageType<'_>, value: &Self::Value, buffer: &mut Vec<u8>) -> Result<(), Status>;
}

/// Seals the traits above.
pub trait Sealed {}

impl Sealed for Message {}

impl Sealed for DynamicMessage {}

/// Checks the bytes, and keeps them.
fn checked(of: MessageType<'_>, bytes: Bytes) -> Result<Message, MessageError> {
    check(of.layouts, of.layout, &bytes, of.bounds)?;
    Ok(Message::of_layout(of.layouts, of.layout, bytes))
}

impl FromMessage for Message {
    type Value = Self;

    fn from_value(value: Self) -> Self {
        value
    }

    fn read(of: MessageType<'_>, bytes: Bytes) -> Result<Self, Status> {
        Ok(checked(of, bytes)?)
    }
}

impl IntoMessage for Message {
    type Value = Self;

    fn into_value(self) -> Self {
        self
    }

    fn into_message(_: MessageType<'_>, message: Self) -> Result<Message, Status> {
        Ok(message)
    }

    fn write(of: MessageType<'_>, value: &Self, buffer: &mut Vec<u8>) -> Result<(), Status> {
        value.expect_type(&of.layouts.get(of.layout).descriptor)?;
        value.encode(buffer);
        Ok(())
    }
}

impl FromMessage for DynamicMessage {
    type Value = Self;

    fn from_value(value: Self) -> Self {
        value
    }

    fn read(of: MessageType<'_>, bytes: Bytes) -> Result<Self, Status> {
        Ok(checked(of, bytes)?.into_dynamic()?)
    }
}

impl IntoMessage for DynamicMessage {
    type Value = Message;

    fn into_value(self) -> Message {
        self.into()
    }

    fn into_message(_: MessageType<'_>, message: Self) -> Result<Message, Status> {
        Ok(message.into())
    }

    fn write(of: MessageType<'_>, value: &Message, buffer: &mut Vec<u8>) -> Result<(), Status> {
        Message::write(of, value, buffer)
    }
}
