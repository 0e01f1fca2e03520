//! Spans to a collector, by OpenTelemetry's own protocol over gRPC, OTLP.
//!
//! The protos of the protocol are read when the exporter is made, as any other, and the client is protod's own.
//!
//! ```no_run
//! use protod::otlp::Exporter;
//! use protod::trace::{TraceSampler, Tracer};
//! use protod::{Schema, Server};
//!
//! # async fn run() -> Result<(), protod::Error> {
//! let tracer = Tracer::new(TraceSampler::default());
//! let exporter = Exporter::new(&tracer, "http://localhost:4317").service_name("shop");
//! let server = Server::builder(Schema::load("proto")?).traces(&tracer).build()?;
//! tokio::spawn(exporter.run());
//! server.bind("127.0.0.1:9002").await?.serve().await
//! # }
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `exporter` | [`Exporter`]: sends what a tracer has, and tries again |
//! | `request` | spans as the protocol has them |

mod exporter;
mod request;

pub use self::exporter::Exporter;
