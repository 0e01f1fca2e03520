//! Stands in for the modules of buf when the feature `buf` is off: no file names any.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(super) fn is_configuration(_: &OsStr) -> bool {
    false
}

pub(super) fn modules(_: &Path, _: &mut BTreeSet<PathBuf>) -> Vec<PathBuf> {
    Vec::new()
}
