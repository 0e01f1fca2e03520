//! Tests of the definition of the command line.
//!
//! They need the definition itself, which no integration test can reach. Tests that run the binary are in tests/.

mod page;
mod usage;
