//! Which file of a crate takes names from which other, read from its source with `syn`.
//!
//! Paths inside macro calls count too. Types that are reached through methods or fields alone do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::mem;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A name that one file takes from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// The file that names it, as `src/room/file.rs`.
    pub(crate) from: String,
    pub(crate) line: usize,
    /// As it is written, such as `crate::message::Message`.
    pub(crate) path: String,
    /// The file that defines it.
    pub(crate) to: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, line, path, to } = self;
        write!(f, "{from}:{line}: {path} is of {to}")
    }
}

/// All imports of one crate.
#[derive(Debug)]
pub(crate) struct Imports {
    modules: Vec<Module>,
    found: BTreeSet<Import>,
    through_root: BTreeSet<Import>,
}

/// The path of a module from the crate's root: empty for the root itself.
type ModulePath = Vec<String>;

/// One file, as far as names go.
#[derive(Debug)]
struct Module {
    file: String,
    path: ModulePath,
    children: BTreeSet<String>,
    defined: BTreeSet<String>,
    /// What `use` brings in: its name here, and the path that it stands for.
    used: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Paths in its code, with their lines.
    named: Vec<(usize, Vec<String>)>,
    /// Paths of its `use` declarations other than re-exports.
    taken: Vec<(usize, Vec<String>)>,
}

impl Imports {
    /// Reads the crate whose root is `lib.rs` or `main.rs` in that folder. Code for tests alone is left out.
    pub(crate) fn of(folder: &str) -> Self {
        let root = ["lib.rs", "main.rs"]
            .iter()
            .map(|name| Path::new(folder).join(name))
            .find(|path| path.exists())
            .expect("a crate has a root");
        let mut modules = Vec::new();
        read(&root, Path::new(folder), Vec::new(), &mut modules);
        let mut found = Self {
            modules,
            found: BTreeSet::new(),
            through_root: BTreeSet::new(),
        };
        found.follow();
        found
    }

    /// The files, in no order that means anything.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(|module| module.file.as_str())
    }

    /// Every name that a file takes from another.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Import> {
        self.found.iter()
    }

    /// Those that are written as `crate::Name`, where the root only re-exports the name.
    pub(crate) fn through_root(&self) -> impl Iterator<Item = &Import> {
        self.through_root.iter()
    }

    /// Each set of files that reach each other, by Tarjan's algorithm.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for import in &self.found {
            edges.entry(&import.from).or_default().insert(&import.to);
        }
        let mut search = Search::default();
        for file in edges.keys().copied() {
            search.visit(file, &edges);
        }
        search.circles
    }

    fn follow(&mut self) {
        let (mut imports, mut through_root) = (BTreeSet::new(), BTreeSet::new());
        for module in &self.modules {
            for (line, path) in module.named.iter().chain(&module.taken) {
                let Some(to) = self.file_of(module, path, 0) else {
                    continue;
                };
                if to == module.file {
                    continue;
                }
                let import = Import {
                    from: module.file.clone(),
                    line: *line,
                    path: path.join("::"),
                    to: to.to_owned(),
                };
                let root = &self.modules[0];
                if let [first, second, ..] = path.as_slice()
                    && first == "crate"
                    && !module.path.is_empty()
                    && !root.children.contains(second)
                {
                    through_root.insert(import.clone());
                }
                imports.insert(import);
            }
        }
        self.found = imports;
        self.through_root = through_root;
    }

    fn module(&self, path: &[String]) -> Option<&Module> {
        self.modules.iter().find(|module| module.path == path)
    }

    /// The file that defines what a path in a module stands for; `None` for other crates' names. A `use` of a module
    /// takes nothing by itself.
    fn file_of<'i>(&'i self, from: &'i Module, path: &[String], depth: usize) -> Option<&'i str> {
        // Re-exports may name each other.
        if depth > 16 {
            return None;
        }
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (&self.modules[0], &path[1..]),
            "self" => (from, &path[1..]),
            "super" => (self.module(from.path.split_last()?.1)?, &path[1..]),
            _ => (from, path),
        };
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                module = self.module(module.path.split_last()?.1)?;
            } else if module.children.contains(name) {
                let mut path = module.path.clone();
                path.push(name.clone());
                module = self.module(&path)?;
            } else if module.defined.contains(name) {
                return Some(&module.file);
            } else if let Some(used) = module.used.get(name) {
                let whole: Vec<String> = used.iter().chain(after).cloned().collect();
                return self.file_of(module, &whole, depth + 1);
            } else {
                return module.globs.iter().find_map(|glob| {
                    let whole: Vec<String> = glob.iter().chain(rest).cloned().collect();
                    self.file_of(module, &whole, depth + 1)
                });
            }
            rest = after;
        }
        None
    }
}

fn read(file: &Path, folder: &Path, path: ModulePath, modules: &mut Vec<Module>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut module = Module {
        file: file.to_string_lossy().into_owned(),
        path,
        children: BTreeSet::new(),
        defined: BTreeSet::new(),
        used: BTreeMap::new(),
        globs: Vec::new(),
        named: Vec::new(),
        taken: Vec::new(),
    };
    module.visit_file(&syntax);
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
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|what| what.is_ident("test") || what.is_ident("doctest"))
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

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
                    // A re-export hands on what others take.
                    if matches!(item.vis, syn::Visibility::Inherited) {
                        self.taken.push((item.span().start().line, path.clone()));
                    }
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

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.named.push((path.span().start().line, segments.collect()));
        visit::visit_path(self, path);
    }

    /// What stands in a macro's brackets is no syntax yet: each run of names and `::` counts as a path.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.names_among(called.tokens.clone());
        visit::visit_macro(self, called);
    }
}

impl Module {
    fn names_among(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.named.push((line, mem::take(&mut path)));
                        line = name.span().start().line;
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.named.push((line, mem::take(&mut path)));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.names_among(group.stream());
                    }
                }
            }
        }
        self.named.push((line, path));
    }
}

/// The paths of a `use`: the name that each has here (`None` for a glob), and the path.
fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, found: &mut Vec<(Option<String>, Vec<String>)>) {
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

/// Finds the sets of files that reach each other.
#[derive(Default)]
struct Search<'f> {
    order: BTreeMap<&'f str, (usize, usize)>,
    stack: Vec<&'f str>,
    circles: Vec<Vec<String>>,
}

impl<'f> Search<'f> {
    fn visit(&mut self, file: &'f str, edges: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> usize {
        if let Some((_, lowest)) = self.order.get(file) {
            return *lowest;
        }
        let number = self.order.len();
        self.order.insert(file, (number, number));
        self.stack.push(file);
        let mut lowest = number;
        for next in edges.get(file).into_iter().flatten().copied() {
            let seen = self.order.contains_key(next);
            if !seen || self.stack.contains(&next) {
                let reached = if seen {
                    self.order[next].0
                } else {
                    self.visit(next, edges)
                };
                lowest = lowest.min(reached);
            }
        }
        self.order.insert(file, (number, lowest));
        if lowest == number {
            let at = self.stack.iter().position(|on| *on == file).unwrap_or_default();
            let circle = self.stack.split_off(at);
            if circle.len() > 1 {
                self.circles.push(circle.into_iter().map(str::to_owned).collect());
            }
        }
        lowest
    }
}
