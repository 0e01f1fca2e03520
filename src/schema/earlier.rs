//! [`Earlier`]: an earlier load of the same files. What has not changed is taken from it.

use std::borrow::Borrow;
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::fast_map::FastMap;
use super::outline::KnownText;
use super::tables::Tables;

/// An earlier load.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) tables: Arc<Tables>,
    by_path: FastMap<ByPath, usize>,
    /// Made when somebody first asks for it, which a load of texts alone never does.
    by_name: OnceLock<FastMap<String, usize>>,
}

/// A text, as the path that it was read from. Paths are texts here: as paths they would be taken apart each time.
#[derive(Debug)]
struct ByPath(Arc<KnownText>);

impl Borrow<OsStr> for ByPath {
    fn borrow(&self) -> &OsStr {
        self.0.path.as_os_str()
    }
}

impl Hash for ByPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path.as_os_str().hash(state);
    }
}

impl PartialEq for ByPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.path.as_os_str() == other.0.path.as_os_str()
    }
}

impl Eq for ByPath {}

impl Earlier {
    pub(super) fn new(tables: Arc<Tables>) -> Self {
        let texts = tables.links.iter().zip(0..);
        let texts =
            texts.filter_map(|(links, place)| Some((ByPath(Arc::clone(links.text.as_ref()?)), place)));
        // A table that grows is made anew each time.
        let mut by_path = FastMap::with_capacity_and_hasher(tables.links.len(), RandomState::default());
        by_path.extend(texts);
        Self {
            by_path,
            by_name: OnceLock::new(),
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
        let by_name = self.by_name.get_or_init(|| {
            let files = self.tables.files.iter().zip(0..);
            files.map(|(file, place)| (file.name.clone(), place)).collect()
        });
        by_name.get(name).copied()
    }
}
