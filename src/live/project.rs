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

    /// Returns what answers the methods of a schema.
    fn answers(&self, schema: &Schema) -> Result<Answers, Error>;
}

/// What answers the methods of a schema.
#[derive(Debug, Default)]
pub struct Answers {
    /// The handlers, those of the rules included.
    pub handlers: Handlers,
    /// The rules among them.
    pub rules: Rules,
    /// Files and folders that rules are read from. A change in one of them, or below one, causes a reload.
    pub watch_paths: Vec<PathBuf>,
    /// Folders that rules are read from without the folders below them.
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
