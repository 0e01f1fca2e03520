//! What a reload of TLS is.
//!
//! Handshakes that begin after a reload use the new certificate, connections that exist stay. Files that make no
//! sense together, as between the write of a certificate and that of its key, change nothing.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::SystemTime;

use super::reloader::{Reason, Reload, Reloader};
use super::survey::{Paths, Survey};
use crate::Error;
use crate::server::{Tls, TlsFiles};

impl Reloader<()> {
    /// Reloads `tls`, which a server was given.
    pub fn tls(tls: Tls) -> Self {
        let survey = Survey::default();
        Self::of(CertificateFiles { tls, survey }, log_tls_reload)
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

/// The certificate, its key, and whom clients are to be known by.
#[derive(Debug)]
struct CertificateFiles {
    tls: Tls,
    /// The files as they were read last; at first, as if there had been none.
    survey: Survey,
}

impl Reload<()> for CertificateFiles {
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
        let survey = Survey::take(paths, &self.survey, since);
        let outcome = match reason {
            // They may have changed since the server was given them; if not, nobody need hear of it.
            Reason::Begun => self.tls.reload().err().map(Err),
            Reason::Changed if survey.is(&self.survey) => None,
            Reason::Asked | Reason::Changed => Some(self.tls.reload()),
        };
        self.survey = survey;
        outcome
    }

    fn folders(&self) -> &BTreeSet<PathBuf> {
        self.survey.folders()
    }
}

fn paths(files: &TlsFiles) -> Vec<PathBuf> {
    let mut paths = vec![files.cert.clone(), files.key.clone()];
    paths.extend(files.client_ca.clone());
    paths
}
