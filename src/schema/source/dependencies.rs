//! Modules that a project depends on and that others keep: where they are, and what is to be done about those that are not.

use std::path::PathBuf;

/// What the buf configuration of a folder names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The folders of its modules.
    pub(super) modules: Vec<PathBuf>,
    /// The modules elsewhere that they depend on, without labels.
    pub(super) dependencies: Vec<String>,
}

/// The dependencies of a folder.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// The folders in which they are.
    pub(super) folders: Vec<PathBuf>,
    /// What is to be done about those that are nowhere.
    pub(super) unfetched: Option<Unfetched>,
}

/// Dependencies that are not on this machine.
#[derive(Debug, Clone)]
pub(super) struct Unfetched {
    /// Which they are, and what downloads them.
    pub(super) hint: String,
    /// A file that is there when that is done.
    pub(super) needs: PathBuf,
}
