//! The modules of buf, as import roots: what buf.yaml and buf.work.yaml in a folder name.
//!
//! Only paths are read. Dependencies on a registry are a matter of `buf_lock`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::buf_file::{LOCK, read_configuration};
use super::dependencies::Named;
use crate::error::SourceText;
use crate::yaml::{self, Node};

/// The files in which buf names modules, in the order they are read.
const BUF_FILES: [&str; 2] = ["buf.work.yaml", "buf.yaml"];

/// Whether a file of this name is one of them, or a lock.
pub(super) fn is_configuration(name: &OsStr) -> bool {
    BUF_FILES.iter().any(|file| name == *file) || name == LOCK
}

/// What the buf configuration of a folder names. A file that cannot be read as one names nothing. The files that were read are
/// added to `configuration_files`.
pub(super) fn named_in(folder: &Path, configuration_files: &mut BTreeSet<PathBuf>) -> Named {
    let mut all = Named::default();
    for name in BUF_FILES {
        let path = folder.join(name);
        let Ok(text) = read_configuration(&path) else {
            continue;
        };
        configuration_files.insert(path);
        let Ok(configuration) = yaml::parse(&SourceText::new(name, text)) else {
            continue;
        };
        let named = match name {
            "buf.work.yaml" => texts_of(configuration.get("directories")),
            _ => module_paths(&configuration),
        };
        all.modules.extend(named.iter().map(|module| folder.join(module)));
        if name == "buf.yaml" {
            if named.is_empty() {
                all.modules.push(folder.to_owned());
            }
            let without_label = |name: &String| name.split(':').next().unwrap_or_default().to_owned();
            let dependencies = texts_of(configuration.get("deps"));
            all.dependencies = dependencies.iter().map(without_label).collect();
        }
    }
    all
}

/// `modules: [{path: …}]` of v2, `build: {roots: […]}` of v1beta1.
fn module_paths(configuration: &Node) -> Vec<String> {
    let modules = configuration.get("modules").map(Node::items).unwrap_or_default();
    let mut paths: Vec<String> = modules
        .iter()
        .filter_map(|module| module.get("path")?.text().map(str::to_owned))
        .collect();
    let build = configuration.get("build");
    paths.extend(texts_of(build.and_then(|build| build.get("roots"))));
    // A folder joined with `.` would be a second name for it.
    paths
        .iter_mut()
        .filter(|path| *path == ".")
        .for_each(String::clear);
    paths
}

fn texts_of(list: Option<&Node>) -> Vec<String> {
    let items = list.map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.text().map(str::to_owned))
        .collect()
}
