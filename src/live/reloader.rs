//! [`Reloader`]: when files are reloaded, whatever they are for.
//!
//! A reload happens when a watched file changes, when a source of the schema answers something else than before, and when
//! one is requested. There is one at a time, on a thread that may block; whatever changes during a reload causes one more.

use std::fmt;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::edit::{Edit, PutError, PutProtos};
use super::outcome::ReloadOutcome;
use super::refresh::{News, Refresh};
use super::snapshot::MAX_SETTLING_TIME;
use super::status::ReloadStatus;
use super::summary::ReloadSummary;
use super::trigger::{LastReload, ReloadTrigger, Waiting};
use super::watched_files::{Reason, Reloaded, WatchedFiles};
use super::watcher::FolderWatcher;
use crate::error::Error;
use crate::server::Refreshed;
use crate::session::Sessions;

/// Reloads a [`Server`](crate::server::Server), or its [`Tls`](crate::transport::Tls), for as long as it
/// [runs](Reloader::run).
///
/// `Outcome` is what a successful reload returns.
///
/// ```no_run
/// use protod::live::{Answers, Loader, Project, Reloader};
/// use protod::{Error, Rules, Schema, Server};
///
/// struct Folder;
///
/// impl Project for Folder {
///     fn schema(&self) -> Result<Schema, Error> {
///         Schema::load("proto")
///     }
///
///     fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
///         Ok(Answers::new().rules(Rules::beside(schema)?).watch_beside(schema))
///     }
/// }
///
/// # async fn run() -> Result<(), Error> {
/// let mut loader = Loader::new(Folder);
/// let loaded = loader.load()?;
/// let server = Server::builder(loaded.schema).handlers(loaded.handlers).build()?;
/// let reloader = Reloader::new(server.clone(), loader).report(|outcome| match outcome {
///     Ok(summary) => println!("{} changes in {:?}", summary.changes.len(), summary.took),
///     Err(error) => println!("not reloaded: {error}"),
/// });
/// let trigger = reloader.trigger();
/// tokio::spawn(reloader.run());
/// trigger.reload();
/// server.bind("127.0.0.1:9002").await?.serve().await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is reloaded until it runs"]
pub struct Reloader<Outcome = ReloadSummary> {
    trigger: ReloadTrigger,
    watch: bool,
    refresh: Option<Duration>,
    worker: Worker<Outcome>,
}

impl<Outcome: 'static> Reloader<Outcome> {
    /// Reloads `files`, and reports outcomes with `log`, and to `status`.
    pub(super) fn of(
        files: impl WatchedFiles<Outcome> + 'static,
        status: Option<ReloadStatus>,
        log: fn(&Result<Outcome, Error>),
    ) -> Self {
        let trigger = ReloadTrigger::default();
        Self {
            trigger: trigger.clone(),
            watch: true,
            refresh: None,
            worker: Worker {
                files: Box::new(files),
                watcher: None,
                unsettled_since: None,
                news: None,
                unsaid: Vec::new(),
                asked: Vec::new(),
                _until_last: trigger.until_last_reload(),
                trigger,
                status,
                report: Box::new(move |outcome| log(&outcome)),
            },
        }
    }

    /// Whether files are watched. If not, reloads happen only when requested. Default: `true`.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// Sets when the sources of the schema are asked again.
    pub(super) fn refreshed_every(mut self, interval: Option<Duration>) -> Self {
        self.refresh = interval;
        self
    }

    /// What to do with the outcome of each reload. Default: it is logged, by [`log_reload`](super::log_reload) or
    /// [`log_tls_reload`](super::log_tls_reload).
    pub fn report(mut self, report: impl Fn(Result<Outcome, Error>) + Send + 'static) -> Self {
        self.worker.report = Box::new(report);
        self
    }

    /// Serves the rules that were kept in a folder, and keeps others there from now on.
    pub(super) fn keep_in(&mut self, folder: &Path) -> Result<(), Error> {
        let told = self.worker.files.keep_in(folder)?;
        self.worker.unsaid.extend(told);
        self.trigger.note_set_aside(self.worker.files.set_aside());
        Ok(())
    }

    /// Where the outcomes of reloads are reported, besides the log.
    pub(super) fn status(&self) -> Option<ReloadStatus> {
        self.worker.status.clone()
    }

    /// A handle that requests reloads, for instance at a signal.
    pub fn trigger(&self) -> ReloadTrigger {
        self.trigger.clone()
    }

    /// Starts to watch now, instead of when it [runs](Self::run): from this call on, no save goes unnoticed while it is being
    /// made. Blocks while it looks up the folders to watch.
    pub fn started(mut self) -> Self {
        self.worker.start(self.watch);
        self
    }

    /// Reloads whenever there is a reason to, for as long as this is polled and the runtime lives.
    pub async fn run(self) {
        let Self {
            trigger,
            watch,
            refresh,
            mut worker,
        } = self;
        let mut refresh = Refresh::new(refresh);
        // Without a watch no client can cause a reload.
        let mut checks = watch.then(|| worker.files.checks()).flatten();
        let sessions = worker.files.sessions();
        let mut waiting: Vec<Refreshed> = Vec::new();
        let reloads = worker.files.reloads();
        let mut work = Work::Start;
        loop {
            let reloaded = tokio::task::spawn_blocking(move || {
                // Whatever else there is to do.
                worker.edit();
                match work {
                    Work::Start => worker.start(watch),
                    Work::Reload(reason) => worker.reload(reason),
                    Work::Edit => {}
                }
                worker
            });
            match reloaded.await {
                Ok(back) => worker = back,
                // The runtime is shutting down, or the report panicked.
                Err(error) => return tracing::debug!("no more {reloads}: {error}"),
            }
            for warning in worker.unsaid.drain(..) {
                tracing::warn!("{warning}");
            }
            // Who waits for what was saved does so until it is loaded.
            let unsettled = worker.unsettled_since.is_some();
            if !unsettled {
                for check in waiting.drain(..) {
                    // An error means that its client is gone.
                    let _ = check.send(());
                }
            }
            let sources = worker.files.sources();
            work = tokio::select! {
                () = trigger.requested() => {
                    worker.asked.extend(trigger.take_waiting());
                    refresh.hurry();
                    Work::Reload(Reason::Requested)
                }
                news = refresh.news(&sources) => {
                    worker.news = Some(news);
                    Work::Reload(Reason::Changed)
                }
                () = trigger.edited() => Work::Edit,
                () = some_ended(sessions.as_ref()) => Work::Edit,
                () = changed(worker.watcher.as_ref(), unsettled) => Work::Reload(Reason::Touched),
                check = next(&mut checks) => {
                    waiting.push(check);
                    Work::Reload(Reason::Changed)
                }
            };
            let more = std::iter::from_fn(|| checks.as_mut()?.try_recv().ok());
            waiting.extend(more);
            if !waiting.is_empty() && matches!(work, Work::Edit | Work::Reload(Reason::Touched)) {
                // The watcher may not have heard yet of what a client has saved.
                work = Work::Reload(Reason::Changed);
            }
        }
    }
}

/// What a [`Worker`] is to do.
#[derive(Debug, Clone, Copy)]
enum Work {
    /// To begin to watch.
    Start,
    Reload(Reason),
    /// To make the edits that are asked for, and nothing else.
    Edit,
}

/// Everything that a reload needs. It moves to a thread that may block, and back.
struct Worker<Outcome> {
    files: Box<dyn WatchedFiles<Outcome>>,
    watcher: Option<FolderWatcher>,
    /// Since when a reload is put off because files are being written.
    unsettled_since: Option<Instant>,
    /// What the sources besides files have said, and is to be acted upon.
    news: Option<News>,
    /// What cannot be watched, or is wrong with kept rules, and is to be logged when it runs: before that, a program may have a first line to print.
    unsaid: Vec<String>,
    /// Who wait for the outcome of the next reload.
    asked: Vec<Waiting>,
    /// Where the outcome of the last reload is kept.
    trigger: ReloadTrigger,
    _until_last: LastReload,
    status: Option<ReloadStatus>,
    report: Box<dyn Fn(Result<Outcome, Error>) + Send>,
}

impl<Outcome> Worker<Outcome> {
    /// Begins to watch, unless it does already.
    fn start(&mut self, watch: bool) {
        if !watch || self.watcher.is_some() {
            return;
        }
        match FolderWatcher::new() {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                let reloads = self.files.reloads();
                return self
                    .unsaid
                    .push(format!("{reloads} happen only on request: {error}"));
            }
        }
        self.reload(Reason::Started);
    }

    /// Makes the edits that are asked for, and those that the end of sessions asks for.
    fn edit(&mut self) {
        self.files.forget_ended();
        self.trigger.note_set_aside(self.files.set_aside());
        for edit in self.trigger.take_edits() {
            match edit {
                Edit::PutProtos(protos, answer) => {
                    let put = self.put_protos(&protos);
                    // An error means that nobody waits for it.
                    let _ = answer.send(put);
                }
                Edit::ServePrepared(name, answer) => {
                    let _ = answer.send(self.serve_prepared(&name));
                }
                of_rules => self.files.edit(of_rules),
            }
            self.trigger.note_set_aside(self.files.set_aside());
        }
    }

    /// Reloads with protos over those of the sources. If that fails, nothing is wrong with what is saved, so that the status stays
    /// as it is.
    fn put_protos(&mut self, protos: &PutProtos) -> Result<Arc<ReloadOutcome>, PutError> {
        match self.files.put_protos(protos)? {
            Reloaded::Done(Err(error)) => {
                let told = Arc::new(ReloadOutcome::of_error(&error));
                self.trigger.note_refused(&told);
                tracing::warn!("the protos that were to be put are refused");
                (self.report)(Err(error));
                Ok(told)
            }
            Reloaded::Done(done) => {
                let told = self.done(done);
                self.watch_again();
                Ok(told)
            }
            Reloaded::Nothing | Reloaded::Unsettled => Err(PutError::NotRunning),
        }
    }

    /// Serves what is prepared by this name, if it is there.
    fn serve_prepared(&mut self, name: &str) -> Option<Arc<ReloadOutcome>> {
        let served = self.files.serve_prepared(name)?;
        let told = self.done(served);
        self.watch_again();
        Some(told)
    }

    /// Reports who does not answer, and who does again. Returns whether there is something to load.
    fn note(&mut self, news: News) -> bool {
        if news.changed {
            self.files.note_other_answer();
        }
        if let Some(answered) = news.answered {
            if let Some(status) = &self.status {
                status.set("answers of sources", answered.is_ok());
            }
            match answered {
                Ok(()) => tracing::info!("the sources of the schema answer again"),
                Err(error) => {
                    self.trigger.note(&Arc::new(ReloadOutcome::of_error(&error)));
                    (self.report)(Err(error));
                }
            }
        }
        news.changed
    }

    /// Reloads if there is a reason to, and watches what the load depends on.
    fn reload(&mut self, reason: Reason) {
        if let Some(news) = self.news.take()
            && !self.note(news)
            && self.watcher.is_none()
        {
            return;
        }
        let since = self.unsettled_since.take();
        let is_patient = since.is_none_or(|since| since.elapsed() < MAX_SETTLING_TIME);
        let watcher = self.watcher.as_ref().filter(|_| is_patient);
        match self.files.reload(reason, watcher) {
            Reloaded::Nothing => {}
            Reloaded::Unsettled => self.unsettled_since = Some(since.unwrap_or_else(Instant::now)),
            Reloaded::Done(outcome) => {
                let told = self.done(outcome);
                for waiting in self.asked.drain(..) {
                    // An error means that it waits no more.
                    let _ = waiting.send(Arc::clone(&told));
                }
            }
        }
        self.watch_again();
    }

    /// Tells how a reload went.
    fn done(&mut self, outcome: Result<Outcome, Error>) -> Arc<ReloadOutcome> {
        if let Some(status) = &self.status {
            status.set(self.files.reloads(), outcome.is_ok());
        }
        let told = Arc::new(match &outcome {
            Ok(outcome) => self.files.told(outcome),
            Err(error) => ReloadOutcome::of_error(error),
        });
        self.trigger.note(&told);
        self.trigger.note_set_aside(self.files.set_aside());
        (self.report)(outcome);
        self.files.drop_replaced();
        told
    }

    /// Watches what the last load depends on.
    fn watch_again(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            let snapshot = self.files.snapshot();
            self.unsaid
                .extend(watcher.watch_only(snapshot.folders(), snapshot.names()));
        }
    }
}

/// Waits for a check; forever if there is none any more.
async fn next(checks: &mut Option<mpsc::Receiver<Refreshed>>) -> Refreshed {
    match checks {
        Some(receiver) => match receiver.recv().await {
            Some(check) => check,
            None => pending().await,
        },
        None => pending().await,
    }
}

/// Waits until sessions have ended; forever if there are none.
async fn some_ended(sessions: Option<&Sessions>) {
    match sessions {
        Some(sessions) => sessions.some_ended().await,
        None => pending().await,
    }
}

/// Waits for a change, or, if `unsettled`, until files are no longer written; forever if nothing is watched.
async fn changed(watcher: Option<&FolderWatcher>, unsettled: bool) {
    match watcher {
        Some(watcher) if unsettled => watcher.settled().await,
        Some(watcher) => watcher.changed().await,
        None => pending().await,
    }
}

impl<Outcome> fmt::Debug for Worker<Outcome> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("files", &self.files)
            .field("watcher", &self.watcher)
            .finish_non_exhaustive()
    }
}
