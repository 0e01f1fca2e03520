//! Why a TLS handshake failed, where one of the two sides is set up wrong: said for whoever runs the server.
//!
//! The error is of a type of its own, as that of [another protocol](super::wrong_protocol): the log tells these from clients
//! that go away.

use std::fmt;
use std::io;

use tokio_rustls::rustls::{AlertDescription, Error};

/// A handshake that no second try makes better.
#[derive(Debug)]
pub(super) enum HandshakeFault {
    /// The client has to show a certificate, and shows none.
    NoCertificate,
    /// The client's certificate is not taken.
    ClientRefused(Error),
    /// The client does not take the server's certificate.
    ServerRefused(AlertDescription),
    /// They have no version, cipher or protocol in common.
    NothingInCommon(Error),
}

impl HandshakeFault {
    /// The error of a handshake, as a fault if it is one.
    pub(super) fn explained(error: io::Error) -> io::Error {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
        match cause.and_then(Self::of) {
            Some(fault) => io::Error::new(error.kind(), fault),
            None => error,
        }
    }

    fn of(error: &Error) -> Option<Self> {
        use AlertDescription as Alert;
        match error {
            Error::NoCertificatesPresented => Some(Self::NoCertificate),
            Error::InvalidCertificate(_) => Some(Self::ClientRefused(error.clone())),
            Error::AlertReceived(
                alert @ (Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError),
            ) => Some(Self::ServerRefused(*alert)),
            Error::PeerIncompatible(_)
            | Error::NoApplicationProtocol
            | Error::AlertReceived(
                Alert::HandshakeFailure
                | Alert::ProtocolVersion
                | Alert::InsufficientSecurity
                | Alert::NoApplicationProtocol,
            ) => Some(Self::NothingInCommon(error.clone())),
            _ => None,
        }
    }

    /// Whether the error of a connection is such a fault.
    pub(super) fn is_cause_of(error: &io::Error) -> bool {
        error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<Self>())
            .is_some()
    }
}

impl fmt::Display for HandshakeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str(
                "the client shows no certificate, and this port wants one: give the client a certificate and its key",
            ),
            Self::ClientRefused(error) => write!(
                f,
                "the client's certificate is refused, {error}: it must be signed by an authority that this port trusts, and be valid"
            ),
            Self::ServerRefused(alert) => write!(
                f,
                "the client refuses this port's certificate ({alert:?}): it must trust whoever signed the certificate, and call \
                 a name that the certificate has"
            ),
            Self::NothingInCommon(error) => write!(
                f,
                "the client has no TLS in common with this port, which speaks TLS 1.2 and 1.3 with HTTP/2: {error}"
            ),
        }
    }
}

impl std::error::Error for HandshakeFault {}
