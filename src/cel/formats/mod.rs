//! Formats of text, as `buf.validate` defines them: hostnames, email addresses, IP addresses and prefixes, URIs.
//!
//! Each is one pass over the text, without regular expressions, and takes no more time than the text is long.

mod host;
mod ip;
mod uri;

pub(super) use self::host::{is_email, is_host_and_port, is_hostname};
pub(super) use self::ip::{is_ip, is_ip_prefix};
pub(super) use self::uri::{is_uri, is_uri_reference};
