//! End to end: the `protod` binary, and clients that nobody here wrote.
//!
//! Each test starts a server of its own on a free port and drives it with a released client, grouped by client.
//! `make test` installs them, pinned; a missing one is a failure, and says so.

mod buf;
mod check;
mod grpcurl;
mod node;
mod programs;
mod python;
#[path = "../support/mod.rs"]
mod support;
