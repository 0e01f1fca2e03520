//! Reloading protos and rules while serving, with real sockets and real files.

mod binary;
mod calls;
mod files;
#[path = "../support/generations.rs"]
mod generations;
mod kept;
mod links;
mod load;
mod loader;
mod mounts;
#[path = "../support/mod.rs"]
mod program;
#[path = "../support/resident.rs"]
mod resident;
mod support;
