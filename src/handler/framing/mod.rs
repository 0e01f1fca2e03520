//! The messages of a call in its bodies: read from that of the request, written for that of the response, in JSON or in
//! protobuf, compressed or not. Here a frame is one such message with its prefix, and without one if it is the whole body.

mod incoming;
mod outgoing;
mod pushed;
mod request_body;
mod response_buffer;
mod translation;

pub(super) use self::incoming::Incoming;
pub(crate) use self::outgoing::MessageWriter;
pub(super) use self::outgoing::{Finished, Outgoing, Unmatched};
pub(super) use self::pushed::ResponseForm;
pub(crate) use self::request_body::RequestBody;
pub(super) use self::response_buffer::{ResponseBuffer, Unsent};
pub(super) use self::translation::Translation;
