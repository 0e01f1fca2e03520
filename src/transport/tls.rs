//! TLS with rustls: a certificate and its key, and optionally the authorities that sign client certificates.
//!
//! The configuration is one pointer, which a reload replaces. Handshakes that begin afterwards use the new certificate;
//! open connections stay open. A reload that fails changes nothing.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::handshake_fault::HandshakeFault;
use super::replayed::Replayed;
use super::tls_record::expect_tls;
use super::wrong_protocol::hang_up;
use crate::error::Error;
use crate::handler::Peer;
use crate::pem::{self, Validity};

/// A connection after its handshake.
pub(super) type TlsStream<I> = tokio_rustls::server::TlsStream<Replayed<I>>;

/// The PEM files that TLS needs.
///
/// ```
/// let files = protod::TlsFiles::new("server.pem", "server.key").client_ca("clients.pem");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct TlsFiles {
    /// The server's certificate, followed by its intermediate certificates.
    pub cert: PathBuf,
    /// The private key of the server's certificate.
    pub key: PathBuf,
    /// The roots of client certificates. If set, clients without a valid certificate are refused.
    pub client_ca: Option<PathBuf>,
}

/// The TLS configuration of a listener. Cheap to clone: all clones are reloaded together.
///
/// ```no_run
/// use protod::{Schema, Server, Tls, TlsFiles};
///
/// let tls = Tls::load(TlsFiles::new("server.pem", "server.key"))?;
/// let server = Server::builder(Schema::load("proto")?).tls(tls.clone()).build()?;
/// // … and when the certificate was renewed:
/// tls.reload()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    loaded: Arc<ArcSwap<Loaded>>,
}

/// What the files said.
struct Loaded {
    config: Arc<ServerConfig>,
    validity: Option<Validity>,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, Error> {
        let loaded = Arc::new(ArcSwap::from_pointee(files.read()?));
        Ok(Self {
            files: Arc::new(files),
            loaded,
        })
    }

    /// Reads the files again, for handshakes from now on. On an error nothing changes.
    pub fn reload(&self) -> Result<(), Error> {
        self.loaded.store(Arc::new(self.files.read()?));
        Ok(())
    }

    /// The files; a change of one calls for a [`reload`](Self::reload).
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// Why clients refuse the certificate that is in use, if its dates are the reason: it has expired, or is not valid yet.
    pub fn warning(&self) -> Option<String> {
        let problem = self.loaded.load().validity.as_ref()?.problem(SystemTime::now())?;
        let certificate = self.files.cert.display();
        Some(format!(
            "clients will refuse the certificate in {certificate}: it {problem}"
        ))
    }

    /// Does the handshake. The client that it returns has the certificates that it showed.
    pub(super) async fn accept<I>(&self, io: I, peer: Peer) -> io::Result<(TlsStream<I>, Peer)>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let io = expect_tls(io).await?;
        let acceptor = TlsAcceptor::from(Arc::clone(&self.loaded.load().config));
        let stream = match acceptor.accept(io).into_fallible().await {
            Ok(stream) => stream,
            Err((error, io)) => {
                // The client learns why, even if it has sent more than the handshake already.
                // It may hang up first.
                let _ = hang_up(io).await;
                return Err(HandshakeFault::explained(error));
            }
        };
        let peer = match stream.get_ref().1.peer_certificates() {
            Some(certificates) => Peer::with_certificates(peer.addr().clone(), certificates.to_vec()),
            None => peer,
        };
        Ok((stream, peer))
    }
}

/// Whether a connection was not made because one of the two sides is set up wrong.
pub(super) fn is_handshake_fault(error: &io::Error) -> bool {
    HandshakeFault::is_cause_of(error)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl TlsFiles {
    /// A certificate and its key. Clients need no certificate.
    pub fn new(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            cert: cert.into(),
            key: key.into(),
            client_ca: None,
        }
    }

    /// Refuses clients without a certificate that one of the roots in this file has signed. Default: clients need none.
    pub fn client_ca(mut self, roots: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(roots.into());
        self
    }

    fn read(&self) -> Result<Loaded, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has the ciphers of TLS 1.2 and 1.3");
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in pem::certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| pem::unusable(path, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .map_err(|error| pem::unusable(path, error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let certificates = pem::certificates(&self.cert)?;
        let validity = certificates.first().and_then(|own| Validity::of(own));
        let mut config = builder
            .with_single_cert(certificates, pem::private_key(&self.key)?)
            .map_err(|error| pem::unusable_pair(&self.cert, &self.key, error))?;
        config.alpn_protocols = ["h2", "http/1.1", "http/1.0"].map(Vec::from).to_vec();
        Ok(Loaded {
            config: Arc::new(config),
            validity,
        })
    }
}
