//! HTTP/1.1: one request after the other on a connection.
//!
//! hyper reads and writes the messages. What is here makes it safe to let it: [`guard`] stands between the socket and hyper
//! and passes on one request at a time, whose [head](head) and [chunks](chunked) it has read by the letter of RFC 9112.
//! Where two readers could disagree about the end of a request, the request is refused, so that nothing can be smuggled
//! behind it. [`connection`] gives requests to the service, and ends the connection in time. A request may ask to go on in HTTP/2, an
//! [`upgrade`].

mod body;
mod chunked;
mod connection;
mod fault;
mod guard;
mod head;
mod upgrade;

pub(crate) use self::body::Http1Body;
pub(crate) use self::connection::OverHttp1;
pub(super) use self::connection::serve_http1;
