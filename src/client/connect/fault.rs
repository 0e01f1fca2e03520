//! [`ConnectFault`]: why there is no connection, or no server of the protocol at its other end.

use std::error::Error as StdError;
use std::io;

use h2::Reason;
use tokio_rustls::rustls;
use tokio_rustls::rustls::{AlertDescription, CertificateError};

/// Why a client got no connection, or no server of its protocol at the other end; as far as it can be told.
///
/// It lies among the sources of a [`protod::Error`](crate::Error), and of the status of a call whose connection was lost
/// and could not be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The host has no address.
    UnknownHost,
    /// Nobody listens there, or the network leads to nobody.
    Unreachable,
    /// The server did not answer in time.
    TimedOut,
    /// The server closed the connection before it said anything.
    HungUp,
    /// The server speaks TLS, and the client plain text.
    SpeaksTls,
    /// The server speaks HTTP/2 in plain text, and the client TLS.
    SpeaksPlainText,
    /// The server speaks HTTP/1 only, with or without TLS, and gRPC needs HTTP/2.
    SpeaksHttp1,
    /// The server speaks something else.
    SpeaksOther,
    /// No authority that the client trusts has signed the server's certificate.
    UnknownIssuer,
    /// The server's certificate is for other names.
    WrongName,
    /// The server's certificate has expired, or is not valid yet.
    WrongTime,
    /// The server's certificate cannot be used for another reason.
    BadCertificate,
    /// The server wants a certificate of the client, or another one.
    ClientCertificate,
    /// The TLS handshake failed for another reason.
    Handshake,
    /// A web server or a proxy answered a call, not a server of the client's protocol.
    NotTheProtocol,
}

impl ConnectFault {
    /// The fault among an error and its sources, if there is one.
    ///
    /// ```no_run
    /// # async fn run() {
    /// use protod::client::{Client, ConnectFault};
    ///
    /// if let Err(error) = Client::connect("localhost:9002").await
    ///     && ConnectFault::of(&error) == Some(ConnectFault::SpeaksTls)
    /// {
    ///     // Try again with `Client::builder(…).tls(…)`.
    /// }
    /// # }
    /// ```
    pub fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        find(error, |error| {
            let connect = error.downcast_ref::<ConnectError>().map(|error| error.fault);
            connect.or_else(|| error.is::<NotTheProtocol>().then_some(Self::NotTheProtocol))
        })
    }
}

/// What `look` finds first among an error and its sources. An I/O error hides the one that it is made of from its sources.
pub(in crate::client) fn find<T>(
    error: &(dyn StdError + 'static),
    look: impl Fn(&(dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = look(error).or_else(|| inner.and_then(|inner| look(inner))) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// With what reason the server has reset the stream or ended the connection, if it has.
pub(in crate::client) fn reason_of(error: &(dyn StdError + 'static)) -> Option<Reason> {
    find(error, |error| error.downcast_ref::<h2::Error>()?.reason())
}

/// An error and its sources, without those that say again what is said.
pub(in crate::client) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}

/// A connection that was not made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(in crate::client) struct ConnectError {
    pub(super) fault: ConnectFault,
    pub(super) message: String,
}

impl ConnectError {
    pub(super) fn new(fault: ConnectFault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
        }
    }

    /// The one among an error and its sources.
    pub(in crate::client) fn among(error: &(dyn StdError + 'static)) -> Option<Self> {
        find(error, |error| error.downcast_ref::<Self>().cloned())
    }

    /// A socket that was not opened.
    pub(super) fn of_socket(error: &(dyn StdError + 'static)) -> Self {
        let io = find(error, |error| {
            let error = error.downcast_ref::<io::Error>()?;
            Some((error.kind(), error.to_string()))
        });
        match io {
            Some((io::ErrorKind::TimedOut, _)) => {
                Self::new(ConnectFault::TimedOut, "it does not answer in time")
            }
            Some((_, message)) if is_of_names(error) => Self::new(ConnectFault::UnknownHost, message),
            Some((_, message)) => Self::new(ConnectFault::Unreachable, message),
            None => Self::new(ConnectFault::Unreachable, error.to_string()),
        }
    }

    /// What TLS says of a connection, if it was TLS that ended it.
    pub(in crate::client) fn of_tls(error: &(dyn StdError + 'static)) -> Option<Self> {
        find(error, |error| error.downcast_ref::<rustls::Error>().cloned())
            .map(|error| Self::of_rustls(&error))
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        use ConnectFault as Fault;
        match error {
            rustls::Error::InvalidCertificate(problem) => Self::of_certificate(problem),
            rustls::Error::AlertReceived(alert) => match alert {
                Alert::CertificateRequired => Self::new(
                    Fault::ClientCertificate,
                    "the server wants a certificate of the client",
                ),
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::DecryptError
                | Alert::AccessDenied => Self::new(
                    Fault::ClientCertificate,
                    format!("the server does not take the client's certificate: {alert:?}"),
                ),
                Alert::NoApplicationProtocol => {
                    Self::new(Fault::SpeaksHttp1, "the server does not offer HTTP/2")
                }
                other => Self::new(
                    Fault::Handshake,
                    format!("the server ended the TLS handshake: {other:?}"),
                ),
            },
            other => Self::new(Fault::Handshake, format!("the TLS handshake failed: {other}")),
        }
    }

    fn of_certificate(problem: &CertificateError) -> Self {
        use ConnectFault as Fault;
        match problem {
            CertificateError::UnknownIssuer => Self::new(
                Fault::UnknownIssuer,
                "the server's certificate is signed by no authority that is trusted here",
            ),
            CertificateError::NotValidForNameContext { expected, presented } => {
                let names = match presented.as_slice() {
                    [] => "names no host".to_owned(),
                    names => format!(
                        "is for {}",
                        names.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ")
                    ),
                };
                let expected = expected.to_str();
                Self::new(
                    Fault::WrongName,
                    format!("the server's certificate is not for {expected}: it {names}"),
                )
            }
            CertificateError::NotValidForName => Self::new(
                Fault::WrongName,
                "the server's certificate is for another name than that of the server",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Self::new(Fault::WrongTime, "the server's certificate has expired")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::new(Fault::WrongTime, "the server's certificate is not valid yet")
            }
            // The error of the library beneath, which rustls does not name.
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => Self::new(
                Fault::BadCertificate,
                "the server's certificate is that of an authority (CA:TRUE), and not of a server",
            ),
            other => Self::new(
                Fault::BadCertificate,
                format!("the server's certificate cannot be used: {other}"),
            ),
        }
    }
}

/// The name in rustls' `DnsName("a.test")` or `IpAddress(::1)`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// Whether an address could not be found. hyper's connector has no other sign of it than its message.
fn is_of_names(error: &(dyn StdError + 'static)) -> bool {
    find(error, |error| {
        error.to_string().starts_with("dns error").then_some(())
    })
    .is_some()
}

/// An HTTP answer where one of the protocol was expected.
#[derive(Debug, thiserror::Error)]
#[error("the answer is not {protocol}: {what}")]
pub(in crate::client) struct NotTheProtocol {
    /// The name of the protocol.
    pub(in crate::client) protocol: &'static str,
    pub(in crate::client) what: String,
}

impl NotTheProtocol {
    /// Whether a status stands for such an answer.
    pub(in crate::client) fn is_source_of(status: &tonic::Status) -> bool {
        ConnectFault::of(status) == Some(ConnectFault::NotTheProtocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_wherever_it_lies() {
        let fault = || ConnectError::new(ConnectFault::SpeaksTls, "it speaks TLS");
        let io = io::Error::other(fault());
        assert_eq!(ConnectFault::of(&io), Some(ConnectFault::SpeaksTls));
        let error = crate::error::Error::io("cannot connect", io);
        assert_eq!(ConnectFault::of(&error), Some(ConnectFault::SpeaksTls));
        let status = tonic::Status::from_error(Box::new(fault()));
        assert_eq!(ConnectFault::of(&status), Some(ConnectFault::SpeaksTls));
        let other = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(ConnectFault::of(&other), None);
    }
}
