//! What is loaded and checked, and served only later.

use std::fmt;

use super::loader::{LoadedProject, Loader};
use super::project::Project;

/// A project that is loaded, and what it came to.
pub(super) struct Prepared {
    pub(super) name: String,
    /// What loads it again, once it is served.
    pub(super) loader: Loader,
    pub(super) loaded: LoadedProject,
}

/// A project that is to be loaded.
pub(super) struct ProjectToLoad(pub(super) Box<dyn Project>);

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProjectToLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectToLoad").finish_non_exhaustive()
    }
}
