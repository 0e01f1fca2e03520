//! REST: methods called by HTTP and JSON at the paths of `google.api.http`, on sockets.

mod answers;
mod bodies;
mod documentation;
mod large;
mod layers;
mod openapi;
mod paths;
mod problems;
mod queries;
mod random;
mod support;
mod table;
