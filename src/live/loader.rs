//! Loads a [`Project`] again and again, and compiles its protos only when they have changed.
//!
//! The invariant: what a [`Loader`] returns is what the files said at one moment. A schema whose protos are known to be
//! unchanged is not compiled again, and a load that fails keeps everything of the last good one.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::diff::{Change, diff_rules, diff_schemas};
use super::project::{Answers, Project};
use super::snapshot::{Paths, Snapshot, TICK};
use crate::error::{Error, Problem};
use crate::handler::Handlers;
use crate::rules::{Outline, Rules};
use crate::schema::Schema;

/// A [`Project`] as it was loaded.
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

/// How often one load starts over because files change while they are read. After that the next load picks up the rest.
const MAX_ATTEMPTS: u32 = 4;

/// Loads a [`Project`], and remembers what it loaded.
pub struct Loader {
    project: Box<dyn Project>,
    /// The last schema that compiled, and its files at that time.
    compiled: Option<(Schema, Snapshot)>,
    /// The last load that succeeded.
    loaded: Option<Version>,
    /// The last load that is known to be served.
    served: Option<Version>,
    /// What the last load depends on, whether it succeeded or not.
    proto_paths: Vec<PathBuf>,
    rules_paths: Vec<PathBuf>,
    rules_folders: Vec<PathBuf>,
    /// The files at those paths as the last load found them.
    snapshot: Snapshot,
}

/// What two loads are compared by.
#[derive(Clone)]
struct Version {
    schema: Schema,
    rules: Vec<Outline>,
}

impl Loader {
    /// A loader that has loaded nothing yet.
    pub fn new(project: impl Project) -> Self {
        Self {
            project: Box::new(project),
            compiled: None,
            loaded: None,
            served: None,
            proto_paths: Vec::new(),
            rules_paths: Vec::new(),
            rules_folders: Vec::new(),
            snapshot: Snapshot::default(),
        }
    }

    /// Loads, whether or not any file has changed.
    pub fn load(&mut self) -> Result<LoadedProject, Error> {
        let since = SystemTime::now();
        self.snapshot = self.take_snapshot(since);
        self.load_since(since)
    }

    /// Loads if a file has changed since the last load.
    pub(super) fn load_if_changed(&mut self) -> Option<Result<LoadedProject, Error>> {
        let since = SystemTime::now();
        let snapshot = self.take_snapshot(since);
        if snapshot.equals(&self.snapshot) {
            return None;
        }
        self.snapshot = snapshot;
        Some(self.load_since(since))
    }

    /// Notes that the last good load is served from now on. Returns what that changes.
    pub(super) fn mark_served(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let (Some(old), Some(new)) = (&self.served, &self.loaded) {
            changes.extend(diff_schemas(&old.schema, &new.schema));
            changes.extend(diff_rules(&old.rules, &new.rules));
        }
        self.served.clone_from(&self.loaded);
        changes
    }

    /// The files that the last load depends on.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn take_snapshot(&self, since: SystemTime) -> Snapshot {
        let paths = Paths {
            protos: &self.proto_paths,
            rules: &self.rules_paths,
            rules_folders: &self.rules_folders,
        };
        Snapshot::take(paths, &self.snapshot, since)
    }

    /// Loads; `self.snapshot` was taken at `since`. If files change meanwhile, everything is loaded again, so that protos
    /// of one moment are not combined with rules of another.
    fn load_since(&mut self, mut since: SystemTime) -> Result<LoadedProject, Error> {
        let mut compiled = false;
        for attempt in 1.. {
            let mut loaded = self.try_load(since);
            match &mut loaded {
                Ok(loaded) => {
                    compiled |= loaded.compiled;
                    loaded.compiled = compiled;
                }
                Err(error) => self.depend_on_problems(error, since),
            }
            since = SystemTime::now();
            let snapshot = self.take_snapshot(since);
            if snapshot.equals(&self.snapshot) || attempt == MAX_ATTEMPTS {
                return loaded;
            }
            // Until the files are old enough to be told apart by their times.
            std::thread::sleep(TICK);
            since = SystemTime::now();
            self.snapshot = self.take_snapshot(since);
        }
        unreachable!("the last attempt returns")
    }

    fn try_load(&mut self, since: SystemTime) -> Result<LoadedProject, Error> {
        let (schema, compiled) = self.schema(since)?;
        let Answers {
            handlers,
            rules,
            watch_paths,
            watch_folders,
        } = self.project.answers(&schema)?;
        let rules_paths = watch_paths.into_iter().chain(rules.watch_paths().map(Into::into));
        let other_folders = watch_folders != self.rules_folders;
        self.rules_folders = watch_folders;
        if other_folders {
            self.snapshot = self.take_snapshot(since);
        }
        self.depend_on(None, Some(rules_paths.collect()), since);
        self.loaded = Some(Version {
            schema: schema.clone(),
            rules: rules.outlines().to_vec(),
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
        if let Some((schema, then)) = &self.compiled
            && self.snapshot.has_protos_of(then)
        {
            return Ok((schema.clone(), false));
        }
        let schema = self.project.schema()?;
        self.depend_on(Some(schema.watch_paths().to_vec()), None, since);
        self.compiled = Some((schema.clone(), self.snapshot.clone()));
        Ok((schema, true))
    }

    /// Replaces the paths that loads depend on, and takes a snapshot of those that are new.
    fn depend_on(&mut self, protos: Option<Vec<PathBuf>>, rules: Option<Vec<PathBuf>>, since: SystemTime) {
        let protos = protos.filter(|paths| *paths != self.proto_paths);
        let rules = rules.filter(|paths| *paths != self.rules_paths);
        if protos.is_none() && rules.is_none() {
            return;
        }
        self.proto_paths = protos.unwrap_or_else(|| std::mem::take(&mut self.proto_paths));
        self.rules_paths = rules.unwrap_or_else(|| std::mem::take(&mut self.rules_paths));
        self.snapshot = self.take_snapshot(since);
    }

    /// Adds the files of problems: one may be in a file that no good load has read, and the user will fix it there.
    fn depend_on_problems(&mut self, error: &Error, since: SystemTime) {
        let files = error.problems().iter().filter_map(Problem::file);
        let files = files.filter_map(|file| std::path::absolute(file).ok());
        let files: Vec<PathBuf> = files.filter(|file| file.exists()).collect();
        let also = |known: &[PathBuf]| {
            let more = files.iter().filter(|file| !known.contains(file));
            Some(known.iter().chain(more).cloned().collect())
        };
        if error.is_rules() {
            self.depend_on(None, also(&self.rules_paths), since);
        } else {
            self.depend_on(also(&self.proto_paths), None, since);
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("proto_paths", &self.proto_paths)
            .field("rules_paths", &self.rules_paths)
            .field("rules_folders", &self.rules_folders)
            .finish_non_exhaustive()
    }
}
