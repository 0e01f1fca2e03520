//! What only Connect has: errors in JSON, the last envelope of a stream, calls by GET, and its time limits.
//!
//! See the [protocol](https://connectrpc.com/docs/protocol).

mod error;
mod get;
mod received_end;
mod timeout;
mod version;

pub(super) use self::error::{END_OF_STREAM, add_trailers, end_of_stream, error, http_status};
pub(crate) use self::get::write_query;
pub(super) use self::get::{form_of_query, is_meant, read_query};
pub(super) use self::received_end::read_end_of_stream;
pub(crate) use self::received_end::{read_error, take_trailers};
pub(super) use self::timeout::{TIMEOUT, timeout, write_timeout};
pub(crate) use self::version::is_of_connect;
pub(super) use self::version::{CURRENT, VERSION, check_version};
