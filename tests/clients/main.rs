//! End to end: the `protod` binary, and released gRPC clients of others.
//!
//! Each test starts its own server on a free port and calls it with one client. `make test` installs the clients in fixed
//! versions. If one is missing, its tests fail and say so.

#[path = "../support/broker.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod broker;
mod browser;
mod buf;
mod check;
mod console;
mod editions;
mod grpcurl;
mod mcp;
mod metrics;
mod node;
mod programs;
mod python;
mod rest;
mod shop;
#[path = "../support/mod.rs"]
mod support;
mod testing;
