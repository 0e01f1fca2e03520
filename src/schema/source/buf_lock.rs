//! The dependencies that a buf.lock pins, in the cache where buf keeps what it has downloaded.
//!
//! Nothing is downloaded here: that is buf's work, and the problem of an import that is missing says which command does it.
//! The layout of the cache is that of buf 1.32 to 1.75: `v3/modules/DIGEST/REGISTRY/OWNER/MODULE/COMMIT/files`, with a
//! module.yaml beside it that buf writes last.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::buf_file::{LOCK, read_configuration};
use super::dependencies::{Dependencies, Unfetched};
use crate::error::{Problem, SourceText};
use crate::yaml::{self, Node};

/// A module of which a lock names the version.
struct Pinned {
    name: String,
    commit: String,
    /// Whether its digest is of the older kind.
    is_old: bool,
}

/// Where a module may be in the cache, by the kind of its digest: that of locks of v2, and that of older ones.
const DIGESTS: [&str; 2] = ["b5", "shake256"];

/// The dependencies of the module, or of the workspace, in `folder`. The files that were read are added to
/// `configuration_files`.
pub(super) fn dependencies(
    folder: &Path,
    cache: &Path,
    configuration_files: &mut BTreeSet<PathBuf>,
) -> Dependencies {
    let lock = folder.join(LOCK);
    let Some(text) = read_configuration(&lock) else {
        return without_lock(folder);
    };
    let mut dependencies = Dependencies::default();
    let parsed = yaml::parse(&SourceText::new(lock.display().to_string(), text));
    configuration_files.insert(lock.clone());
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(problems) => {
            let what = problems.first().map(Problem::located).unwrap_or_default();
            dependencies.unfetched = Some(Unfetched {
                hint: format!("{what}, so it pins nothing: `buf dep update` in that folder writes it anew"),
                needs: lock,
            });
            return dependencies;
        }
    };
    let mut missing = Vec::new();
    let pins = parsed.get("deps").map(Node::items).unwrap_or_default();
    for Pinned { name, commit, is_old } in pins.iter().filter_map(pinned_module) {
        let mut places = DIGESTS.map(|digest| {
            let modules = cache.join("v3/modules").join(digest);
            modules.join(&name).join(&commit)
        });
        if is_old {
            places.reverse();
        }
        match places.iter().find(|module| is_whole(module)) {
            Some(module) => dependencies.folders.push(module.join("files")),
            None => missing.push((name, places[0].join("module.yaml"))),
        }
    }
    if let Some((_, needs)) = missing.first() {
        let names: Vec<&str> = missing.iter().map(|(name, _)| &**name).collect();
        let names = names.join(", ");
        dependencies.unfetched = Some(Unfetched {
            hint: format!(
                "{} pins {names}, and buf's cache does not have it: `buf build` in that folder downloads it",
                lock.display()
            ),
            needs: needs.clone(),
        });
    }
    dependencies
}

/// A buf.yaml that names dependencies needs a lock.
fn without_lock(folder: &Path) -> Dependencies {
    let mut dependencies = Dependencies::default();
    let path = folder.join("buf.yaml");
    let configuration =
        read_configuration(&path).and_then(|text| yaml::parse(&SourceText::new("buf.yaml", text)).ok());
    let named = configuration
        .as_ref()
        .and_then(|configuration| configuration.get("deps"));
    if named.is_some_and(|named| !named.items().is_empty()) {
        dependencies.unfetched = Some(Unfetched {
            hint: format!(
                "{} names dependencies, and there is no {LOCK}: `buf dep update` in that folder writes it and downloads them",
                path.display()
            ),
            needs: folder.join(LOCK),
        });
    }
    dependencies
}

/// The name of a module, as in `buf.build/acme/shop`, and its commit: `name` in v2, `remote`, `owner` and `repository` in v1.
/// Nothing else, since both become parts of a path.
fn pinned_module(pinned: &Node) -> Option<Pinned> {
    let text = |key| pinned.get(key)?.text();
    let name = match text("name") {
        Some(name) => name.to_owned(),
        None => [text("remote")?, text("owner")?, text("repository")?].join("/"),
    };
    let commit = text("commit")?.replace('-', "");
    let is_name = Path::new(&name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
        && name.split('/').count() == 3;
    let is_commit = !commit.is_empty() && commit.chars().all(|c| c.is_ascii_alphanumeric());
    let is_old = text("digest").is_some_and(|digest| digest.starts_with(DIGESTS[1]));
    let pinned = Pinned { name, commit, is_old };
    (is_name && is_commit).then_some(pinned)
}

/// Whether buf has finished to write a module.
fn is_whole(module: &Path) -> bool {
    module.join("module.yaml").is_file() && module.join("files").is_dir()
}
