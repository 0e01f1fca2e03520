//! Which file of a crate takes names from which other.
//!
//! Paths inside macro calls count too. Types that are reached through methods or fields alone do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::modules::{Modules, ROOT, Target, attributes, flatten, is_for_tests};

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
pub(crate) struct Imports {
    modules: Modules,
    found: BTreeSet<Import>,
    through_root: BTreeSet<Import>,
}

impl Imports {
    /// Reads the crate whose root is `lib.rs` or `main.rs` in that folder.
    pub(crate) fn of(folder: &str) -> Self {
        let modules = Modules::of(folder);
        let (mut found, mut through_root) = (BTreeSet::new(), BTreeSet::new());
        for (id, module) in modules.all() {
            let mut names = Names::default();
            module.items.iter().for_each(|item| names.visit_item(item));
            for (line, path) in names.found {
                // A `use` of a module takes nothing by itself.
                let Some(Target::Item(to, _)) = modules.target(id, &path) else {
                    continue;
                };
                if to == id {
                    continue;
                }
                let import = Import {
                    from: module.file.clone(),
                    line,
                    path: path.join("::"),
                    to: modules.get(to).file.clone(),
                };
                if let [first, second, ..] = path.as_slice()
                    && first == "crate"
                    && !module.path.is_empty()
                    && !modules.get(ROOT).children.contains(second)
                {
                    through_root.insert(import.clone());
                }
                found.insert(import);
            }
        }
        Self {
            modules,
            found,
            through_root,
        }
    }

    /// The files, in no order that means anything.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.modules.all().map(|(_, module)| module.file.as_str())
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
}

/// The paths in a file, with their lines.
#[derive(Default)]
struct Names {
    found: Vec<(usize, Vec<String>)>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        match item {
            // A re-export hands on what others take.
            syn::Item::Use(item) if matches!(item.vis, syn::Visibility::Inherited) => {
                let mut paths = Vec::new();
                flatten(&item.tree, &mut Vec::new(), &mut paths);
                let line = item.span().start().line;
                self.found.extend(paths.into_iter().map(|(_, path)| (line, path)));
            }
            syn::Item::Use(_) => {}
            other => visit::visit_item(self, other),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.found.push((path.span().start().line, segments.collect()));
        visit::visit_path(self, path);
    }

    /// What stands in a macro's brackets is no syntax yet: each run of names and `::` counts as a path.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.names_among(called.tokens.clone());
        visit::visit_macro(self, called);
    }
}

impl Names {
    fn names_among(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.found.push((line, mem::take(&mut path)));
                        line = name.span().start().line;
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.found.push((line, mem::take(&mut path)));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.names_among(group.stream());
                    }
                }
            }
        }
        self.found.push((line, path));
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
