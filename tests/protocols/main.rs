//! gRPC-Web and Connect beside gRPC, on sockets without a client library in between: what stands on the wire.

mod connect;
mod cors;
mod grpc_web;
mod http1;
mod http1_connections;
mod layers;
#[path = "../support/shapes.rs"]
mod shapes;
mod sizes;
mod slow;
mod support;
mod upgrade;
