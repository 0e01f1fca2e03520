//! [`ClientTls`]: which servers a client trusts, and the certificate that it presents.
//!
//! Only paths are kept. The files are read at each connect, so that a renewed certificate is used.

use std::fs;
use std::path::{Path, PathBuf};

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::error::Error;

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

    pub(super) fn load(&self) -> Result<ClientTlsConfig, Error> {
        let mut config = ClientTlsConfig::new();
        config = match &self.ca {
            Some(file) => config.ca_certificate(Certificate::from_pem(read(file)?)),
            None => config.with_native_roots(),
        };
        if let Some((certificate, key)) = &self.identity {
            config = config.identity(Identity::from_pem(read(certificate)?, read(key)?));
        }
        if let Some(name) = &self.server_name {
            config = config.domain_name(name);
        }
        Ok(config)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    fs::read(file).map_err(|error| Error::io(format!("cannot read {}", file.display()), error))
}
