//! The address of a server: `host:port`, `unix:/path`, or a URL.

use std::path::PathBuf;

use http::Uri;

use crate::error::Error;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::client) struct Address {
    pub(super) place: Place,
    /// An `https` or `grpcs` URL.
    pub(in crate::client) is_https: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp {
        /// Without the brackets of IPv6.
        host: String,
        port: u16,
    },
    #[cfg_attr(not(unix), expect(dead_code, reason = "these systems have no such sockets"))]
    Unix(PathBuf),
}

impl Address {
    /// Reads an address. Without a host, as in `:9002`, it is this machine's; URLs without a port have that of their scheme.
    pub(in crate::client) fn parse(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("unix:") {
            // unix:/path, unix:path and unix:///path are in use.
            let path = path.strip_prefix("//").unwrap_or(path);
            let place = Place::Unix(PathBuf::from(path));
            return Ok(Self {
                place,
                is_https: false,
            });
        }
        let invalid = |why: &str| Error::invalid_input(format!("{text:?} is not an address"), why.to_owned());
        let text_with_host = match text.strip_prefix(':') {
            Some(port) => format!("localhost:{port}"),
            None => text.to_owned(),
        };
        let uri: Uri = if text.contains("://") {
            text.parse()
        } else {
            format!("http://{text_with_host}").parse()
        }
        .map_err(|error: http::uri::InvalidUri| invalid(&format!("{error}; write it as HOST:PORT")))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let is_https = match scheme.as_str() {
            "https" | "grpcs" => true,
            "http" | "grpc" => false,
            _ => {
                return Err(invalid(
                    "the scheme of a server's URL is http, https, grpc or grpcs",
                ));
            }
        };
        // Only those of http and https are completed by the parser.
        if !matches!(uri.path(), "" | "/") {
            let why = "the address of a server has no path; it comes first, and the method after it: `localhost:9002 \
                       package.Service/Method`";
            return Err(invalid(why));
        }
        let host = uri
            .authority()
            .map_or("", |authority| host_of(authority.as_str()));
        let port = match uri.port_u16() {
            Some(port) => port,
            None if uri
                .authority()
                .is_some_and(|authority| uri.host() != Some(authority.as_str())) =>
            {
                return Err(invalid("a port is a number from 1 to 65535"));
            }
            None if is_https => 443,
            None => 80,
        };
        let place = Place::Tcp {
            host: host.to_owned(),
            port,
        };
        Ok(Self { place, is_https })
    }

    /// The host, which a certificate must name. That of a socket file is this machine.
    pub(in crate::client) fn host(&self) -> &str {
        match &self.place {
            Place::Tcp { host, .. } => host,
            Place::Unix(_) => "localhost",
        }
    }

    /// The `:authority` of requests.
    pub(in crate::client) fn authority(&self) -> String {
        match &self.place {
            Place::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp { host, port } => format!("{host}:{port}"),
            Place::Unix(_) => "localhost".to_owned(),
        }
    }
}

/// The host of `host:port`, without the brackets of IPv6.
pub(super) fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_an_address_is_read() {
        let tcp = |host: &str, port| Place::Tcp {
            host: host.to_owned(),
            port,
        };
        for (text, place, is_https, authority) in [
            ("localhost:9002", tcp("localhost", 9002), false, "localhost:9002"),
            (":9002", tcp("localhost", 9002), false, "localhost:9002"),
            ("[::1]:9002", tcp("::1", 9002), false, "[::1]:9002"),
            ("http://a.test", tcp("a.test", 80), false, "a.test:80"),
            ("HTTPS://a.test/", tcp("a.test", 443), true, "a.test:443"),
            ("https://a.test:8443", tcp("a.test", 8443), true, "a.test:8443"),
            ("grpc://a.test:9002", tcp("a.test", 9002), false, "a.test:9002"),
            ("GRPCS://[::1]/", tcp("::1", 443), true, "[::1]:443"),
            ("unix:/run/x", Place::Unix("/run/x".into()), false, "localhost"),
            ("unix:///run/x", Place::Unix("/run/x".into()), false, "localhost"),
            ("unix:x", Place::Unix("x".into()), false, "localhost"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address, Address { place, is_https }, "{text}");
            assert_eq!(address.authority(), authority, "{text}");
        }
        for wrong in [
            "no address",
            "",
            "a:port",
            "a:99999",
            "ftp://a:1",
            "grpc://a:1/path",
            "http://a:1/path",
        ] {
            let error = Address::parse(wrong).expect_err(wrong);
            assert!(error.is_invalid_input(), "{error:?}");
        }
    }
}
