//! Loads a [`Project`] again and again, and compiles its protos only when they have changed.
//!
//! The invariant: what a [`Loader`] returns is what the files said at one moment, at which none of them was half written.
//! A schema whose protos are known to be unchanged is not compiled again, and a load that fails keeps everything of the
//! last good one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::diff::{Change, diff_rules, diff_schemas};
use super::project::{Answers, NoFiles, Project};
use super::put_over::PutOver;
use super::snapshot::{Paths, Snapshot};
use super::watcher::FolderWatcher;
use crate::error::{Error, Problem};
use crate::handler::Handlers;
use crate::rules::Rules;
use crate::schema::{Overlay, RememberedSource, Schema};
use crate::stamp::moment;

/// A [`Project`] as a [`Loader`] has loaded it: [`Reloader`](super::Reloader) has an example.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct LoadedProject {
    /// The schema; a clone of the one before if no proto changed.
    pub schema: Schema,
    /// What answers its methods.
    pub handlers: Handlers,
    /// The rules among the handlers.
    pub rules: Rules,
    /// Whether protos were compiled for this load.
    pub compiled: bool,
}

/// How often files are read for one load because they change meanwhile. After that the next load picks up the rest.
const MAX_ATTEMPTS: u32 = 4;

/// What came of looking for changes.
#[derive(Debug)]
pub(super) enum Attempt {
    /// No file has changed.
    Unchanged,
    /// Files are being written: the next attempt loads them.
    Unsettled,
    /// Files have changed, and this is what they say.
    Loaded(Box<Result<LoadedProject, Error>>),
}

/// Loads a [`Project`], and remembers what it loaded.
///
/// [`Reloader`](super::Reloader) has an example of both.
pub struct Loader {
    project: Box<dyn Project>,
    /// What is put over its protos.
    put: PutOver,
    /// What stands for rules where there are none. They have a state, which rules that are put go on with.
    no_rules: Rules,
    /// The last load that is known to be served.
    served: Option<Version>,
    basis: Basis,
}

/// What the next load goes on from.
#[derive(Clone, Default)]
struct Basis {
    /// The last schema that compiled, and its files at that time.
    compiled: Option<(Schema, Snapshot)>,
    /// Whether a source of that schema, other than its files, has another answer since.
    other_answers: bool,
    /// The last load that succeeded.
    loaded: Option<Version>,
    /// What the last load depends on, whether it succeeded or not.
    proto_paths: Vec<PathBuf>,
    rules_paths: Vec<PathBuf>,
    rules_folders: Vec<PathBuf>,
    /// The files at those paths as the last load found them.
    snapshot: Snapshot,
    /// The attempts since a load that was given back.
    unsettled: Unsettled,
}

/// What there was before protos were put.
pub(super) struct BeforePut {
    put: PutOver,
    basis: Basis,
}

/// Attempts at a load whose files were being written.
#[derive(Debug, Clone, Copy, Default)]
struct Unsettled {
    /// How many loads were thrown away.
    loads: u32,
    /// Whether one of them compiled protos.
    compiled: bool,
    /// Whether there was an attempt at all: then there is something to load, whatever the next look finds.
    any: bool,
}

/// What two loads are compared by.
#[derive(Clone)]
struct Version {
    schema: Schema,
    rules: Rules,
}

impl Loader {
    /// A loader that has loaded nothing yet.
    pub fn new(project: impl Project) -> Self {
        Self {
            project: Box::new(project),
            put: PutOver::default(),
            no_rules: Rules::default(),
            served: None,
            basis: Basis::default(),
        }
    }

    /// A loader for a server that was built from no files, and of what: it loads nothing, and `rules` are those that are served.
    pub(super) fn of_no_files(rules: Rules) -> Self {
        Self {
            no_rules: rules,
            ..Self::new(NoFiles)
        }
    }

    /// Loads, whether or not any file has changed. Waits until no file may be half written, for two seconds at most.
    pub fn load(&mut self) -> Result<LoadedProject, Error> {
        loop {
            self.basis.snapshot = Snapshot::settled(self.paths(), &self.basis.snapshot);
            if let Some(loaded) = self.attempt(moment(), None) {
                return loaded;
            }
        }
    }

    /// A loader of another project, with the same put over its protos, and what it has loaded.
    pub(super) fn prepare(&self, project: Box<dyn Project>) -> Result<(Self, LoadedProject), Error> {
        let mut other = Self {
            project,
            put: PutOver::new(self.put.protos.clone()),
            no_rules: self.no_rules.clone(),
            served: self.served.clone(),
            basis: Basis::default(),
        };
        // What does not fit is left out, as it is where a file is saved.
        other.keep_put();
        let loaded = other.load()?;
        Ok((other, loaded))
    }

    /// Puts `protos` over those of the sources, for the loads from now on, until they are [kept](Self::keep_put) or
    /// [taken back](Self::take_back). Returns what there was before.
    pub(super) fn put(&mut self, protos: Overlay) -> BeforePut {
        BeforePut {
            put: std::mem::replace(&mut self.put, PutOver::new(protos)),
            basis: self.basis.clone(),
        }
    }

    /// Keeps what was put: it is served.
    pub(super) fn keep_put(&mut self) {
        self.put.is_tried = false;
    }

    /// Takes back what was put: files that have changed meanwhile are still to be loaded.
    pub(super) fn take_back(&mut self, before: BeforePut) {
        BeforePut {
            put: self.put,
            basis: self.basis,
        } = before;
    }

    /// What is put over the protos of the sources.
    pub(super) fn protos_put(&self) -> &Overlay {
        &self.put.protos
    }

    /// Makes the next [`load_if_changed`](Self::load_if_changed) load even if no file has changed.
    pub(super) fn demand(&mut self) {
        self.basis.unsettled.any = true;
    }

    /// The sources besides files that the last schema was made of.
    pub(super) fn sources(&self) -> &[RememberedSource] {
        self.basis
            .compiled
            .as_ref()
            .map_or(&[], |(schema, _)| schema.sources())
    }

    /// Makes the next load compile, since a source has another answer.
    pub(super) fn expect_other_schema(&mut self) {
        self.basis.other_answers = true;
        self.demand();
    }

    /// Loads if a file has changed since the last load. With a watcher, which knows whether a file is open for writing, it
    /// loads nothing while files are being written. If it is not `thorough`, it looks only where the watcher has seen something.
    pub(super) fn load_if_changed(&mut self, watcher: Option<&FolderWatcher>, thorough: bool) -> Attempt {
        let since = moment();
        // What is asked for now is not told again.
        let touched = watcher.and_then(FolderWatcher::touched);
        let snapshot = self.snapshot_after(touched.filter(|_| !thorough), since);
        let is_unchanged = snapshot.equals(&self.basis.snapshot);
        // Folders may have come on the way to a file that is not there yet.
        self.basis.snapshot = snapshot;
        if is_unchanged && !self.basis.unsettled.any {
            return Attempt::Unchanged;
        }
        let Some(watcher) = watcher else {
            let loaded = self.attempt(since, None).unwrap_or_else(|| self.load());
            return Attempt::Loaded(Box::new(loaded));
        };
        if self.basis.snapshot.is_settled() && !watcher.is_written() {
            // What was opened meanwhile may have been read when it was empty.
            match self.attempt(since, Some(watcher)) {
                Some(loaded) if !watcher.is_written() => return Attempt::Loaded(Box::new(loaded)),
                _ => {}
            }
        }
        self.basis.unsettled.any = true;
        Attempt::Unsettled
    }

    /// Notes that the last good load is served from now on. Returns what that changes.
    pub(super) fn mark_served(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let (Some(old), Some(new)) = (&self.served, &self.basis.loaded) {
            changes.extend(diff_schemas(&old.schema, &new.schema));
            changes.extend(diff_rules(old.rules.outlines(), new.rules.outlines()));
        }
        self.served.clone_from(&self.basis.loaded);
        changes
    }

    /// What is known to be served: a schema, and the rules among its handlers.
    pub(super) fn served(&self) -> Option<(&Schema, &Rules)> {
        let served = self.served.as_ref()?;
        Some((&served.schema, &served.rules))
    }

    /// What stands for rules where none were loaded.
    pub(super) fn no_rules(&self) -> &Rules {
        &self.no_rules
    }

    /// The files that the last load depends on.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.basis.snapshot
    }

    fn paths(&self) -> Paths<'_> {
        Paths {
            protos: &self.basis.proto_paths,
            rules: &self.basis.rules_paths,
            rules_folders: &self.basis.rules_folders,
        }
    }

    fn take_snapshot(&self, since: SystemTime) -> Snapshot {
        Snapshot::take(self.paths(), &self.basis.snapshot, since)
    }

    /// The files as they are, where only those that were `touched` have changed since the last snapshot.
    fn snapshot_after(&self, touched: Option<BTreeSet<PathBuf>>, since: SystemTime) -> Snapshot {
        let snapshot = touched.and_then(|touched| self.basis.snapshot.touched(&touched, since));
        snapshot.unwrap_or_else(|| self.take_snapshot(since))
    }

    /// Loads; `self.basis.snapshot` was taken at `since`. Returns nothing if files change meanwhile: protos of one moment are not
    /// combined with rules of another.
    fn attempt(
        &mut self,
        since: SystemTime,
        watcher: Option<&FolderWatcher>,
    ) -> Option<Result<LoadedProject, Error>> {
        let mut loaded = self.try_load(since);
        match &mut loaded {
            Ok(loaded) => {
                self.basis.unsettled.compiled |= loaded.compiled;
                loaded.compiled = self.basis.unsettled.compiled;
            }
            Err(error) => self.depend_on_problems(error, since),
        }
        self.basis.unsettled.loads += 1;
        self.basis.unsettled.any = true;
        if self.basis.unsettled.loads < MAX_ATTEMPTS {
            let touched = watcher.and_then(FolderWatcher::touched);
            let now = self.snapshot_after(touched, moment());
            if !now.equals(&self.basis.snapshot) {
                self.basis.snapshot = now;
                return None;
            }
        }
        self.basis.unsettled = Unsettled::default();
        Some(loaded)
    }

    fn try_load(&mut self, since: SystemTime) -> Result<LoadedProject, Error> {
        let (schema, compiled) = self.schema(since)?;
        let (schema, linked) = self.put.over(schema)?;
        let compiled = compiled || linked;
        let Answers {
            handlers,
            rules,
            watch_paths,
            watch_folders,
        } = self.project.answers(&schema)?;
        let rules = rules.unwrap_or_else(|| self.no_rules.clone());
        let rules_paths = watch_paths.into_iter().chain(rules.watch_paths().map(Into::into));
        let other_folders = watch_folders != self.basis.rules_folders;
        self.basis.rules_folders = watch_folders;
        if other_folders {
            self.basis.snapshot = self.take_snapshot(since);
        }
        let rules_paths: Vec<PathBuf> = rules_paths.collect();
        self.depend_on(None, Some(&rules_paths), since);
        self.basis.loaded = Some(Version {
            schema: schema.clone(),
            rules: rules.clone(),
        });
        Ok(LoadedProject {
            schema,
            handlers,
            rules,
            compiled,
        })
    }

    /// The schema of the protos as they are now, and whether it had to be compiled.
    fn schema(&mut self, since: SystemTime) -> Result<(Schema, bool), Error> {
        if let Some((schema, then)) = &self.basis.compiled
            && !self.basis.other_answers
            && self.basis.snapshot.has_protos_of(then)
        {
            return Ok((schema.clone(), false));
        }
        let schema = match &self.basis.compiled {
            Some((earlier, _)) => self.project.schema_after(earlier)?,
            None => self.project.schema()?,
        };
        self.depend_on(Some(schema.watch_paths()), None, since);
        self.basis.compiled = Some((schema.clone(), self.basis.snapshot.clone()));
        self.basis.other_answers = false;
        Ok((schema, true))
    }

    /// Replaces the paths that loads depend on, and takes a snapshot of those that are new.
    fn depend_on(&mut self, protos: Option<&[PathBuf]>, rules: Option<&[PathBuf]>, since: SystemTime) {
        let protos = protos.filter(|paths| *paths != self.basis.proto_paths);
        let rules = rules.filter(|paths| *paths != self.basis.rules_paths);
        if protos.is_none() && rules.is_none() {
            return;
        }
        if let Some(paths) = protos {
            self.basis.proto_paths = paths.to_vec();
        }
        if let Some(paths) = rules {
            self.basis.rules_paths = paths.to_vec();
        }
        self.basis.snapshot = self.take_snapshot(since);
    }

    /// Adds the files of problems: one may be in a file that no good load has read, and the user will fix it there.
    fn depend_on_problems(&mut self, error: &Error, since: SystemTime) {
        let files = error.problems().iter().filter_map(Problem::file);
        let files = files.filter_map(|file| std::path::absolute(file).ok());
        let files = files.filter(|file| file.exists());
        // What would mend them is often not there yet.
        let needed = error.problems().iter().flat_map(Problem::needs);
        let files: Vec<PathBuf> = files.chain(needed.cloned()).collect();
        let also = |known: &[PathBuf]| -> Vec<PathBuf> {
            let more = files.iter().filter(|file| !known.contains(file));
            known.iter().chain(more).cloned().collect()
        };
        if error.is_rules() {
            self.depend_on(None, Some(&also(&self.basis.rules_paths)), since);
        } else {
            self.depend_on(Some(&also(&self.basis.proto_paths)), None, since);
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("proto_paths", &self.basis.proto_paths)
            .field("rules_paths", &self.basis.rules_paths)
            .field("rules_folders", &self.basis.rules_folders)
            .finish_non_exhaustive()
    }
}
