//! Calls to any server of gRPC, gRPC-Web or Connect, by method name.
//!
//! A [`Client`] is a connection and a [`Schema`](crate::schema::Schema), which the server gives by reflection or the
//! caller passes. Its [`ClientMethod`]s send and receive run-time [`Message`](crate::message::Message)s, for every shape of
//! method: by gRPC over tonic's channel with the [`DynamicCodec`](crate::message::DynamicCodec), by the other
//! [`Protocol`]s over hyper's client. Nothing is collected: a stream needs memory for one message at a time, however long
//! it is.
//!
//! A schema can also come from elsewhere without a call: [`ReflectionSource`] and [`HttpSource`] are sources of a
//! [`SchemaBuilder`](crate::schema::SchemaBuilder).

mod builder;
mod channel;
mod connect;
mod connected;
mod extendable;
mod head;
mod http;
mod method;
mod other_answer;
mod protocol;
mod reflection;
mod reflection_stream;
mod requests;
mod responses;
#[cfg(feature = "s3")]
mod s3;
mod source;
mod way;

pub use self::builder::ClientBuilder;
pub use self::connect::{ClientTls, ConnectFault};
pub use self::connected::Client;
pub use self::method::ClientMethod;
pub use self::protocol::{Codec, HttpVersion, Protocol};
pub use self::responses::{Reply, Responses};
#[cfg(feature = "s3")]
pub use self::s3::{S3Object, S3Upload};
pub use self::source::{HttpSource, ReflectionSource};
