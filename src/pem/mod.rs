//! Certificates and private keys in PEM files, for servers and clients.
//!
//! Each error names the file, and says what to do where one can tell: files come encrypted, binary, exchanged, or from an
//! editor with an encoding of its own.

#[cfg(feature = "tls")]
mod validity;

use std::path::Path;

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

#[cfg(feature = "tls")]
pub(crate) use self::validity::Validity;
use crate::error::Error;
use crate::excerpt::excerpt;

/// All certificates of a file; none at all is an error.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path, "x509")?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(path, error))?;
    if certificates.is_empty() {
        let found = match () {
            () if has(&text, "PRIVATE KEY-----") => {
                "it contains a private key and no certificate; are certificate and key exchanged?"
            }
            () if has(&text, "CERTIFICATE REQUEST-----") => {
                "it contains the request for a certificate, which an authority has yet to sign"
            }
            () => "it contains no certificate",
        };
        return Err(unusable(path, found));
    }
    Ok(certificates)
}

/// The first private key of a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(path, "pkey")?;
    // In PKCS #8, or as OpenSSL used to write it.
    if has(&text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(&text, "Proc-Type: 4,ENCRYPTED") {
        return Err(unusable(
            path,
            "the key is encrypted; decrypt it with `openssl pkey -in FILE -out DECRYPTED`",
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if has(&text, "-----BEGIN CERTIFICATE-----") => unusable(
            path,
            "it contains a certificate and no private key; are certificate and key exchanged?",
        ),
        pem::Error::NoItemsFound if has(&text, "PUBLIC KEY-----") => unusable(
            path,
            "it contains a public key, and not the private key that belongs to it",
        ),
        pem::Error::NoItemsFound => unusable(path, "it contains no private key"),
        error => malformed(path, error),
    })
}

/// The text of a file that seems to be PEM. `command` is that of openssl for what should be in it.
fn read(path: &Path, command: &str) -> Result<Vec<u8>, Error> {
    const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
    const UTF16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];
    /// A sequence, as which every certificate and every key begins.
    const DER: u8 = 0x30;

    let bytes =
        std::fs::read(path).map_err(|error| Error::io(format!("cannot read {}", path.display()), error))?;
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(unusable(path, "it is UTF-16 text; save it as UTF-8"));
    }
    if bytes.first() == Some(&DER) && !has(&bytes, "-----BEGIN ") {
        let advice = format!(
            "it is not PEM but binary; convert DER with `openssl {command} -inform der -in FILE -out PEM`, and PKCS #12 \
             (.p12, .pfx) with `openssl pkcs12 -nodes -in FILE -out PEM`"
        );
        return Err(unusable(path, advice));
    }
    Ok(match bytes.strip_prefix(UTF8_MARK) {
        Some(text) => text.to_vec(),
        None => bytes,
    })
}

fn has(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

/// The error for a certificate and a key that cannot be used together. Both are named.
pub(crate) fn unusable_pair(certificate: &Path, key: &Path, error: rustls::Error) -> Error {
    let action = format!("cannot use {} with {}", certificate.display(), key.display());
    match error {
        rustls::Error::InconsistentKeys(_) => Error::invalid_input(
            action,
            "the key does not belong to the certificate; of a pair, `openssl x509 -noout -pubkey -in CERTIFICATE` and \
             `openssl pkey -pubout -in KEY` print the same",
        ),
        error => Error::invalid_input(action, error),
    }
}

pub(crate) fn unusable(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::invalid_input(format!("cannot use {}", path.display()), error)
}

/// The error for a file that is not PEM throughout. The library's own texts show lines as lists of bytes.
fn malformed(path: &Path, error: pem::Error) -> Error {
    let found = match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let marker = String::from_utf8_lossy(&end_marker);
            format!("it ends before `-----END {marker}-----`; is it half written?")
        }
        pem::Error::IllegalSectionStart { line } => {
            let line = String::from_utf8_lossy(&line);
            format!("the line `{}` is no begin of a part", excerpt(line.trim_end()))
        }
        pem::Error::Base64Decode(error) => format!("what it contains is not base64: {error}"),
        error => return Error::invalid_input(format!("cannot read {}", path.display()), error),
    };
    unusable(path, found)
}
