//! Which rules may answer a call, and in which order they are tried.

mod index;
mod lists;
mod narrowed;
pub(super) mod order;
mod place;
mod ranges;
mod shared_literals;
