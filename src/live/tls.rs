//! How the files of TLS are loaded and reloaded.
//!
//! Handshakes that begin after a reload use the new certificate; existing connections stay. Files that do not fit
//! together change nothing, as when a certificate has been written and its key has not.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use super::outcome::ReloadOutcome;
use super::reloader::Reloader;
use super::snapshot::{Paths, Snapshot};
use super::watched_files::{Reason, Reloaded, WatchedFiles};
use super::watcher::FolderWatcher;
use crate::error::Error;
use crate::stamp::moment;
use crate::transport::{Tls, TlsFiles};

impl Reloader<()> {
    /// Reloads the `tls` that a server was given.
    pub fn tls(tls: Tls) -> Self {
        Self::of(CertificateFiles::new(tls), None, log_tls_reload)
    }
}

impl Reloader {
    /// A second reloader for the same server: of its `tls`. If one of its reloads fails, the health service
    /// [`RELOAD`](super::RELOAD) reports it too.
    pub fn with_tls(&self, tls: Tls) -> Reloader<()> {
        Reloader::of(CertificateFiles::new(tls), self.status(), log_tls_reload)
    }
}

/// Loads certificates and keys as [`Tls::load`] does. Waits until none of the files may be half written, for two seconds at
/// most.
pub fn load_tls(files: TlsFiles) -> Result<Tls, Error> {
    settled(&files, &Snapshot::default());
    Tls::load(files)
}

/// Logs the outcome of a reload of TLS, unless [`Reloader::report`] is given something else.
pub fn log_tls_reload(outcome: &Result<(), Error>) {
    match outcome {
        Ok(()) => tracing::info!("TLS reloaded: new connections get the new certificate"),
        Err(error) => tracing::error!(
            error = with_causes(error),
            "TLS not reloaded: the certificate in use stays"
        ),
    }
}

/// An error and its causes in one text: lines of JSON have no place for the sources of an error.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(StdError::source(error), |&cause| cause.source());
    for cause in causes {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    text
}

/// The certificate, its key, and the certificate authority of clients.
#[derive(Debug)]
struct CertificateFiles {
    tls: Tls,
    /// The files as they were read last; empty at first.
    snapshot: Snapshot,
    /// A reload waits until the files are no longer written.
    is_put_off: bool,
}

impl CertificateFiles {
    fn new(tls: Tls) -> Self {
        Self {
            tls,
            snapshot: Snapshot::default(),
            is_put_off: false,
        }
    }
}

impl WatchedFiles<()> for CertificateFiles {
    fn reloads(&self) -> &'static str {
        "reloads of TLS"
    }

    fn reload(&mut self, reason: Reason, watcher: Option<&FolderWatcher>) -> Reloaded<()> {
        let files = self.tls.files();
        let snapshot = match reason {
            Reason::Started | Reason::Requested => settled(files, &self.snapshot),
            Reason::Changed | Reason::Touched => {
                Snapshot::take(Paths::of_named(&paths(files)), &self.snapshot, moment())
            }
        };
        let is_unchanged = snapshot.equals(&self.snapshot) && !std::mem::take(&mut self.is_put_off);
        self.snapshot = snapshot;
        match reason {
            // They may have changed since the server was given them. If they have not, there is nothing to report.
            Reason::Started => self
                .tls
                .reload()
                .err()
                .map_or(Reloaded::Nothing, |error| Reloaded::Done(Err(error))),
            Reason::Changed | Reason::Touched if is_unchanged => Reloaded::Nothing,
            Reason::Changed | Reason::Touched
                if watcher.is_some_and(|watcher| watcher.is_written() || !self.snapshot.is_settled()) =>
            {
                self.is_put_off = true;
                Reloaded::Unsettled
            }
            Reason::Requested | Reason::Changed | Reason::Touched => {
                let outcome = self.tls.reload();
                if outcome.is_ok()
                    && let Some(warning) = self.tls.warning()
                {
                    tracing::warn!("{warning}");
                }
                Reloaded::Done(outcome)
            }
        }
    }

    fn told(&self, (): &()) -> ReloadOutcome {
        ReloadOutcome::of_changes(std::iter::empty::<&str>(), Duration::ZERO)
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// The files when none of them may be half written.
fn settled(files: &TlsFiles, before: &Snapshot) -> Snapshot {
    Snapshot::settled(Paths::of_named(&paths(files)), before)
}

fn paths(files: &TlsFiles) -> Vec<PathBuf> {
    let mut paths = vec![files.cert.clone(), files.key.clone()];
    paths.extend(files.client_ca.clone());
    paths
}
