//! Reloads TLS when its files change, or when it is asked to.
//!
//! Handshakes that begin after a reload use the new certificate, connections that exist stay. Files that make no
//! sense together, as between the write of a certificate and that of its key, change nothing.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::reload::{ReloadTrigger, changed};
use super::survey::{Paths, Survey};
use super::watch::Watcher;
use crate::Error;
use crate::server::{Tls, TlsFiles};

/// Reloads a [`Tls`] for as long as it [runs](TlsReloader::run).
#[derive(Debug)]
#[must_use = "nothing is reloaded until it runs"]
pub struct TlsReloader {
    trigger: ReloadTrigger,
    watch: bool,
    worker: Worker,
}

impl TlsReloader {
    /// Reloads `tls`, which a server was given.
    pub fn new(tls: Tls) -> Self {
        Self {
            trigger: ReloadTrigger::default(),
            watch: true,
            worker: Worker {
                tls,
                survey: Survey::default(),
                watcher: None,
                report: Box::new(|outcome| log_tls_reload(&outcome)),
            },
        }
    }

    /// Whether files are watched; if not, it reloads only when asked to. Default: they are.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// What is done with the outcome of each reload. Default: [`log_tls_reload`].
    pub fn report(mut self, report: impl Fn(Result<(), Error>) + Send + 'static) -> Self {
        self.worker.report = Box::new(report);
        self
    }

    /// What asks for a reload.
    pub fn trigger(&self) -> ReloadTrigger {
        self.trigger.clone()
    }

    /// Reloads whenever there is a reason to, for as long as it is polled and the runtime lives.
    pub async fn run(self) {
        let Self {
            trigger,
            watch,
            mut worker,
        } = self;
        if watch {
            match Watcher::new() {
                Ok(watcher) => worker.watcher = Some(watcher),
                Err(error) => {
                    tracing::error!(cause = ?error, "TLS is reloaded only when asked for: {error}");
                }
            }
        }
        let mut asked = false;
        loop {
            let reloaded = tokio::task::spawn_blocking(move || {
                worker.reload(asked);
                worker
            });
            match reloaded.await {
                Ok(back) => worker = back,
                // The runtime is going, or the report panicked.
                Err(error) => return tracing::debug!("no more reloads of TLS: {error}"),
            }
            asked = tokio::select! {
                () = trigger.asked() => true,
                () = changed(worker.watcher.as_ref()) => false,
            };
        }
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

/// All that a reload needs, so that it can go to a thread that may block, and come back.
struct Worker {
    tls: Tls,
    /// The files as they were read last; at first, as if there had been none.
    survey: Survey,
    watcher: Option<Watcher>,
    report: Box<dyn Fn(Result<(), Error>) + Send>,
}

impl Worker {
    /// Reloads if the files are not those that were read last, or if asked to, and watches them.
    fn reload(&mut self, asked: bool) {
        let since = SystemTime::now();
        let files = paths(self.tls.files());
        let paths = Paths {
            protos: &files,
            rules: &[],
            rules_folders: &[],
        };
        let survey = Survey::take(paths, &self.survey, since);
        let known = !self.survey.folders().is_empty();
        if asked || known && !survey.is(&self.survey) {
            (self.report)(self.tls.reload());
        } else if !known && self.watcher.is_some() {
            // They may have changed since the server was given them; if not, nobody need hear of it.
            if let Err(error) = self.tls.reload() {
                (self.report)(Err(error));
            }
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.cover(survey.folders());
        }
        self.survey = survey;
    }
}

fn paths(files: &TlsFiles) -> Vec<PathBuf> {
    let mut paths = vec![files.cert.clone(), files.key.clone()];
    paths.extend(files.client_ca.clone());
    paths
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("tls", &self.tls)
            .field("watcher", &self.watcher)
            .finish_non_exhaustive()
    }
}
