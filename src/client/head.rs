//! What the heads of calls have in common in every protocol.

use http::{HeaderMap, HeaderName};
use tonic::Status;

use crate::protocol::Encoding;

/// What the client calls itself in `user-agent`.
pub(super) const USER_AGENT: &str = concat!("protod/", env!("CARGO_PKG_VERSION"));

/// How the messages of a response are compressed, which the header with this name says.
pub(super) fn encoding_of(headers: &HeaderMap, name: HeaderName) -> Result<Option<Encoding>, Status> {
    let encoding = Encoding::from_header(headers.get(name));
    // INTERNAL, as the protocols' rules for compression have it: UNIMPLEMENTED is the server's to say.
    encoding.map_err(|unknown| Status::internal(format!("the server's {}", unknown.message())))
}
