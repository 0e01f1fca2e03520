//! Tables of templates and of the paths that they match. Each row is a case of google.api.http's documentation, or of a kind that
//! the tests of grpc-gateway, Envoy's transcoder and vanguard have.

mod masks;
mod matching;
mod templates;
