//! `protod::testing`: servers for tests, as docs/testing.md shows them and beyond.

mod fails;
mod greeter;
mod guide;
mod server;
mod session;
mod shared;
