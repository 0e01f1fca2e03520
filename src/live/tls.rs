//! How TLS is reloaded.
//!
//! Handshakes that begin after a reload use the new certificate; existing connections stay. Files that do not fit
//! together change nothing, as when a certificate has been written and its key has not.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::SystemTime;

use super::reloader::{Reason, Reloader, WatchedFiles};
use super::snapshot::{Paths, Snapshot};
use crate::error::Error;
use crate::transport::{Tls, TlsFiles};

impl Reloader<()> {
    /// Reloads the `tls` that a server was given.
    pub fn tls(tls: Tls) -> Self {
        let snapshot = Snapshot::default();
        Self::of(CertificateFiles { tls, snapshot }, log_tls_reload)
    }
}

/// Logs the outcome of a reload of TLS.
pub fn log_tls_reload(outcome: &Result<(), Error>) {
    match outcome {
        Ok(()) => tracing::info!("TLS reloaded: new connections get the new certificate"),
        Err(error) => tracing::error!(
            error = error as &dyn StdError,
            "TLS not reloaded: the certificate in use stays"
        ),
    }
}

/// The certificate, its key, and the certificate authority of clients.
#[derive(Debug)]
struct CertificateFiles {
    tls: Tls,
    /// The files as they were read last; empty at first.
    snapshot: Snapshot,
}

impl WatchedFiles<()> for CertificateFiles {
    fn reloads(&self) -> &'static str {
        "reloads of TLS"
    }

    fn reload(&mut self, reason: Reason) -> Option<Result<(), Error>> {
        let since = SystemTime::now();
        let files = paths(self.tls.files());
        let paths = Paths {
            protos: &files,
            rules: &[],
            rules_folders: &[],
        };
        let snapshot = Snapshot::take(paths, &self.snapshot, since);
        let outcome = match reason {
            // They may have changed since the server was given them. If they have not, there is nothing to report.
            Reason::Started => self.tls.reload().err().map(Err),
            Reason::Changed if snapshot.equals(&self.snapshot) => None,
            Reason::Requested | Reason::Changed => Some(self.tls.reload()),
        };
        self.snapshot = snapshot;
        outcome
    }

    fn folders(&self) -> &BTreeSet<PathBuf> {
        self.snapshot.folders()
    }
}

fn paths(files: &TlsFiles) -> Vec<PathBuf> {
    let mut paths = vec![files.cert.clone(), files.key.clone()];
    paths.extend(files.client_ca.clone());
    paths
}
