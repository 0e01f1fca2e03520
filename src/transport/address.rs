//! Addresses to listen on, as texts: `host:port`, `:port`, `unix:/path`; and what to do about those that do not work.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, lookup_host};

/// How many connections may wait to be accepted, as tokio has it.
const BACKLOG: i32 = 1024;

/// Where to listen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address<'t> {
    /// `host:port`.
    Host(&'t str, u16),
    /// `:port`: all addresses of the machine.
    All(u16),
    /// `unix:/path`.
    Unix(&'t Path),
}

impl<'t> Address<'t> {
    /// Reads an address. An error says how it is written.
    pub(super) fn parse(text: &'t str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err("it names no file: write unix:/path".to_owned()),
                _ if cfg!(unix) => Ok(Self::Unix(Path::new(path))),
                _ => Err("there are no Unix sockets on this system: write HOST:PORT".to_owned()),
            };
        }
        if text.contains("://") {
            return Err("it is a URL: write HOST:PORT, as in 127.0.0.1:9002".to_owned());
        }
        if text.parse::<u16>().is_ok() {
            return Err(format!(
                "it is a port alone: write 127.0.0.1:{text} for this machine only, or :{text} for all its addresses"
            ));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err("it has no port: write HOST:PORT, as in 127.0.0.1:9002".to_owned());
        };
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err("an IPv6 address is written in brackets, as in [::1]:9002".to_owned());
        }
        let port = port
            .parse()
            .map_err(|_| format!("`{port}` is no port: a port is a number from 0 to 65535"))?;
        Ok(match host {
            "" | "*" => Self::All(port),
            host => Self::Host(host, port),
        })
    }
}

/// Listens on an address of a host. Of several, an IPv4 address is preferred, as in Go.
pub(super) async fn bind_host(host: &str, port: u16) -> io::Result<TcpListener> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses: Vec<SocketAddr> = lookup_host((bare, port)).await?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let bound = TcpListener::bind(&addresses[..]).await;
    bound.map_err(|error| advise(&error, port))
}

/// Listens on all addresses, IPv4 and IPv6, by one socket; by IPv4 alone where the system has no IPv6.
pub(super) async fn bind_all(port: u16) -> io::Result<TcpListener> {
    let bound = match bind_both(port) {
        Err(error) if error.kind() != ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        bound => bound,
    };
    bound.map_err(|error| advise(&error, port))
}

fn bind_both(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None)?;
    // Some systems do not do so by themselves.
    socket.set_only_v6(false)?;
    // As tokio does: a server that has just ended does not block its port. On Windows it would share the port.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The error, with what to do about it.
fn advise(error: &io::Error, port: u16) -> io::Error {
    let advice = match error.kind() {
        ErrorKind::AddrInUse if cfg!(target_os = "linux") => format!(
            "another program listens there, and `ss -ltnp 'sport = :{port}'` shows which: stop it, or choose another \
             port; port 0 takes a free one"
        ),
        ErrorKind::AddrInUse => {
            "another program listens there: stop it, or choose another port; port 0 takes a free one"
                .to_owned()
        }
        ErrorKind::PermissionDenied if port < 1024 => {
            "ports below 1024 need a privilege: choose another port".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no such address: `:{port}` listens on all that it has")
        }
        _ => return io::Error::new(error.kind(), error.to_string()),
    };
    io::Error::new(error.kind(), format!("{error}; {advice}"))
}

/// The error of a Unix socket, with what to do about it.
#[cfg(unix)]
pub(super) fn advise_unix(error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "; a server listens on it: stop it, or name another path",
        ErrorKind::NotFound => "; its folder does not exist: make it first",
        ErrorKind::InvalidInput => "; the path of a socket has about 100 bytes at most: name a shorter one",
        _ => "",
    };
    io::Error::new(error.kind(), format!("{error}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_or_a_path() {
        for (text, address) in [
            ("127.0.0.1:9002", Address::Host("127.0.0.1", 9002)),
            ("localhost:0", Address::Host("localhost", 0)),
            ("[::1]:9002", Address::Host("[::1]", 9002)),
            (":9002", Address::All(9002)),
            ("*:9002", Address::All(9002)),
        ] {
            assert_eq!(Address::parse(text), Ok(address), "{text}");
        }
        #[cfg(unix)]
        for (text, path) in [
            ("unix:/run/x", "/run/x"),
            ("unix:///run/x", "/run/x"),
            ("unix:x", "x"),
        ] {
            assert_eq!(Address::parse(text), Ok(Address::Unix(Path::new(path))), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_how_to_be_one() {
        for (text, advice) in [
            ("9002", "127.0.0.1:9002 for this machine only, or :9002 for all"),
            ("localhost", "it has no port"),
            ("", "it has no port"),
            ("::1:9002", "[::1]:9002"),
            ("::1", "[::1]:9002"),
            ("localhost:http", "`http` is no port"),
            ("localhost:70000", "`70000` is no port"),
            ("localhost:", "`` is no port"),
            ("http://localhost:9002", "it is a URL"),
            ("unix:", "unix:/path"),
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.contains(advice), "{text}: {error}");
        }
    }
}
