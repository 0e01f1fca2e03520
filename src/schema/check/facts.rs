//! [`FileFacts`]: what of a file and its schema the checks of its elements need.

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::file_options::OptimizeMode;

use super::report::Report;
use crate::schema::element_path::ElementPath;

/// What of a file the checks of its elements need.
pub(super) struct FileFacts<'a> {
    /// The pool that holds the file and what it imports.
    pub(super) pool: &'a DescriptorPool,
    pub(super) is_proto3: bool,
    /// Whether the file is for the lite runtimes.
    pub(super) is_lite: bool,
}

impl FileFacts<'_> {
    /// Fails on features where there is no edition.
    #[expect(clippy::unused_self, reason = "files with editions will answer it")]
    pub(super) fn check_features(&self, report: &mut Report<'_>, has_some: bool, path: &ElementPath<'_>) {
        if has_some {
            report.problem(path, "features are for files with an edition");
        }
    }
}

/// Whether a file is for the lite runtimes, which have no descriptors.
pub(super) fn is_lite(file: &FileDescriptor) -> bool {
    let options = file.file_descriptor_proto().options.as_ref();
    options.is_some_and(|options| options.optimize_for() == OptimizeMode::LiteRuntime)
}
