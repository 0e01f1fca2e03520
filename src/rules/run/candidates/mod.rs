//! Which rules may answer a call, and in which order they are tried.

mod index;
pub(super) mod order;
mod place;
mod shared_literals;
