//! TLS of a server, as flags.
//!
//! A certificate and its key turn it on; an authority for clients makes it mutual. The files are read again when they
//! change, or at SIGHUP.

use std::path::PathBuf;

use clap::Args;
use protod::live::load_tls;
use protod::{Error, Tls, TlsFiles};

/// Certificate, key, and who may call.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "TLS")]
#[expect(clippy::struct_field_names, reason = "the fields name the flags")]
pub(crate) struct TlsArgs {
    /// The server's certificate and those that lead to its authority, PEM; turns TLS on
    #[arg(long, value_name = "FILE", env = "PROTOD_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", env = "PROTOD_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// The authority that signs client certificates, PEM; clients without a valid certificate are refused
    #[arg(
        long,
        value_name = "FILE",
        env = "PROTOD_TLS_CLIENT_CA",
        requires = "tls_cert"
    )]
    tls_client_ca: Option<PathBuf>,
}

impl TlsArgs {
    /// The configuration, if TLS is on.
    pub(crate) fn load(&self) -> Result<Option<Tls>, Error> {
        let (Some(cert), Some(key)) = (self.tls_cert.clone(), self.tls_key.clone()) else {
            return Ok(None);
        };
        let mut files = TlsFiles::new(cert, key);
        if let Some(roots) = &self.tls_client_ca {
            files = files.client_ca(roots);
        }
        load_tls(files).map(Some)
    }
}
