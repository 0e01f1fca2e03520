//! [`FileFacts`]: what of a file and its schema the checks of its elements need.

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::file_options::OptimizeMode;

use super::report::Report;
use crate::schema::element_path::ElementPath;
use crate::schema::features::{EDITION_2023, Edition, FeatureSet, PROTO3};

/// What of a file the checks of its elements need.
#[derive(Clone, Copy)]
pub(super) struct FileFacts<'a> {
    /// The pool that holds the file and, of what it imports, at least stubs of what it refers to.
    pub(super) pool: &'a DescriptorPool,
    /// The file's name.
    pub(super) name: &'a str,
    pub(super) edition: Edition,
    /// The features of the element that is checked, as they are in the end.
    pub(super) features: FeatureSet,
    /// Whether the file is for the lite runtimes.
    pub(super) is_lite: bool,
}

impl FileFacts<'_> {
    pub(super) fn is_proto3(&self) -> bool {
        self.edition == PROTO3
    }

    /// The same for an element in this one, whose own options have these features. Fails on features where there is no
    /// edition, and on values that mean nothing.
    pub(super) fn within(&self, report: &mut Report<'_>, own: Option<&[u8]>, path: &ElementPath<'_>) -> Self {
        if own.is_none() {
            return *self;
        }
        if self.edition < EDITION_2023 {
            report.problem(path, "features are for files with an edition");
            return *self;
        }
        if let Some(feature) = FeatureSet::named(own).unknown_value() {
            report.problem(path, format!("the value of features.{feature} says nothing"));
        }
        self.with_features(own)
    }

    /// The same, without a word about what is wrong with these features.
    pub(super) fn with_features(&self, own: Option<&[u8]>) -> Self {
        let features = self.features.with(own);
        Self { features, ..*self }
    }
}

/// Whether a file is for the lite runtimes, which have no descriptors.
pub(super) fn is_lite(file: &FileDescriptor) -> bool {
    let options = file.file_descriptor_proto().options.as_ref();
    options.is_some_and(|options| options.optimize_for() == OptimizeMode::LiteRuntime)
}
