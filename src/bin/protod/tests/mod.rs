//! Tests of the definition of the command line.

mod image;
mod page;
mod usage;
