//! Objects of stores that speak S3's protocol. Signatures, and the requests of uploads, are those of the crate object_store.

mod connection;
mod object;

pub use self::object::{S3Object, S3Upload};
