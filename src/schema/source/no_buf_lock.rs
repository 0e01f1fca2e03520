//! Stands in for the dependencies of buf when the feature `buf` is off: no folder has any.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::dependencies::Dependencies;

pub(super) fn dependencies(_: &Path, _: &[String], _: &Path, _: &mut BTreeSet<PathBuf>) -> Dependencies {
    Dependencies::default()
}
