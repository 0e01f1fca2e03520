//! Schemas from other machines: [`ReflectionSource`] asks a gRPC server, [`HttpSource`] downloads a descriptor set.
//!
//! Both are bounded in time and size, and both say what is wrong in words: the answer comes from a machine that nobody here
//! controls, and it is asked again and again.

mod download;
mod http;
mod reflection;
mod thread;
mod token;

pub use self::http::HttpSource;
pub use self::reflection::ReflectionSource;
