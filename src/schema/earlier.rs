//! [`Earlier`]: an earlier load of the same files. What has not changed is taken from it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::outline::KnownText;
use super::tables::Tables;

/// An earlier load.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) tables: Arc<Tables>,
    by_path: HashMap<PathBuf, usize>,
    by_name: HashMap<String, usize>,
}

impl Earlier {
    pub(super) fn new(tables: Arc<Tables>) -> Self {
        let texts = tables.links.iter().zip(0..);
        let texts = texts.filter_map(|(links, place)| Some((links.text.as_ref()?.path.clone(), place)));
        let files = tables.files.iter().zip(0..);
        Self {
            by_path: texts.collect(),
            by_name: files.map(|(file, place)| (file.name.clone(), place)).collect(),
            tables,
        }
    }

    /// The text that was read from a path, and the place of its file.
    pub(super) fn text_at(&self, path: &Path) -> Option<(usize, &Arc<KnownText>)> {
        let place = *self.by_path.get(path)?;
        Some((place, self.tables.links[place].text.as_ref()?))
    }

    /// The place of the file of this name.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}
