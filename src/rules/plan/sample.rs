//! Made-up messages, with fields set over them.

use super::template::Template;
#[cfg(feature = "samples")]
pub(crate) use crate::sample::Sampler;

/// What makes messages up. There is none without the feature `samples`.
#[cfg(not(feature = "samples"))]
#[derive(Debug, Clone)]
pub(crate) enum Sampler {}

#[cfg(not(feature = "samples"))]
impl Sampler {
    pub(crate) fn copies(_: u64) -> bool {
        false
    }

    pub(crate) fn messages(&self) -> usize {
        match *self {}
    }

    #[cfg(feature = "live")]
    pub(crate) fn is_as(&self, _: &Self) -> bool {
        match *self {}
    }

    pub(crate) fn sample(
        &self,
        _: &crate::schema::Method,
        _: Option<&prost_reflect::DynamicMessage>,
        _: u64,
    ) -> prost_reflect::DynamicMessage {
        match *self {}
    }
}

/// A made-up message, with fields set over it.
#[derive(Debug)]
pub(crate) struct SampleTemplate {
    pub(crate) sampler: Sampler,
    /// The fields that are replaced, each by the numbers of its path.
    pub(crate) replaced: Box<[Box<[u32]>]>,
    /// What they are replaced with. `None` if there are none.
    pub(crate) fields: Option<Template>,
}
