//! Calls over hyper's client: gRPC-Web, Connect, and gRPC with messages in JSON.
//!
//! The room `protocol` says how heads, messages and ends look; here are the futures: a request that is sent while its
//! messages come, and a response that is read as it comes. What a server sends is bounded before it is kept: a message by
//! the client's limit, before and after it is decompressed, and what it says of the end of a call by [`MAX_END`].
//!
//! | file | what it does |
//! |---|---|
//! | `channel` | hyper's client on one server |
//! | `caller` | one call: sends the request, and looks at the head of the response |
//! | `request_body` | messages on their way out |
//! | `responses` | messages as they come, and how the call ended |
//! | `fault` | the status of a call whose connection broke |

mod caller;
mod channel;
mod fault;
mod request_body;
mod responses;
#[cfg(test)]
mod tests;

pub(super) use self::caller::{Cancel, HttpCaller};
pub(super) use self::channel::HttpChannel;
pub(super) use self::responses::HttpResponses;

/// The most bytes that a server may use to say how a call ended: an error in JSON, or trailers in a body.
const MAX_END: usize = 1 << 20;
