//! Arguments that several commands share, or that are long enough for a file of their own.

pub(crate) mod call;
pub(crate) mod data;
pub(crate) mod header;
pub(crate) mod inputs;
pub(crate) mod limits;
pub(crate) mod logging;
pub(crate) mod source;
pub(crate) mod target;
pub(crate) mod tls;
