//! Stands in for the modules of buf when the feature `buf` is off: no file names any.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::dependencies::Named;

pub(super) fn is_configuration(_: &OsStr) -> bool {
    false
}

pub(super) fn named_in(_: &Path, _: &mut BTreeSet<PathBuf>) -> Named {
    Named::default()
}
