//! [`PutOver`]: protos that are put at run time over those that a [`Loader`](super::Loader) compiles.
//!
//! A save is never blocked by them: if they do not fit what it compiles to, that is served without them until they do.

use super::outcome::ToldProblem;
use crate::error::Error;
use crate::schema::{Overlay, Schema};

/// What is put, and what it came to.
#[derive(Debug, Default)]
pub(super) struct PutOver {
    pub(super) protos: Overlay,
    /// The last schema that was compiled, and what it is with the protos over it.
    last: Option<(Schema, Schema)>,
    /// Whether they are just being put: what is wrong is an error then.
    pub(super) is_tried: bool,
}

impl PutOver {
    /// Protos that are tried.
    pub(super) fn new(protos: Overlay) -> Self {
        Self {
            protos,
            last: None,
            is_tried: true,
        }
    }

    /// What is served of a schema that was compiled, and whether that had to be linked.
    pub(super) fn over(&mut self, compiled: Schema) -> Result<(Schema, bool), Error> {
        if self.protos.is_empty() {
            return Ok((compiled, false));
        }
        if let Some((under, served)) = &self.last
            && under.is_clone_of(&compiled)
        {
            return Ok((served.clone(), false));
        }
        let served = match self.protos.over(&compiled) {
            Ok(served) => served,
            Err(error) if self.is_tried => return Err(error),
            Err(error) => {
                tracing::warn!("the protos that were put are left out: they do not fit what was loaded");
                for problem in error.problems().iter().map(ToldProblem::of) {
                    tracing::warn!("{}", problem.located());
                }
                compiled.clone()
            }
        };
        self.last = Some((compiled, served.clone()));
        Ok((served, true))
    }
}
