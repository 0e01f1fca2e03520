//! A gRPC server that nobody compiles for.
//!
//! protod reads `.proto` text when it starts, answers every method from rules in YAML or from Rust handlers by
//! method name, and lets clients explore it by server reflection. The binary is a thin layer on this library.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use protod::{Rules, Sampler, Schema, Server};
//!
//! let schema = Schema::load("proto")?;
//! let rules = Rules::beside(&schema)?;
//! let server = Server::builder(schema).handlers(&rules).fallback(Sampler::default()).build()?;
//! server.bind("127.0.0.1:9002").await?.serve().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`schema`] | protos and descriptor sets, compiled and checked before the first byte is served |
//! | [`message`] | messages of run-time types, kept as checked bytes; JSON and text; the codec for tonic's own stacks |
//! | [`handler`] | one trait for all four kinds of RPC, and the call that it sees |
//! | [`sample`] | answers made up from the descriptor alone |
//! | [`rules`] | how methods answer, as data |
//! | [`transport`] | sockets, TLS, HTTP/2 and its guards, the limits of connections |
//! | [`server`] | from a request to a handler; reflection, health, limits of calls, draining |
//! | [`live`] | reloads protos and rules while a server runs |
//! | [`client`] | calls methods of any server by name, with its protos by reflection |
//!
//! Each uses only those above it in this list. A call goes through a connection ([`Limits`], [`Tls`]) and the dispatcher
//! ([`GrpcService`], which also mounts into other servers) to the method's [`Handler`], which receives and sends
//! [`Message`]s on its [`Call`] and ends with a status.
//!
//! # Features
//!
//! `cli`, on by default, is what the `protod` binary needs: all others and the command line. A program that uses the library
//! turns it off with `default-features = false`, which leaves a dynamic server with closures, and takes what it needs:
//!
//! | feature | what it is for |
//! |---|---|
//! | `rules` | [`rules`]: answers from rules in YAML |
//! | `samples` | [`sample`]: answers made up from the descriptor alone |
//! | `live` | [`live`]: reloads while the server runs; brings `rules` |
//! | `client` | [`client`]: calls to any server |
//! | `tls` | [`Tls`]: TLS for the server's sockets |
//! | `compression` | messages in gzip, deflate and zstd |
//! | `buf` | import paths from `buf.yaml` and `buf.work.yaml` |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "cli"),
    allow(
        dead_code,
        unused_imports,
        reason = "what serves one feature alone stands with its like, not behind a condition of its own"
    )
)]

#[cfg(feature = "rules")]
mod cel;
#[cfg(feature = "client")]
pub mod client;
mod duration;
mod error;
mod folder;
pub mod handler;
#[cfg(feature = "live")]
pub mod live;
pub mod message;
#[cfg(any(feature = "client", feature = "tls"))]
mod pem;
#[cfg(feature = "rules")]
pub mod rules;
#[cfg(feature = "samples")]
pub mod sample;
pub mod schema;
pub mod server;
mod suggest;
mod throttle;
pub mod transport;
mod uuid;
#[cfg(any(feature = "rules", feature = "buf"))]
mod yaml;

/// [prost-reflect](https://docs.rs/prost-reflect): descriptors and dynamic messages, in the version that protod's functions
/// take and return.
pub use prost_reflect;
/// [tonic](https://docs.rs/tonic): [`Status`](tonic::Status), [`Code`](tonic::Code) and
/// [`MetadataMap`](tonic::metadata::MetadataMap), in the version that protod's functions take and return.
pub use tonic;

#[cfg(feature = "client")]
pub use crate::client::{Client, ClientBuilder, ClientMethod, ClientTls, Reply, Responses};
pub use crate::error::{Error, Problem};
pub use crate::handler::{Call, FromCall, Handler, HandlerFn, Handlers, Peer, PeerAddr, State};
pub use crate::message::{DynamicCodec, FromMessage, IntoMessage, Message, MessageError, Typed};
#[cfg(feature = "rules")]
pub use crate::rules::{Explanation, MethodRules, Rules, RulesOptions, RulesState};
#[cfg(feature = "samples")]
pub use crate::sample::Sampler;
pub use crate::schema::{InputFolder, Method, Schema, SchemaBuilder, SchemaFile};
pub use crate::server::{Bound, GrpcService, Health, Server, ServerBuilder, ServingStatus};
pub use crate::transport::{Limits, ListenAddr, Listener, Socket};
#[cfg(feature = "tls")]
pub use crate::transport::{Tls, TlsFiles};

/// Compiles the Rust in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the Rust in the guide to the library.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct LibraryGuide;
