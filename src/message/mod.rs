//! Messages of run-time types, kept as the bytes that came.
//!
//! The server checks the bytes of a message once, against its descriptor, and keeps them. Most messages are only
//! passed on, matched on a field, or logged, and decoding one into a
//! [`DynamicMessage`](prost_reflect::DynamicMessage) costs many times what compiled code pays. It becomes one when
//! someone asks.

mod base64;
mod check;
mod codec;
mod cost;
#[cfg(feature = "admin")]
mod csv;
mod encode;
mod error;
mod get;
mod json;
pub(crate) mod json_schema;
mod length;
mod lenient;
#[cfg(feature = "admin")]
mod line_reader;
mod lines;
#[expect(clippy::module_inception, reason = "the type that the room is about")]
mod message;
mod pick;
mod ranges;
mod snake;
mod text;
mod typed;
mod unknown_types;
mod wire;

pub(crate) use self::base64::decode_base64;
pub(crate) use self::check::{Bounds, DEFAULT_MAX_ELEMENTS, MAX_DEPTH, check, check_and_pick};
pub use self::codec::{DynamicCodec, DynamicDecoder, DynamicEncoder};
pub(crate) use self::cost::decoding_cost;
pub(crate) use self::encode::{put_scalar, wire_type};
pub use self::error::MessageError;
pub use self::json::{JsonPrinter, JsonReader};
pub(crate) use self::json::{json_to_wire, key_text, wire_to_json};
pub(crate) use self::length::{LengthWidth, ReservedLength, fill_length, reserve_length, with_length};
pub(crate) use self::lenient::{decode_dynamic, known_value};
#[cfg(feature = "admin")]
pub(crate) use self::line_reader::LineReader;
pub use self::lines::{LineFormat, MessageLines};
pub use self::message::Message;
pub(crate) use self::pick::{Picked, Picker, Raw, Slot};
pub(crate) use self::ranges::{is_duration, is_timestamp};
pub(crate) use self::snake::put_snake;
pub use self::text::TextPrinter;
pub(crate) use self::typed::MessageType;
pub use self::typed::{FromMessage, IntoMessage, Typed};
pub(crate) use self::wire::{Malformed, Reader, WireType, key, put_delimited, put_varint, unzigzag, zigzag};
