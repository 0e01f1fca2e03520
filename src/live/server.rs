//! How a server is reloaded.
//!
//! Everything is loaded and checked first, on a thread that serves nothing, and then swapped in at once. If anything is
//! wrong, the server goes on as it is, and the health service [`RELOAD`] reports NOT_SERVING until a load
//! succeeds.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::compiled_set::check;
use super::edit::{Edit, PutError, PutOutcome, PutProtos, PutRules, SetAside};
use super::kept::KeptFolder;
use super::loader::{Attempt, LoadedProject, Loader};
use super::outcome::{ReloadOutcome, ToldProblem};
use super::prepared::{Prepared, ProjectToLoad};
use super::put_set::{Most, PutSet, PutText};
use super::puts::Puts;
use super::reloader::Reloader;
use super::snapshot::Snapshot;
use super::status::{RELOAD, ReloadStatus};
use super::summary::{ReloadSummary, log_reload};
use super::watched_files::{Reason, Reloaded, WatchedFiles};
use super::watcher::FolderWatcher;
use crate::error::{Error, Problem};
use crate::rules::Rules;
use crate::schema::{Overlay, RememberedSource, Schema};
use crate::server::{Refreshed, Replaced, Server};
use crate::session::{Session, Sessions};

/// How many protos may be put.
const MAX_PROTOS: usize = 1000;

/// How many bytes they may take together.
const MAX_PROTO_BYTES: usize = 16 << 20;

impl Reloader {
    /// Puts rules in front of those of `server`, and reloads nothing.
    pub(crate) fn of_puts(server: Server) -> Self {
        let rules = server.attached::<Rules>().pop();
        let rules = rules.map(|rules| Rules::clone(&rules)).unwrap_or_default();
        let files = ServerFiles::new(server, Loader::of_no_files(rules));
        Self::of(files, None, log_reload).watch(false)
    }

    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        let status = ReloadStatus::new(server.health());
        loader.mark_served();
        Self::of(ServerFiles::new(server, loader), Some(status), log_reload)
    }

    /// Keeps rules that are [put](super::ReloadTrigger::put_rules) to be [kept](super::PutRules::keep) in a folder, which is made if
    /// it is missing, and serves those that are there. Default: none, and no rules are kept.
    ///
    /// Files in it that cannot be read are left out, and rules that do not fit what is served are
    /// [set aside](super::ReloadTrigger::rules_set_aside); both are logged when it runs. A folder is of one server. Fails if the
    /// folder cannot be made or read, or another server has it.
    pub fn kept_rules(mut self, folder: impl AsRef<Path>) -> Result<Self, Error> {
        self.keep_in(folder.as_ref())?;
        Ok(self)
    }

    /// How long after an answer the [sources](crate::schema::SchemaSource) of the schema are asked again. If one answers
    /// something else than before, the server is reloaded. Default: `None`, they are asked only when a reload is requested.
    ///
    /// While one of them does not answer, the server goes on as it is, and the health service [`RELOAD`] reports
    /// NOT_SERVING. The failure is reported once, and again when it changes.
    pub fn refresh(self, interval: impl Into<Option<Duration>>) -> Self {
        self.refreshed_every(interval.into())
    }
}

/// The protos and rules of a server.
#[derive(Debug)]
struct ServerFiles {
    server: Server,
    loader: Loader,
    /// The rules that are put at run time, for what is served.
    puts: Puts,
    /// Where some of it is kept.
    kept: Option<KeptFolder>,
    /// What is loaded, and not served yet.
    prepared: Option<Prepared>,
    /// What the last reload has replaced.
    replaced: Option<Replaced>,
}

impl WatchedFiles<ReloadSummary> for ServerFiles {
    fn reloads(&self) -> &'static str {
        "reloads"
    }

    fn reload(&mut self, reason: Reason, watcher: Option<&FolderWatcher>) -> Reloaded<ReloadSummary> {
        match reason {
            // What changed since the load counts as a change as soon as its folder is watched.
            Reason::Started => return Reloaded::Nothing,
            Reason::Requested if watcher.is_none() => {
                return self.publish(|loader| Attempt::Loaded(Box::new(loader.load())));
            }
            Reason::Requested => self.loader.demand(),
            Reason::Changed | Reason::Touched => {}
        }
        let thorough = reason != Reason::Touched;
        self.publish(|loader| loader.load_if_changed(watcher, thorough))
    }

    fn sources(&self) -> Vec<RememberedSource> {
        self.loader.sources().to_vec()
    }

    fn note_other_answer(&mut self) {
        self.loader.expect_other_schema();
    }

    fn checks(&self) -> Option<mpsc::Receiver<Refreshed>> {
        Some(self.server.health().refreshed(RELOAD))
    }

    fn sessions(&self) -> Option<Sessions> {
        Some(self.server.sessions().clone())
    }

    fn forget_ended(&mut self) {
        if let Some(puts) = self.puts.without_ended(self.server.sessions())
            && let Err(error) = self.serve(puts)
        {
            tracing::error!("the rules of sessions that have ended stay: {error}");
        }
    }

    fn edit(&mut self, edit: Edit) {
        // An error of sending means that nobody waits for the answer.
        let edited = catch_unwind(AssertUnwindSafe(|| match edit {
            Edit::PutRules(rules, answer) => drop(answer.send(self.put_rules(&rules))),
            Edit::Text(name, session, answer) => {
                let set = self.puts.set_of(session.as_ref());
                drop(answer.send(set.text_of(&name)));
            }
            Edit::DeleteRules(name, session, answer) => {
                drop(answer.send(self.delete_rules(name.as_deref(), session.as_ref())));
            }
            Edit::Prepare(name, project, answer) => drop(answer.send(self.prepare(name, project))),
            Edit::PutProtos(..) | Edit::ServePrepared(..) => {}
        }));
        if edited.is_err() {
            tracing::error!("rules could not be put: that is a bug in protod");
        }
    }

    fn put_protos(&mut self, put: &PutProtos) -> Result<Reloaded<ReloadSummary>, PutError> {
        let mut protos = if put.texts.is_empty() && put.sets.is_empty() {
            Overlay::default()
        } else {
            self.loader.protos_put().clone()
        };
        if let Err(error) = protos.put(&put.texts, &put.sets) {
            return Ok(Reloaded::Done(Err(error)));
        }
        if protos.len() > MAX_PROTOS || protos.bytes() > MAX_PROTO_BYTES {
            return Err(PutError::Full(format!(
                "more than {MAX_PROTOS} protos, or {MAX_PROTO_BYTES} bytes of them, would be put"
            )));
        }
        let before = self.loader.put(protos);
        let published = self.publish(|loader| Attempt::Loaded(Box::new(loader.load())));
        // What is wrong may have been found by the server alone.
        match &published {
            Reloaded::Done(Ok(_)) => {
                self.loader.keep_put();
                self.prepared = None;
            }
            _ => self.loader.take_back(before),
        }
        Ok(published)
    }

    fn serve_prepared(&mut self, name: &str) -> Option<Result<ReloadSummary, Error>> {
        let began = Instant::now();
        let Prepared { loader, loaded, .. } = self.prepared.take_if(|prepared| prepared.name == name)?;
        let before = std::mem::replace(&mut self.loader, loader);
        let served = self.swap(loaded, began);
        if served.is_err() {
            self.loader = before;
        }
        Some(served)
    }

    fn set_aside(&self) -> Arc<[SetAside]> {
        self.puts.set_aside()
    }

    fn keep_in(&mut self, folder: &Path) -> Result<Vec<String>, Error> {
        let kept = KeptFolder::open(folder)?;
        let (texts, mut untold) = kept.read()?;
        let (set, left_out) = PutSet::of_kept(texts);
        untold.extend(left_out);
        self.kept = Some(kept);
        let (schema, of_files) = self.served();
        let puts = self.puts.with(set, None, &schema, &of_files);
        let puts = puts.map_err(|error| Error::io("kept rules cannot be put", io::Error::other(error)))?;
        untold.extend(self.serve(puts)?);
        Ok(untold)
    }

    fn told(&self, outcome: &ReloadSummary) -> ReloadOutcome {
        ReloadOutcome::of_changes(outcome.changes.iter(), outcome.took)
    }

    fn drop_replaced(&mut self) {
        self.replaced = None;
    }

    fn snapshot(&self) -> &Snapshot {
        self.loader.snapshot()
    }
}

impl ServerFiles {
    fn new(server: Server, loader: Loader) -> Self {
        Self {
            server,
            loader,
            puts: Puts::default(),
            kept: None,
            prepared: None,
            replaced: None,
        }
    }

    /// Loads and checks a project, and keeps what it comes to.
    fn prepare(&mut self, name: String, ProjectToLoad(project): ProjectToLoad) -> Arc<ReloadOutcome> {
        let began = Instant::now();
        // There is room for one.
        self.prepared = None;
        let prepared = catch_unwind(AssertUnwindSafe(|| {
            let (loader, loaded) = self.loader.prepare(project)?;
            self.server.check(&loaded.schema)?;
            Ok((loader, loaded))
        }));
        let prepared = prepared.unwrap_or_else(|_| Err(panicked()));
        Arc::new(match prepared {
            Ok((loader, loaded)) => {
                self.prepared = Some(Prepared { name, loader, loaded });
                ReloadOutcome::of_changes(std::iter::empty::<&str>(), began.elapsed())
            }
            Err(error) => ReloadOutcome::of_error(&error),
        })
    }

    /// Serves what `load` returns, if it returns anything.
    fn publish(&mut self, load: impl FnOnce(&mut Loader) -> Attempt) -> Reloaded<ReloadSummary> {
        let began = Instant::now();
        let loaded = match catch_panic(|| load(&mut self.loader)) {
            Attempt::Unchanged => return Reloaded::Nothing,
            Attempt::Unsettled => return Reloaded::Unsettled,
            Attempt::Loaded(loaded) => *loaded,
        };
        Reloaded::Done(loaded.and_then(|loaded| self.swap(loaded, began)))
    }

    fn swap(&mut self, loaded: LoadedProject, began: Instant) -> Result<ReloadSummary, Error> {
        let puts = self.puts.compiled_for(
            &loaded.schema,
            &loaded.rules,
            &self.served(),
            self.server.sessions(),
        );
        let replaced = self
            .server
            .reload_with_front(loaded.schema, loaded.handlers, puts.fronts())?;
        self.replaced = Some(replaced);
        puts.forget_other_counters(&loaded.rules);
        for line in puts.new_since(&self.puts) {
            tracing::warn!("{line}");
        }
        self.puts = puts;
        let took = began.elapsed();
        Ok(ReloadSummary {
            changes: self.loader.mark_served(),
            compiled: loaded.compiled,
            warnings: loaded.rules.shared_warnings(),
            took,
        })
    }
}

impl ServerFiles {
    /// The schema that is served, and the rules of files.
    fn served(&self) -> (Schema, Rules) {
        match self.loader.served() {
            Some((schema, rules)) => (schema.clone(), rules.clone()),
            None => (self.server.schema(), self.loader.no_rules().clone()),
        }
    }

    fn put_rules(&mut self, put: &PutRules) -> Result<PutOutcome, PutError> {
        let session = put.session.as_ref();
        self.expect_current(session)?;
        let most = if session.is_some() {
            Most::OF_SESSION
        } else {
            Most::OF_ALL
        };
        let (set, place) = self.puts.set_of(session).with(put, most)?;
        let text = set.texts()[place].clone();
        match (put.keep, session, &self.kept) {
            (true, Some(_), _) => return Err(PutError::KeptOfSession),
            (true, None, None) => return Err(PutError::NoFolder),
            _ => {}
        }
        let (schema, of_files) = self.served();
        let mut outcome = PutOutcome {
            name: text.name.to_string(),
            rules: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let state = session.map(|session| self.puts.state_of(session, &of_files));
        match check(&text, &schema, &of_files, state.as_ref()) {
            Ok((rules, warnings)) => (outcome.rules, outcome.warnings) = (rules, warnings),
            Err(problems) => {
                outcome.problems = problems.iter().map(ToldProblem::of).collect();
                if !put.check_only {
                    log_refused_rules(&outcome);
                }
                return Ok(outcome);
            }
        }
        if put.check_only {
            return Ok(outcome);
        }
        let puts = self.puts.with(set, session, &schema, &of_files)?;
        if let Some(kept) = self.kept.as_ref().filter(|_| session.is_none()) {
            let kept = if put.keep {
                kept.write(&text)
            } else {
                kept.remove(&text.name)
            };
            kept.map_err(PutError::Failed)?;
        }
        self.serve(puts).map_err(PutError::Failed)?;
        let (name, session) = (&outcome.name, session.map(Session::name));
        tracing::info!(session, "rules put as {name}: {}", outcome.rules);
        Ok(outcome)
    }

    fn delete_rules(&mut self, name: Option<&str>, session: Option<&Session>) -> Result<usize, PutError> {
        self.expect_current(session)?;
        let before = self.puts.set_of(session);
        let set = before.without(name)?;
        let stays = |text: &PutText| set.texts().iter().any(|other| other.name == text.name);
        let gone: Vec<&PutText> = before.texts().iter().filter(|text| !stays(text)).collect();
        let (schema, of_files) = self.served();
        let puts = self.puts.with(set.clone(), session, &schema, &of_files)?;
        if let Some(kept) = &self.kept {
            for text in gone.iter().filter(|text| text.keep) {
                kept.remove(&text.name).map_err(PutError::Failed)?;
            }
        }
        self.serve(puts).map_err(PutError::Failed)?;
        for text in &gone {
            let session = session.map(Session::name);
            tracing::info!(session, "rules put as {} deleted", text.name);
        }
        Ok(gone.len())
    }

    /// Fails if the session has ended.
    fn expect_current(&self, session: Option<&Session>) -> Result<(), PutError> {
        match session.filter(|session| !self.server.sessions().has(session.id())) {
            Some(ended) => Err(PutError::NoSession(ended.name().to_owned())),
            None => Ok(()),
        }
    }

    /// Serves what is put. Returns what is to be told of those that do not fit.
    fn serve(&mut self, puts: Puts) -> Result<Vec<String>, Error> {
        let (_, of_files) = self.served();
        self.server.reload_front(puts.fronts())?;
        puts.forget_other_counters(&of_files);
        let lines = puts.new_since(&self.puts);
        self.puts = puts;
        Ok(lines)
    }
}

/// Logs that rules are not put. The answer has all problems.
fn log_refused_rules(outcome: &PutOutcome) {
    let name = &outcome.name;
    let first = outcome
        .problems
        .first()
        .map(ToldProblem::located)
        .unwrap_or_default();
    match outcome.problems.len().saturating_sub(1) {
        0 => tracing::warn!("rules not put as {name}: {first}"),
        more => tracing::warn!("rules not put as {name}: {first}, and {more} more"),
    }
}

/// Turns a panic into an error: a server that runs unattended must go on with its reloads.
fn catch_panic(load: impl FnOnce() -> Attempt) -> Attempt {
    let loaded = catch_unwind(AssertUnwindSafe(load));
    loaded.unwrap_or_else(|_| Attempt::Loaded(Box::new(Err(panicked()))))
}

fn panicked() -> Error {
    Error::schema(vec![Problem::new("the load panicked; this is a bug in protod")])
}
