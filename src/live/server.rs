//! How a server is reloaded.
//!
//! Everything is loaded and checked first, on a thread that serves nothing, and then swapped in at once. If anything is
//! wrong, the server goes on as it is, and the health service [`RELOAD`] reports NOT_SERVING until a load
//! succeeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::edit::{Edit, PutError, PutOutcome, PutProtos, PutRules, SetAside};
use super::kept::KeptFolder;
use super::loader::{Attempt, LoadedProject, Loader};
use super::outcome::{ReloadOutcome, ToldProblem};
use super::put_set::{CompiledPuts, PutSet, PutText, check};
use super::reloader::{Reason, Reloaded, Reloader, WatchedFiles};
use super::snapshot::Snapshot;
use super::status::{RELOAD, ReloadStatus};
use super::summary::{ReloadSummary, log_reload};
use super::watcher::FolderWatcher;
use crate::error::{Error, Problem};
use crate::rules::Rules;
use crate::schema::{Overlay, RememberedSource, Schema};
use crate::server::{Refreshed, Replaced, Server};

/// How many protos may be put.
const MAX_PROTOS: usize = 1000;

/// How many bytes they may take together.
const MAX_PROTO_BYTES: usize = 16 << 20;

impl Reloader {
    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        let status = ReloadStatus::new(server.health());
        loader.mark_served();
        let files = ServerFiles {
            server,
            loader,
            put: PutSet::default(),
            compiled: CompiledPuts::default(),
            kept: None,
            replaced: None,
        };
        Self::of(files, Some(status), log_reload)
    }

    /// Keeps rules that are [put](super::ReloadTrigger::put_rules) to be [kept](super::PutRules::keep) in a folder, which is made if
    /// it is missing, and serves those that are there. Default: none, and no rules are kept.
    ///
    /// Files in it that cannot be read are left out, and rules that do not fit what is served are
    /// [set aside](super::ReloadTrigger::rules_set_aside); both are logged when it runs. A folder is of one server. Fails if the
    /// folder cannot be made or read.
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
    /// What is put at run time.
    put: PutSet,
    /// The same, for what is served.
    compiled: CompiledPuts,
    /// Where some of it is kept.
    kept: Option<KeptFolder>,
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

    fn edit(&mut self, edit: Edit) {
        // An error of sending means that nobody waits for the answer.
        let edited = catch_unwind(AssertUnwindSafe(|| match edit {
            Edit::PutRules(rules, answer) => drop(answer.send(self.put_rules(&rules))),
            Edit::Text(name, answer) => drop(answer.send(self.put.text_of(&name))),
            Edit::DeleteRules(name, answer) => drop(answer.send(self.delete_rules(name.as_deref()))),
            Edit::PutProtos(..) => {}
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
        for set in &put.sets {
            if let Err(error) = protos.put_set(set) {
                return Ok(Reloaded::Done(Err(error)));
            }
        }
        for (name, text) in &put.texts {
            protos.put_text(name, text);
        }
        if protos.len() > MAX_PROTOS || protos.bytes() > MAX_PROTO_BYTES {
            return Err(PutError::Full(format!(
                "more than {MAX_PROTOS} protos, or {MAX_PROTO_BYTES} bytes of them, would be put"
            )));
        }
        Ok(self.publish(|loader| Attempt::Loaded(Box::new(loader.load_with(protos)))))
    }

    fn set_aside(&self) -> Arc<[SetAside]> {
        Arc::clone(&self.compiled.set_aside)
    }

    fn keep_in(&mut self, folder: &Path) -> Result<Vec<String>, Error> {
        let kept = KeptFolder::open(folder)?;
        let (texts, mut untold) = kept.read()?;
        let (set, left_out) = PutSet::of_kept(texts);
        untold.extend(left_out);
        self.kept = Some(kept);
        untold.extend(self.serve_puts(set)?);
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
        let puts = self.put.compile(&loaded.schema, &loaded.rules);
        let replaced = self
            .server
            .reload_with_front(loaded.schema, loaded.handlers, puts.handlers())?;
        self.replaced = Some(replaced);
        loaded.rules.forget_other_counters(&puts.rules);
        for line in puts.new_since(&self.compiled) {
            tracing::warn!("{line}");
        }
        self.compiled = puts;
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
            None => (self.server.schema(), Rules::default()),
        }
    }

    fn put_rules(&mut self, put: &PutRules) -> Result<PutOutcome, PutError> {
        let (set, place) = self.put.with(put)?;
        let text = &set.texts()[place];
        if put.keep && self.kept.is_none() {
            return Err(PutError::NoFolder);
        }
        let (schema, of_files) = self.served();
        let mut outcome = PutOutcome {
            name: text.name.to_string(),
            rules: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        match check(text, &schema, &of_files) {
            Ok((rules, warnings)) => (outcome.rules, outcome.warnings) = (rules, warnings),
            Err(problems) => {
                outcome.problems = problems.iter().map(ToldProblem::of).collect();
                return Ok(outcome);
            }
        }
        if put.check_only {
            return Ok(outcome);
        }
        if let Some(kept) = &self.kept {
            let kept = if put.keep {
                kept.write(text)
            } else {
                kept.remove(&text.name)
            };
            kept.map_err(PutError::Failed)?;
        }
        let name = &outcome.name;
        self.serve_puts(set).map_err(PutError::Failed)?;
        tracing::info!("rules put as {name}: {}", outcome.rules);
        Ok(outcome)
    }

    fn delete_rules(&mut self, name: Option<&str>) -> Result<usize, PutError> {
        let set = self.put.without(name)?;
        let stays = |text: &PutText| set.texts().iter().any(|other| other.name == text.name);
        let gone: Vec<PutText> = self
            .put
            .texts()
            .iter()
            .filter(|text| !stays(text))
            .cloned()
            .collect();
        if let Some(kept) = &self.kept {
            for text in gone.iter().filter(|text| text.keep) {
                kept.remove(&text.name).map_err(PutError::Failed)?;
            }
        }
        self.serve_puts(set).map_err(PutError::Failed)?;
        for text in &gone {
            tracing::info!("rules put as {} deleted", text.name);
        }
        Ok(gone.len())
    }

    /// Serves what is put. Returns what is to be told of those that do not fit.
    fn serve_puts(&mut self, set: PutSet) -> Result<Vec<String>, Error> {
        let (schema, of_files) = self.served();
        let puts = set.compile(&schema, &of_files);
        self.server.reload_front(puts.handlers())?;
        of_files.forget_other_counters(&puts.rules);
        let lines = puts.new_since(&self.compiled);
        (self.put, self.compiled) = (set, puts);
        Ok(lines)
    }
}

/// Turns a panic into an error: a server that runs unattended must go on with its reloads.
fn catch_panic(load: impl FnOnce() -> Attempt) -> Attempt {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let problem = Problem::new("the load panicked; this is a bug in protod");
        Attempt::Loaded(Box::new(Err(Error::schema(vec![problem]))))
    })
}
