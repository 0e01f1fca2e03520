//! Loads a schema and what answers it, again and again, and no more of it than changed.
//!
//! The invariant: what a [`Loader`] gives is what its files said at one moment. A schema whose protos are known to be
//! unchanged is not compiled again, and a load that fails forgets nothing of the last good one.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::diff::{Change, diff_rules, diff_schemas};
use super::survey::{Paths, Survey, TICK};
use crate::rules::{Outline, Rules};
use crate::schema::Schema;
use crate::server::Handlers;
use crate::{Error, Problem};

/// Where schemas come from, and what answers their methods.
///
/// Both are asked on a thread that may block. What is to outlive a load, such as a
/// [`RulesState`](crate::RulesState), is the source's to keep.
pub trait Source: Send + 'static {
    /// Compiles the protos. Asked again only when something below the schema's
    /// [`watch_paths`](Schema::watch_paths) has changed.
    fn schema(&self) -> Result<Schema, Error>;

    /// Puts together what answers the methods of a schema.
    fn answers(&self, schema: &Schema) -> Result<Answers, Error>;
}

/// What answers the methods of a schema.
#[derive(Debug, Default)]
pub struct Answers {
    /// The handlers, those of the rules included.
    pub handlers: Handlers,
    /// The rules among them.
    pub rules: Rules,
    /// Files and folders that rules are read from. A change below one of them is a reason to load again.
    pub watch_paths: Vec<PathBuf>,
    /// Folders that rules are read from, those below them left out.
    pub watch_folders: Vec<PathBuf>,
}

impl Answers {
    /// Watches where [`Rules::beside`] finds the rules of a schema.
    #[must_use]
    pub fn watch_beside(mut self, schema: &Schema) -> Self {
        for folder in schema.input_folders() {
            let paths = if folder.whole {
                &mut self.watch_paths
            } else {
                &mut self.watch_folders
            };
            paths.push(folder.path.clone());
        }
        self
    }
}

/// What one load gives.
#[derive(Debug)]
#[must_use]
pub struct Loaded {
    /// The schema; a clone of the one before if no proto changed.
    pub schema: Schema,
    /// What answers its methods.
    pub handlers: Handlers,
    /// The rules among the handlers.
    pub rules: Rules,
    /// Whether protos were compiled for it.
    pub compiled: bool,
}

/// How often one load starts over because files change under it; then a later load will see to it.
const MOST_ATTEMPTS: u32 = 4;

/// Loads from a [`Source`], and remembers what it loaded.
pub struct Loader {
    source: Box<dyn Source>,
    /// The last schema that compiled, and the files as they were then.
    compiled: Option<(Schema, Survey)>,
    /// The last load that succeeded, and the last that is known to be served.
    loaded: Option<Contents>,
    served: Option<Contents>,
    /// What the last load, good or not, depends on, and how that was.
    proto_paths: Vec<PathBuf>,
    rules_paths: Vec<PathBuf>,
    rules_folders: Vec<PathBuf>,
    survey: Survey,
}

/// What a load is told apart by.
#[derive(Clone)]
struct Contents {
    schema: Schema,
    rules: Vec<Outline>,
}

impl Loader {
    /// Has loaded nothing yet.
    pub fn new(source: impl Source) -> Self {
        Self {
            source: Box::new(source),
            compiled: None,
            loaded: None,
            served: None,
            proto_paths: Vec::new(),
            rules_paths: Vec::new(),
            rules_folders: Vec::new(),
            survey: Survey::default(),
        }
    }

    /// Loads, whether any file has changed or not.
    pub fn load(&mut self) -> Result<Loaded, Error> {
        let since = SystemTime::now();
        self.survey = self.look(since);
        self.load_since(since)
    }

    /// Loads if a file has changed since the last load.
    pub(super) fn load_if_changed(&mut self) -> Option<Result<Loaded, Error>> {
        let since = SystemTime::now();
        let survey = self.look(since);
        if survey.is(&self.survey) {
            return None;
        }
        self.survey = survey;
        Some(self.load_since(since))
    }

    /// Takes the last good load for what is served from now on, and tells what that changes.
    pub(super) fn serves(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let (Some(old), Some(new)) = (&self.served, &self.loaded) {
            changes.extend(diff_schemas(&old.schema, &new.schema));
            changes.extend(diff_rules(&old.rules, &new.rules));
        }
        self.served.clone_from(&self.loaded);
        changes
    }

    /// What the last load depends on.
    pub(super) fn survey(&self) -> &Survey {
        &self.survey
    }

    fn look(&self, since: SystemTime) -> Survey {
        let paths = Paths {
            protos: &self.proto_paths,
            rules: &self.rules_paths,
            rules_folders: &self.rules_folders,
        };
        Survey::take(paths, &self.survey, since)
    }

    /// Loads; `self.survey` was taken at `since`. Files that change meanwhile are loaded again, so that protos of one
    /// moment are not joined with rules of another.
    fn load_since(&mut self, mut since: SystemTime) -> Result<Loaded, Error> {
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
            let survey = self.look(since);
            if survey.is(&self.survey) || attempt == MOST_ATTEMPTS {
                return loaded;
            }
            // Until the files are old enough to be told apart by their times.
            std::thread::sleep(TICK);
            since = SystemTime::now();
            self.survey = self.look(since);
        }
        unreachable!("the last attempt returns")
    }

    fn try_load(&mut self, since: SystemTime) -> Result<Loaded, Error> {
        let (schema, compiled) = self.schema(since)?;
        let Answers {
            handlers,
            rules,
            watch_paths,
            watch_folders,
        } = self.source.answers(&schema)?;
        let rules_paths = watch_paths.into_iter().chain(rules.watch_paths().map(Into::into));
        let other_folders = watch_folders != self.rules_folders;
        self.rules_folders = watch_folders;
        if other_folders {
            self.survey = self.look(since);
        }
        self.depend_on(None, Some(rules_paths.collect()), since);
        self.loaded = Some(Contents {
            schema: schema.clone(),
            rules: rules.outlines().to_vec(),
        });
        Ok(Loaded {
            schema,
            handlers,
            rules,
            compiled,
        })
    }

    /// The schema of the protos as they are, and whether it had to be compiled.
    fn schema(&mut self, since: SystemTime) -> Result<(Schema, bool), Error> {
        if let Some((schema, then)) = &self.compiled
            && self.survey.has_protos_of(then)
        {
            return Ok((schema.clone(), false));
        }
        let schema = self.source.schema()?;
        self.depend_on(Some(schema.watch_paths().to_vec()), None, since);
        self.compiled = Some((schema.clone(), self.survey.clone()));
        Ok((schema, true))
    }

    /// Takes over paths that a load found to depend on, and looks at those that are new.
    fn depend_on(&mut self, protos: Option<Vec<PathBuf>>, rules: Option<Vec<PathBuf>>, since: SystemTime) {
        let protos = protos.filter(|paths| *paths != self.proto_paths);
        let rules = rules.filter(|paths| *paths != self.rules_paths);
        if protos.is_none() && rules.is_none() {
            return;
        }
        self.proto_paths = protos.unwrap_or_else(|| std::mem::take(&mut self.proto_paths));
        self.rules_paths = rules.unwrap_or_else(|| std::mem::take(&mut self.rules_paths));
        self.survey = self.look(since);
    }

    /// A problem may lie in a file that no good load has read, and that will be the one to be mended.
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
