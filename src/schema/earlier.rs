//! [`Earlier`]: an earlier load of the same files. What has not changed is taken from it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::fast_map::FastMap;
use super::outline::KnownText;
use super::tables::Tables;

/// An earlier load.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) tables: Arc<Tables>,
    /// As texts: as paths they would be taken apart each time.
    by_path: FastMap<OsString, usize>,
    by_name: FastMap<String, usize>,
}

impl Earlier {
    pub(super) fn new(tables: Arc<Tables>) -> Self {
        let texts = tables.links.iter().zip(0..);
        let texts =
            texts.filter_map(|(links, place)| Some((links.text.as_ref()?.path.clone().into(), place)));
        let files = tables.files.iter().zip(0..);
        Self {
            by_path: texts.collect(),
            by_name: files.map(|(file, place)| (file.name.clone(), place)).collect(),
            tables,
        }
    }

    /// The text that was read from a path, and the place of its file.
    pub(super) fn text_at(&self, path: &Path) -> Option<(usize, &Arc<KnownText>)> {
        let place = *self.by_path.get(path.as_os_str())?;
        Some((place, self.tables.links[place].text.as_ref()?))
    }

    /// The place of the file of this name.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}
