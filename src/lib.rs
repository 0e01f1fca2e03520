//! protod: a gRPC server that nobody compiles for.

#![forbid(unsafe_code)]

mod error;
pub mod handler;
pub mod message;
mod rules;
mod sample;
pub mod schema;

pub use crate::error::{Error, Problem};
pub use crate::handler::{Call, Handler};
pub use crate::message::Message;
pub use crate::sample::{SampleHandler, Sampler};
pub use crate::schema::{Method, Schema, SchemaFile};
