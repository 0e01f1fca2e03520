//! Tests of the definition of the command line, and of what no other process can see.
//!
//! They need the definition itself, which no integration test can reach. Tests that run the binary are in tests/.

mod page;
mod panics;
mod queue;
mod usage;
