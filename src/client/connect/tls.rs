//! [`ClientTls`]: which servers a client trusts, and the certificate that it presents.
//!
//! Only paths are kept. The files are read at each connect, so that a renewed certificate is used.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::verifier::NoVerifier;
use crate::error::Error;
use crate::pem;

/// TLS options of a client. Files are in PEM format, and are read when the client connects.
///
/// ```
/// use protod::ClientTls;
///
/// let tls = ClientTls::new().ca("ca.pem").identity("client.pem", "client.key");
/// # let _ = tls;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ClientTls {
    ca: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
    insecure: bool,
}

impl ClientTls {
    /// Trusts the system's root certificates, and presents no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts only the root certificates in this file. Default: the system's.
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca = Some(file.into());
        self
    }

    /// Presents this certificate, whose private key is in `key`. Default: none.
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// The name that the server's certificate must have. Default: the host of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Takes any certificate of the server. Nobody can read what is sent, but anybody may be the one who receives it: for
    /// tests only.
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Reads the files, as each connect does. Fails if one cannot be read, or has not what it is for.
    pub fn check(&self) -> Result<(), Error> {
        self.load(&[]).map(drop)
    }

    /// The name that the server's certificate must have, if it is not that of the address.
    pub(in crate::client) fn name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Reads the files. `protocols` are what may be spoken over TLS, by their names in ALPN.
    pub(in crate::client) fn load(&self, protocols: &[&str]) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has the ciphers of TLS 1.2 and 1.3");
        let builder = if self.insecure {
            let verifier = Arc::new(NoVerifier(provider));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(pem::certificates(certificate)?, pem::private_key(key)?)
                .map_err(|error| pem::unusable_pair(certificate, key, error))?,
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = &self.ca {
            for certificate in pem::certificates(file)? {
                roots
                    .add(certificate)
                    .map_err(|error| pem::unusable(file, error))?;
            }
            return Ok(roots);
        }
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::debug!("a root certificate of the system cannot be read: {error}");
        }
        // A machine may have none. The handshake then says that nobody is trusted.
        roots.add_parsable_certificates(system.certs);
        Ok(roots)
    }
}
