//! The collections of rules, for those who look at them from outside of calls.

use std::sync::Arc;

use super::file::FileCollections;
use super::run::{Declared, RulesState};
use crate::collection::{Collection, Declaration};
use crate::schema::Schema;
use crate::session::Session;

/// The collections of the rules of one load.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownCollections {
    /// What the files say of collections.
    pub(super) files: Arc<[FileCollections]>,
    /// The collections, with those of other files that the rules know.
    pub(super) all: Arc<[RulesCollection]>,
}

#[cfg(feature = "live")]
impl KnownCollections {
    /// Whether files say the same of them in the same places.
    pub(super) fn are_declared_as(&self, other: &Self) -> bool {
        let alike = |(one, other): (&FileCollections, &FileCollections)| {
            one.source.name() == other.source.name() && one.entries == other.entries
        };
        self.files.len() == other.files.len() && self.files.iter().zip(&*other.files).all(alike)
    }
}

/// A collection that rules declare.
#[derive(Debug, Clone)]
pub(crate) struct RulesCollection {
    pub(crate) declaration: Declaration,
    pub(crate) collection: Collection,
    /// Has the type of its messages.
    pub(crate) schema: Schema,
}

impl RulesCollection {
    pub(super) fn all(declared: &Declared, schema: &Schema) -> Arc<[Self]> {
        let declarations = declared.declarations.iter().zip(&*declared.collections);
        let of = |(declaration, collection): (&Declaration, &Collection)| Self {
            declaration: declaration.clone(),
            collection: collection.clone(),
            schema: schema.clone(),
        };
        declarations.map(of).collect()
    }

    /// The one of this name that calls of a session have in its place. It is made if it is not there yet.
    pub(super) fn of_session(&self, shared: &RulesState, session: &Session) -> Self {
        let own = shared.of_session(session);
        let collection = own.collections().declare(&self.declaration);
        Self {
            collection: collection.expect("in memory any collection can be declared"),
            ..self.clone()
        }
    }
}
