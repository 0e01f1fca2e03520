//! Rules over real sockets: protod's server, and tonic's own client with the dynamic codec.

mod anchors;
mod answers;
mod chance;
mod costs;
mod decided;
mod delays;
mod explained;
mod files;
mod loops;
mod made;
mod message_files;
mod metadata;
mod mistakes;
mod outcomes;
mod pages;
mod passing;
mod presence;
mod problems;
mod proto2;
mod samples;
mod seed;
mod selection;
mod sessions;
mod stored;
mod support;
mod warnings;
