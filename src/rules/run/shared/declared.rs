//! The collections of rules.

use std::sync::Arc;

use crate::collection::{Collection, Declaration};

/// The collections that the rules of one load declare.
#[derive(Debug, Default)]
pub(in crate::rules) struct Declared {
    pub(in crate::rules) declarations: Arc<[Declaration]>,
    /// In step with the declarations.
    pub(in crate::rules) collections: Arc<[Collection]>,
}
