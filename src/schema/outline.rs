//! What is kept of a text from load to load: [`KnownText`].

use std::path::PathBuf;
use std::sync::Arc;

use super::definitions::Definitions;
use super::source::EditionParts;
use crate::stamp::Stamp;

/// What of a text other files are linked by.
#[derive(Debug)]
pub(super) struct Outline {
    /// The imports, as they are written.
    pub(super) dependencies: Box<[String]>,
    /// Indices into `dependencies` of the public imports.
    pub(super) public_dependencies: Box<[usize]>,
    pub(super) definitions: Arc<Definitions>,
    /// What the descriptor has no fields for, of a text with an edition.
    pub(super) edition: Option<EditionParts>,
    /// Whether the value of an option may be an Any that is written as what it holds.
    pub(super) has_any_in_options: bool,
}

/// How a text is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextHash {
    pub(super) hash: u64,
    pub(super) length: usize,
}

/// A text that was loaded. Loads between which it does not change share it.
#[derive(Debug, Clone)]
pub(super) struct KnownText {
    pub(super) path: PathBuf,
    /// The path as the user knows it.
    pub(super) name: String,
    /// `None` if the file may have been written since, or is none.
    pub(super) stamp: Option<Stamp>,
    pub(super) hash: TextHash,
    pub(super) outline: Arc<Outline>,
}
