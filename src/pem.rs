//! Certificates and private keys in PEM files, for servers and clients.
//!
//! Each error names the file, and says what to do where one can tell.

use std::path::Path;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

/// All certificates of a file; none at all is an error.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, error))?;
    if certificates.is_empty() {
        return Err(unusable(path, "it contains no certificate"));
    }
    Ok(certificates)
}

/// The first private key of a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted(path) => unusable(
            path,
            "the key is encrypted; decrypt it with `openssl pkey -in FILE -out DECRYPTED`",
        ),
        pem::Error::NoItemsFound => unusable(path, "it contains no private key"),
        error => unreadable(path, error),
    })
}

/// Whether a key in the file has a passphrase: in PKCS #8, or as OpenSSL used to write it.
fn is_encrypted(path: &Path) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// The error for a certificate and a key that cannot be used together. It may be that one does not belong to the other, so
/// both are named.
pub(crate) fn unusable_pair(
    certificate: &Path,
    key: &Path,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    let action = format!("cannot use {} with {}", certificate.display(), key.display());
    Error::invalid_input(action, error)
}

pub(crate) fn unusable(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::invalid_input(format!("cannot use {}", path.display()), error)
}

fn unreadable(path: &Path, error: pem::Error) -> Error {
    let action = format!("cannot read {}", path.display());
    match error {
        pem::Error::Io(error) => Error::io(action, error),
        other => Error::invalid_input(action, other),
    }
}
