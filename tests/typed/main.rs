//! Types with serde's traits as messages: read from bytes, written as bytes, and compared with the schema before.

#![expect(
    clippy::items_after_statements,
    reason = "a type stands beside the cases that it is for"
)]
#![expect(clippy::struct_field_names, reason = "the names are the proto's")]

mod build;
mod client;
mod handlers;
mod hostile;
mod kinds;
mod legacy;
mod names;
mod order;
mod presence;
mod support;
mod well_known;
