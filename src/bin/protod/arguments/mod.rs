//! Arguments that several commands share, or that are long enough for a file of their own.
//!
//! Each file holds a struct for clap to flatten into a command, and what the library is given from it. Commands know
//! arguments; arguments know no command.

pub(crate) mod admin;
pub(crate) mod admin_client;
pub(crate) mod cache;
pub(crate) mod call;
pub(crate) mod client_tls;
pub(crate) mod count;
pub(crate) mod data;
pub(crate) mod data_dir;
pub(crate) mod header;
pub(crate) mod http_rules;
pub(crate) mod inputs;
pub(crate) mod journal;
pub(crate) mod limits;
pub(crate) mod logging;
pub(crate) mod open_call;
pub(crate) mod protocol;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod size;
pub(crate) mod source;
pub(crate) mod store;
pub(crate) mod target;
pub(crate) mod time;
pub(crate) mod tls;
pub(crate) mod traces;
pub(crate) mod validation;
