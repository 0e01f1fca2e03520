//! What only gRPC-Web has: trailers in the body, and bodies in base64.

mod text;
mod trailers;

pub(crate) use self::text::DecodedText;
pub(super) use self::text::encode;
pub(super) use self::trailers::{TRAILERS, envelope, read};
