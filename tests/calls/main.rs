//! Calls over real sockets: protod's server, and tonic's own client with the dynamic codec.

mod backpressure;
mod call_log;
mod cancel;
mod cardinality;
mod closures;
mod codec;
mod compression;
mod deadline;
mod drain;
mod ended_early;
mod extract;
mod header_limit;
mod http;
#[path = "../support/http2.rs"]
#[expect(dead_code, reason = "some frames are for other tests")]
mod http2;
mod large;
mod layers;
mod layers_of_bodies;
mod limits;
mod listeners;
mod metadata;
mod mount;
#[path = "../support/shapes.rs"]
mod shapes;
mod shared_handlers;
mod support;
mod tasks;
