//! What only Connect has: errors in JSON, the last envelope of a stream, calls by GET, and its time limits.
//!
//! See the [protocol](https://connectrpc.com/docs/protocol).

mod error;
mod get;
mod timeout;

pub(super) use self::error::{add_trailers, end_of_stream, error};
pub(super) use self::get::{form_of_query, read_query};
pub(super) use self::timeout::timeout;
