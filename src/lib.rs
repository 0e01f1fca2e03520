//! A gRPC server and client whose protos are read when the program runs: no `build.rs`, no `protoc`, no generated code.
//!
//! Handlers are registered by method name, and take and return your own serde types, or messages of types that only the
//! proto knows. Methods can be answered by rules in YAML and by samples too, and everything can be swapped while the server
//! runs. The program `protod` is a thin layer on this library.
//!
//! ```no_run
//! use protod::{Schema, Server, Typed};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct SearchRequest {
//!     request: String,
//! }
//!
//! #[derive(Serialize)]
//! struct SearchResponse {
//!     response: String,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server::builder(Schema::load("proto")?)
//!         .unary("proto.SearchService/Search", |Typed(asked): Typed<SearchRequest>| async move {
//!             let response = format!("{} Server", asked.request);
//!             Ok(Typed(SearchResponse { response }))
//!         })
//!         .build()?;
//!     server.bind("127.0.0.1:9002").await?.serve().await?;
//!     Ok(())
//! }
//! ```
//!
//! # A tour
//!
//! The [guide] is the way in: it has each of these with an example that runs.
//!
//! | to | use |
//! |---|---|
//! | load protos from files, texts, sets, or anywhere | [`Schema`], [`SchemaBuilder`], [`SchemaSource`] |
//! | answer methods in Rust | [closures](handler::HandlerFn) on [`ServerBuilder`], with [`Typed`], [`Message`] or `DynamicMessage`; a [`Handler`] |
//! | receive and send, read metadata, send headers and trailers | [`Call`] |
//! | [share a database pool](guide#state-how-do-i-share-a-database-pool) | [`State`] |
//! | [refuse calls without a token](guide#tokens-how-do-i-refuse-calls-without-one) | [`ServerBuilder::intercept`], [`ServerBuilder::layer`], [`FromCall`] |
//! | answer from rules in YAML, or with samples | [`Rules`], [`Sampler`] |
//! | listen, with limits and TLS, and stop | [`Bound`], [`Limits`], [`Tls`], [`Listener`] |
//! | be part of an axum or tonic server | [`GrpcService`] |
//! | swap protos and handlers | [`Server::reload`], [`live::Reloader`] |
//! | see and steer it from outside | [`admin::Admin`] |
//! | call any server | [`Client`], [`ClientMethod`] |
//! | see what was called, and verify it | [`Journal`], [`Verify`] |
//! | count it, for monitoring | [`Metrics`] |
//! | see it in traces | [`trace::Tracer`], [`otlp::Exporter`] |
//! | find out what went wrong | [`Error`], [`Problem`], [`MessageError`] |
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`schema`] | protos and descriptor sets, compiled and checked before the first byte is served |
//! | [`message`] | messages of run-time types, kept as checked bytes; JSON and text; the codec for tonic's own stacks |
//! | [`trace`] | which trace a call belongs to, and its span |
//! | [`journal`] | the calls of a server, kept in bounded memory |
//! | [`handler`] | one trait for all four kinds of RPC, and the call that it sees |
//! | [`sample`] | answers made up from the descriptor alone |
//! | [`rules`] | how methods answer, as data |
//! | [`transport`] | sockets, TLS, HTTP/2 and its guards, the limits of connections |
//! | [`server`] | from a request to a handler; reflection, health, limits of calls, draining |
//! | [`verify`] | which calls have come: conditions on them, and whether so many fulfil them |
//! | [`live`] | reloads protos and rules while a server runs |
//! | [`admin`] | how a running server is seen and steered from outside |
//! | [`client`] | calls methods of any server by name, with its protos by reflection |
//! | [`otlp`] | sends spans to a collector |
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
//! | `validate` | [`validate`]: requests checked against the rules of `buf.validate` |
//! | `verify` | [`verify`]: which calls have come, with conditions in CEL |
//! | `samples` | [`sample`]: answers made up from the descriptor alone |
//! | `live` | [`live`]: reloads while the server runs; brings `rules` |
//! | `admin` | [`admin`]: a service by which a running server is seen and steered; brings `live`, `verify` and `samples` |
//! | `client` | [`client`]: calls to any server; protos from servers and URLs |
//! | `otlp` | [`otlp`]: spans to a collector; brings `client` |
//! | `tls` | [`Tls`]: TLS for the server's sockets |
//! | `sqlite` | [`Collections`] that stay, in SQLite; brings `rules` |
//! | `nats` | [`JetStream`]: what several servers share; with `live` the [`fleet`] that they are; brings `rules` and `verify` |
//! | `s3` | exports to object stores, for the command line; brings `client` and `sqlite` |
//! | `compression` | messages in gzip, deflate and zstd |
//! | `buf` | import paths from `buf.yaml`, `buf.work.yaml` and `buf.lock` |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "cli"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "what serves one feature alone stands with its like, not behind a condition of its own"
    )
)]

#[cfg(feature = "admin")]
pub mod admin;
#[cfg(any(feature = "rules", feature = "validate", feature = "verify"))]
mod cel;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "rules", feature = "validate", feature = "verify"))]
mod collection;
mod duration;
mod error;
mod excerpt;
#[cfg(all(feature = "live", feature = "nats"))]
pub mod fleet;
mod folder;
pub mod handler;
pub mod journal;
#[cfg(feature = "live")]
pub mod live;
pub mod message;
mod metrics;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "otlp")]
pub mod otlp;
mod parallel;
#[cfg(any(feature = "client", feature = "tls"))]
mod pem;
mod protocol;
#[cfg(feature = "rules")]
pub mod rules;
#[cfg(feature = "samples")]
pub mod sample;
pub mod schema;
pub mod server;
pub mod session;
mod stamp;
mod suggest;
#[cfg(all(feature = "client", feature = "rules", feature = "verify"))]
pub mod testing;
mod throttle;
pub mod trace;
pub mod transport;
mod uuid;
#[cfg(feature = "validate")]
pub mod validate;
#[cfg(feature = "verify")]
pub mod verify;
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
#[cfg(feature = "rules")]
pub use crate::collection::Collections;
#[cfg(feature = "sqlite")]
pub use crate::collection::{Archive, ArchiveWriter, ArchivedCollection, ArchivedMessage};
pub use crate::error::{Error, Problem};
pub use crate::handler::{
    Call, CallField, CallLine, DynHandler, FromCall, Handler, HandlerFn, Handlers, Peer, PeerAddr, State,
};
pub use crate::journal::{JournalOptions, RecordedCall, RecordedMessage};
pub use crate::message::{DynamicCodec, FromMessage, IntoMessage, Message, MessageError, Typed};
#[cfg(feature = "nats")]
pub use crate::nats::{JetStream, JetStreamOptions};
pub use crate::protocol::HttpRules;
#[cfg(feature = "rules")]
pub use crate::rules::{Explanation, MethodRules, Rules, RulesOptions, RulesState};
#[cfg(feature = "samples")]
pub use crate::sample::Sampler;
pub use crate::schema::{
    DescriptorSet, InputFolder, Method, Schema, SchemaBuilder, SchemaFile, SchemaSource,
};
pub use crate::server::{
    Bound, Cors, GrpcService, Health, Journal, Metrics, OpenCall, OpenCalls, Server, ServerBuilder,
    ServingStatus,
};
pub use crate::session::{Session, SessionError, SessionOptions, Sessions};
pub use crate::transport::{Limits, ListenAddr, Listener, Socket, SocketStream};
#[cfg(feature = "tls")]
pub use crate::transport::{Tls, TlsFiles};
#[cfg(feature = "validate")]
pub use crate::validate::{ValidationError, Validator, Violation};
#[cfg(feature = "verify")]
pub use crate::verify::{CallFilter, Verify, VerifyError};

/// Compiles the Rust in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the Rust in the guide to the admin service.
#[cfg(all(doctest, feature = "admin"))]
#[doc = include_str!("../docs/admin.md")]
struct AdminGuide;

/// Compiles the Rust in the page on observability.
#[cfg(all(doctest, feature = "admin", feature = "otlp"))]
#[doc = include_str!("../docs/observability.md")]
struct Observability;

/// [limits.md]: https://docs.rs/crate/protod/latest/source/docs/limits.md
/// [rules.md]: https://docs.rs/crate/protod/latest/source/docs/rules.md
/// [README]: https://docs.rs/crate/protod/latest/source/README.md
/// [the whole table]: crate::Typed
/// [`examples/typed.rs`]: https://docs.rs/crate/protod/latest/source/examples/typed.rs
/// [`examples/state_and_layer.rs`]: https://docs.rs/crate/protod/latest/source/examples/state_and_layer.rs
/// [`examples/beside_tonic.rs`]: https://docs.rs/crate/protod/latest/source/examples/beside_tonic.rs
/// [`examples/swap.rs`]: https://docs.rs/crate/protod/latest/source/examples/swap.rs
///
// The links above are for this page, and win over those at the end of the text, which are for the repository.
#[doc = include_str!("../docs/library.md")]
#[cfg(any(doc, doctest))]
pub mod guide {}
