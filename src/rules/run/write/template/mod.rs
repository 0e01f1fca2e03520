//! Writes messages from templates.
//!
//! Constants are copied, fields of the request go from its bytes to the frame, ints and doubles are written as they
//! are computed, and the length of a sub-message is filled in after its contents are written. Every other
//! result of an expression is a value first, which allocates for lists and maps, and for messages that are not just
//! copied.

mod cache;
mod error;
mod write;

pub(in crate::rules) use self::cache::LoopCache;
pub(in crate::rules) use self::error::{WriteError, WriteErrorKind};
