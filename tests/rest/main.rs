//! REST: methods called by HTTP and JSON at the paths of `google.api.http`, on sockets.

mod answers;
mod openapi;
mod problems;
mod random;
mod requests;
mod support;
