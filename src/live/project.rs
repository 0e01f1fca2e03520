//! What a [`Loader`](super::Loader) loads: a [`Project`], which gives a schema and what answers its methods.
//!
//! The command line has one, made of its flags; a program that embeds protod writes its own.

use std::path::PathBuf;

use crate::error::Error;
use crate::handler::Handlers;
use crate::rules::Rules;
use crate::schema::Schema;

/// Protos, and what answers their methods.
///
/// Both functions are called on a thread that may block. State that must outlive a load, such as a
/// [`RulesState`](crate::rules::RulesState), belongs to the project.
pub trait Project: Send + 'static {
    /// Compiles the protos. Called again only when something at or below the schema's
    /// [`watch_paths`](Schema::watch_paths) has changed.
    fn schema(&self) -> Result<Schema, Error>;

    /// The same, after an earlier load. Default: [`schema`](Self::schema). [`SchemaBuilder::reuse`](crate::SchemaBuilder::reuse)
    /// takes what has not changed from the earlier schema.
    fn schema_after(&self, earlier: &Schema) -> Result<Schema, Error> {
        let _ = earlier;
        self.schema()
    }

    /// Returns what answers the methods of a schema.
    fn answers(&self, schema: &Schema) -> Result<Answers, Error>;
}

impl Project for Box<dyn Project> {
    fn schema(&self) -> Result<Schema, Error> {
        (**self).schema()
    }

    fn schema_after(&self, earlier: &Schema) -> Result<Schema, Error> {
        (**self).schema_after(earlier)
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        (**self).answers(schema)
    }
}

/// The project of a server that was built from no files.
pub(super) struct NoFiles;

impl Project for NoFiles {
    fn schema(&self) -> Result<Schema, Error> {
        let why = "it was built from no files that a reload could read";
        Err(Error::invalid_input(
            "the server cannot be reloaded".to_owned(),
            why,
        ))
    }

    fn answers(&self, _: &Schema) -> Result<Answers, Error> {
        Ok(Answers::new())
    }
}

/// What answers the methods of a schema: rules, other handlers, and the files that they are read from.
///
/// ```
/// use protod::live::Answers;
/// use protod::{Rules, Sampler, Schema};
///
/// # fn answers(schema: &Schema) -> Result<Answers, protod::Error> {
/// Ok(Answers::new()
///     .rules(Rules::beside(schema)?)
///     .watch_beside(schema)
///     .handlers(protod::Handlers::new().fallback(Sampler::default())))
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct Answers {
    /// The handlers, those of the rules included.
    pub(super) handlers: Handlers,
    /// The rules among them.
    pub(super) rules: Option<Rules>,
    pub(super) watch_paths: Vec<PathBuf>,
    pub(super) watch_folders: Vec<PathBuf>,
}

impl Answers {
    /// No answers: every method is `UNIMPLEMENTED`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers by these rules. They replace the rules of an earlier call.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.handlers = self.handlers.and(&rules);
        self.rules = Some(rules);
        self
    }

    /// Adds handlers, which replace earlier ones of the same methods.
    pub fn handlers(mut self, handlers: impl Into<Handlers>) -> Self {
        self.handlers = self.handlers.and(handlers);
        self
    }

    /// Watches a file or a folder, with all folders below it: a change there causes a reload. The files of the schema and of
    /// the rules are watched anyway.
    pub fn watch(mut self, path: impl Into<PathBuf>) -> Self {
        self.watch_paths.push(path.into());
        self
    }

    /// Watches where [`Rules::beside`] finds the rules of a schema, so that new rules files are noticed.
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
