//! Templates, compiled and written; what a load says of a disk that is full.

mod constants;
mod expressions;
#[cfg(feature = "sqlite")]
mod full_disk;
mod loops;
