//! The source of a crate, read with `syn`: its modules, and what a name in one of them stands for.
//!
//! Names are followed through `use` and re-exports to the file that defines them. Code for tests alone is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The modules of one crate, the root first.
pub(crate) struct Modules(Vec<Module>);

/// The path of a module from the crate's root: empty for the root itself.
pub(crate) type ModulePath = Vec<String>;

/// One file.
pub(crate) struct Module {
    /// As `src/room/file.rs`.
    pub(crate) file: String,
    pub(crate) path: ModulePath,
    pub(crate) items: Vec<syn::Item>,
    /// Its child modules that are files of their own.
    pub(crate) children: BTreeSet<String>,
    defined: BTreeSet<String>,
    /// What `use` brings in: its name here, and the path that it stands for.
    used: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'m> {
    /// An item, or a variant or function of it: the module that defines the item, and the item's name.
    Item(ModuleId, &'m str),
    Module(ModuleId),
}

/// The index of a module.
pub(crate) type ModuleId = usize;

/// The module of the crate itself.
pub(crate) const ROOT: ModuleId = 0;

impl Modules {
    /// Reads the crate whose root is `lib.rs` or `main.rs` in that folder.
    pub(crate) fn of(folder: &str) -> Self {
        let root = ["lib.rs", "main.rs"]
            .iter()
            .map(|name| Path::new(folder).join(name))
            .find(|path| path.exists())
            .expect("a crate has a root");
        let mut modules = Vec::new();
        read(&root, Path::new(folder), Vec::new(), &mut modules);
        Self(modules)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        self.0.iter().enumerate()
    }

    pub(crate) fn get(&self, id: ModuleId) -> &Module {
        &self.0[id]
    }

    fn find(&self, path: &[String]) -> Option<ModuleId> {
        self.0.iter().position(|module| module.path == path)
    }

    /// What a path in a module stands for; `None` for other crates' names.
    pub(crate) fn target(&self, from: ModuleId, path: &[String]) -> Option<Target<'_>> {
        self.follow(from, path, 0)
    }

    fn follow(&self, from: ModuleId, path: &[String], depth: usize) -> Option<Target<'_>> {
        // Re-exports may name each other.
        if depth > 16 {
            return None;
        }
        let (mut id, mut rest) = match path.first()?.as_str() {
            "crate" => (ROOT, &path[1..]),
            "self" => (from, &path[1..]),
            _ => (from, path),
        };
        while let Some((name, after)) = rest.split_first() {
            let module = &self.0[id];
            if name == "super" {
                id = self.find(module.path.split_last()?.1)?;
            } else if module.children.contains(name) {
                let mut path = module.path.clone();
                path.push(name.clone());
                id = self.find(&path)?;
            } else if let Some(name) = module.defined.get(name) {
                return Some(Target::Item(id, name));
            } else if let Some(used) = module.used.get(name) {
                let whole: Vec<String> = used.iter().chain(after).cloned().collect();
                return self.follow(id, &whole, depth + 1);
            } else {
                return module.globs.iter().find_map(|glob| {
                    let whole: Vec<String> = glob.iter().chain(rest).cloned().collect();
                    self.follow(id, &whole, depth + 1)
                });
            }
            rest = after;
        }
        Some(Target::Module(id))
    }
}

fn read(file: &Path, folder: &Path, path: ModulePath, modules: &mut Vec<Module>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut module = Module {
        file: file.to_string_lossy().into_owned(),
        path,
        items: Vec::new(),
        children: BTreeSet::new(),
        defined: BTreeSet::new(),
        used: BTreeMap::new(),
        globs: Vec::new(),
    };
    module.visit_file(&syntax);
    module.items = syntax.items;
    module.items.retain(|item| !is_for_tests(attributes(item)));
    let children: Vec<(String, ModulePath)> = module
        .children
        .iter()
        .map(|name| {
            let mut path = module.path.clone();
            path.push(name.clone());
            (name.clone(), path)
        })
        .collect();
    modules.push(module);
    for (name, path) in children {
        let folder = folder.join(&name);
        let flat = folder.with_extension("rs");
        let file = if flat.exists() {
            flat
        } else {
            folder.join("mod.rs")
        };
        read(&file, &folder, path, modules);
    }
}

/// Whether an item is compiled for tests, or documentation's tests, alone.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|what| what.is_ident("test") || what.is_ident("doctest"))
    })
}

pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Notes what the file defines and uses, in its functions too.
impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        let name = match item {
            syn::Item::Const(item) => Some(&item.ident),
            syn::Item::Enum(item) => Some(&item.ident),
            syn::Item::Fn(item) => Some(&item.sig.ident),
            syn::Item::Static(item) => Some(&item.ident),
            syn::Item::Struct(item) => Some(&item.ident),
            syn::Item::Trait(item) => Some(&item.ident),
            syn::Item::Type(item) => Some(&item.ident),
            syn::Item::Union(item) => Some(&item.ident),
            syn::Item::Macro(item) => item.ident.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.defined.insert(name.to_string());
        }
        match item {
            syn::Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
            }
            // Its own names are not told from the file's: nothing in here needs it.
            syn::Item::Use(item) => {
                let mut paths = Vec::new();
                flatten(&item.tree, &mut Vec::new(), &mut paths);
                for (name, path) in paths {
                    match name {
                        Some(name) => {
                            self.used.insert(name, path);
                        }
                        None => self.globs.push(path),
                    }
                }
            }
            other => visit::visit_item(self, other),
        }
    }
}

/// The paths of a `use`: the name that each has here (`None` for a glob), and the path.
pub(crate) fn flatten(
    tree: &syn::UseTree,
    before: &mut Vec<String>,
    found: &mut Vec<(Option<String>, Vec<String>)>,
) {
    let with = |before: &[String], last: &syn::Ident| {
        let mut path = before.to_vec();
        if last != "self" || before.is_empty() {
            path.push(last.to_string());
        }
        path
    };
    match tree {
        syn::UseTree::Path(tree) => {
            before.push(tree.ident.to_string());
            flatten(&tree.tree, before, found);
            before.pop();
        }
        syn::UseTree::Name(tree) => {
            let path = with(before, &tree.ident);
            found.push((path.last().cloned(), path));
        }
        syn::UseTree::Rename(tree) => found.push((Some(tree.rename.to_string()), with(before, &tree.ident))),
        syn::UseTree::Glob(_) => found.push((None, before.clone())),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}
