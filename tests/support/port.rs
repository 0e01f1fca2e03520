//! Ports for programs that have to be told which one to take.

use std::fmt::{self, Display, Formatter};
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of the loopback interface that nobody else is given as long as this lives, where the system can keep one: on Linux, a program can
/// listen at a port that a socket has which does not listen.
pub(crate) struct ReservedPort {
    pub(crate) number: u16,
    _socket: Option<Socket>,
}

impl ReservedPort {
    pub(crate) fn any() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("set");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        Self {
            number: address.as_socket().expect("an address of IP").port(),
            _socket: cfg!(target_os = "linux").then_some(socket),
        }
    }
}

/// Its address. As long as no program listens there, connections are refused.
impl Display for ReservedPort {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "127.0.0.1:{}", self.number)
    }
}
