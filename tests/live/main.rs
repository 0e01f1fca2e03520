//! Swapping protos and rules while serving, over real sockets and real files.

mod binary;
mod calls;
mod files;
mod load;
mod loader;
#[path = "../support/mod.rs"]
mod program;
mod support;
