//! Tests of the definition of the command line.

mod page;
mod usage;
