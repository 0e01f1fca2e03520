//! protod: a gRPC server that nobody compiles for.

#![forbid(unsafe_code)]

pub mod cli;
mod error;
pub mod handler;
pub mod message;
pub mod rules;
pub mod sample;
pub mod schema;
pub mod server;

pub use crate::error::{Error, Problem};
pub use crate::handler::{Call, Handler, Peer, PeerAddr};
pub use crate::message::{DynamicCodec, Message, MessageError};
pub use crate::rules::{MethodRules, Rules, RulesOptions, RulesState};
pub use crate::sample::{SampleHandler, Sampler};
pub use crate::schema::{Method, Schema, SchemaBuilder, SchemaFile};
pub use crate::server::{
    Bound, GrpcService, Handlers, Health, Limits, ListenAddr, Listener, Server, ServerBuilder, ServingStatus,
    Tls, TlsFiles,
};
