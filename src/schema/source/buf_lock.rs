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
use crate::yaml::{self, Node, Yaml};

/// A module of which a lock names the version.
struct Pinned {
    name: String,
    commit: String,
    /// Whether its digest is of the older kind.
    is_old: bool,
}

/// Where a module may be in the cache, by the kind of its digest: that of locks of v2, and that of older ones.
const DIGESTS: [&str; 2] = ["b5", "shake256"];

/// The versions of locks, which say the same in three ways.
const VERSIONS: [&str; 3] = ["v1beta1", "v1", "v2"];

/// The dependencies of the module, or of the workspace, in `folder`, whose buf.yaml has `named` them. The files that were read are added to
/// `configuration_files`.
pub(super) fn dependencies(
    folder: &Path,
    named: &[String],
    cache: &Path,
    configuration_files: &mut BTreeSet<PathBuf>,
) -> Dependencies {
    let lock = folder.join(LOCK);
    if !lock.exists() {
        return without_lock(folder, named);
    }
    configuration_files.insert(lock.clone());
    let mut dependencies = Dependencies::default();
    let (pins, fault) = pinned_modules(&lock);
    let unpinned = named
        .iter()
        .find(|named| !pins.iter().any(|pinned| pinned.name == **named));
    let mut missing = Vec::new();
    for Pinned { name, commit, is_old } in pins {
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
    if let Some(fault) = fault {
        let what = fault.located();
        dependencies.unfetched = Some(Unfetched {
            hint: format!("{what}, so it pins nothing: `buf dep update` in that folder writes it anew"),
            needs: lock,
        });
    } else if let Some((_, needs)) = missing.first() {
        let names: Vec<&str> = missing.iter().map(|(name, _)| &**name).collect();
        let names = names.join(", ");
        dependencies.unfetched = Some(Unfetched {
            hint: format!(
                "{} pins {names}, and buf's cache does not have it: `buf build` in that folder downloads it",
                lock.display()
            ),
            needs: needs.clone(),
        });
    } else if let Some(name) = unpinned {
        dependencies.unfetched = Some(Unfetched {
            hint: format!(
                "{} names {name}, and {LOCK} does not pin it: `buf dep update` in that folder pins and downloads it",
                folder.join("buf.yaml").display()
            ),
            needs: lock,
        });
    }
    dependencies
}

/// A buf.yaml that names dependencies needs a lock.
fn without_lock(folder: &Path, named: &[String]) -> Dependencies {
    let mut dependencies = Dependencies::default();
    if !named.is_empty() {
        dependencies.unfetched = Some(Unfetched {
            hint: format!(
                "{} names dependencies, and there is no {LOCK}: `buf dep update` in that folder writes it and downloads them",
                folder.join("buf.yaml").display()
            ),
            needs: folder.join(LOCK),
        });
    }
    dependencies
}

/// The modules that a lock pins, and the first problem of what in it pins none.
fn pinned_modules(lock: &Path) -> (Vec<Pinned>, Option<Problem>) {
    let name = lock.display().to_string();
    let source = match read_configuration(lock) {
        Ok(text) => SourceText::new(&name, text),
        Err(why) => return (Vec::new(), Some(Problem::in_file(&name, why))),
    };
    let parsed = match yaml::parse(&source) {
        Ok(parsed) => parsed,
        Err(problems) => return (Vec::new(), problems.into_iter().next()),
    };
    let mut pins = Vec::new();
    let mut faults = Vec::new();
    match pins_of(&parsed) {
        Ok(items) => {
            for item in items {
                match pinned_module(item) {
                    Ok(pinned) => pins.push(pinned),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        Err(fault) => faults.push(fault),
    }
    let first = faults.into_iter().next();
    let problem = first.map(|(at, what)| Problem::at(&source, at.span.clone(), what));
    (pins, problem)
}

/// A place in a lock, and what is wrong there.
type Fault<'n> = (&'n Node, String);

/// The pins of a lock, of a version that has them as we read them. A module without dependencies may have a lock without any.
fn pins_of(lock: &Node) -> Result<&[Node], Fault<'_>> {
    match &lock.value {
        Yaml::Map(_) => {}
        Yaml::Null => return Err((lock, "there is nothing in it".to_owned())),
        _ => return Err((lock, format!("a lock is a mapping, and this is {}", lock.kind()))),
    }
    if let Some(version) = lock.get("version")
        && !version.text().is_some_and(|version| VERSIONS.contains(&version))
    {
        let known = VERSIONS.join(", ");
        return Err((version, format!("the `version` of a lock is one of {known}")));
    }
    match lock.get("deps") {
        Some(pins) => match &pins.value {
            Yaml::List(items) => Ok(items),
            Yaml::Null => Ok(&[]),
            _ => Err((pins, format!("`deps` is a list, and this is {}", pins.kind()))),
        },
        None => Ok(&[]),
    }
}

/// The name of a module, as in `buf.build/acme/shop`, and its commit: `name` in v2, `remote`, `owner` and `repository` in v1.
/// Nothing else, since both become parts of a path.
fn pinned_module(pinned: &Node) -> Result<Pinned, Fault<'_>> {
    if !matches!(pinned.value, Yaml::Map(_)) {
        return Err((
            pinned,
            format!("a dependency is a mapping, and this is {}", pinned.kind()),
        ));
    }
    let text = |key| match pinned.get(key) {
        Some(value) => match value.text() {
            Some(text) => Ok((value, text)),
            None => Err((
                value,
                format!("`{key}` is a string, and this is {}", value.kind()),
            )),
        },
        None => Err((pinned, format!("this dependency has no `{key}`"))),
    };
    let is_v1 = pinned.get("name").is_none() && pinned.get("remote").is_some();
    let (name_at, name) = if is_v1 {
        let (at, remote) = text("remote")?;
        (at, [remote, text("owner")?.1, text("repository")?.1].join("/"))
    } else {
        let (at, name) = text("name")?;
        (at, name.to_owned())
    };
    let is_name = Path::new(&name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
        && name.split('/').count() == 3;
    if !is_name {
        let name = name.escape_debug();
        return Err((
            name_at,
            format!("'{name}' is not the name of a module, such as buf.build/acme/shop"),
        ));
    }
    let (commit_at, written) = text("commit")?;
    let commit = written.replace('-', "");
    if commit.is_empty() || !commit.chars().all(|c| c.is_ascii_alphanumeric()) {
        let written = written.escape_debug();
        return Err((commit_at, format!("'{written}' is not a commit")));
    }
    let digest = pinned.get("digest").and_then(Node::text);
    let is_old = digest.is_some_and(|digest| digest.starts_with(DIGESTS[1]));
    Ok(Pinned { name, commit, is_old })
}

/// Whether buf has finished to write a module.
fn is_whole(module: &Path) -> bool {
    module.join("module.yaml").is_file() && module.join("files").is_dir()
}
