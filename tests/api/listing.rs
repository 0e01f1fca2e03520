//! The public items of a crate: those that a public module has or re-exports, by their shortest path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{ImplItem, Item};

use crate::entry::{Entry, is_public, mark, public_name};
use crate::modules::{ModuleId, Modules, ROOT, Target, attributes, flatten};
use crate::text::{conditions, text_between, text_of};

/// What is public, sorted by path.
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
}

/// A definition: its module and its name there.
type Place = (ModuleId, String);

/// A public path to a definition, and what it needs.
struct Route {
    path: Vec<String>,
    needs: BTreeSet<String>,
}

struct Reader<'m> {
    modules: &'m Modules,
    /// What the modules need, by their number.
    module_needs: Vec<BTreeSet<String>>,
    routes: BTreeMap<Place, Vec<Route>>,
    entries: Vec<Entry>,
    by_place: BTreeMap<Place, usize>,
}

impl Listing {
    /// Reads the crate in that folder.
    pub(crate) fn of(folder: &str) -> Self {
        let modules = Modules::of(folder);
        let mut reader = Reader {
            module_needs: module_needs(&modules),
            modules: &modules,
            routes: BTreeMap::new(),
            entries: Vec::new(),
            by_place: BTreeMap::new(),
        };
        reader.follow(ROOT, &[], &BTreeSet::new());
        reader.define();
        reader.implement();
        let mut entries = reader.entries;
        entries.sort_by(|one, other| (&one.path, &one.head).cmp(&(&other.path, &other.head)));
        Self { entries }
    }
}

/// What each module needs by its own conditions and those of the modules around it.
fn module_needs(modules: &Modules) -> Vec<BTreeSet<String>> {
    let mut needs: Vec<BTreeSet<String>> = modules.all().map(|_| BTreeSet::new()).collect();
    for (id, module) in modules.all() {
        for item in &module.items {
            if let Item::Mod(item) = item
                && let Some(Target::Module(child)) = modules.target(id, &[item.ident.to_string()])
            {
                // A module that stands in for another without a feature is not public.
                let own = conditions(&item.attrs).into_iter();
                let own = own.filter(|condition| !condition.starts_with("not("));
                let all = needs[id].iter().cloned().chain(own).collect();
                needs[child] = all;
            }
        }
    }
    needs
}

impl Reader<'_> {
    /// Notes the public paths that begin in a public module.
    fn follow(&mut self, id: ModuleId, path: &[String], needs: &BTreeSet<String>) {
        let modules = self.modules;
        for item in &modules.get(id).items {
            let with = |name: String| path.iter().cloned().chain([name]).collect::<Vec<_>>();
            let needs: BTreeSet<String> = needs
                .iter()
                .cloned()
                .chain(conditions(attributes(item)))
                .collect();
            match item {
                // A page of the documentation.
                Item::Mod(item) if item.content.is_some() => {}
                Item::Mod(item) if is_public(&item.vis) => {
                    let child = modules.target(id, &[item.ident.to_string()]);
                    let Some(Target::Module(child)) = child else {
                        panic!("{}: mod {} is no file", modules.get(id).file, item.ident);
                    };
                    let path = with(item.ident.to_string());
                    self.entries.push(Entry::new(&path, "mod", needs.clone()));
                    self.follow(child, &path, &needs);
                }
                Item::Use(item) if is_public(&item.vis) => {
                    let mut used = Vec::new();
                    flatten(&item.tree, &mut Vec::new(), &mut used);
                    for (name, what) in used {
                        let name = name.expect("names are re-exported one by one");
                        match modules.target(id, &what) {
                            Some(Target::Item(module, defined)) => {
                                let place = (module, defined.to_owned());
                                let (path, needs) = (with(name), needs.clone());
                                self.routes.entry(place).or_default().push(Route { path, needs });
                            }
                            Some(Target::Module(module)) => self.follow(module, &with(name), &needs),
                            None => {
                                let head = format!("use {}", what.join("::"));
                                self.entries.push(Entry::new(&with(name), &head, needs.clone()));
                            }
                        }
                    }
                }
                other => {
                    if let Some(name) = public_name(other) {
                        let path = with(name.clone());
                        self.routes
                            .entry((id, name))
                            .or_default()
                            .push(Route { path, needs });
                    }
                }
            }
        }
    }

    /// Makes an entry of each definition that has a public path.
    fn define(&mut self) {
        for (place, mut routes) in std::mem::take(&mut self.routes) {
            let (id, name) = &place;
            let items = self.modules.get(*id).items.iter();
            let mut items = items.filter(|item| public_name(item).as_ref() == Some(name));
            let item = items
                .next()
                .unwrap_or_else(|| panic!("{name} is re-exported and not public"));
            routes.sort_by_key(|route| (route.path.len(), route.path.clone()));
            let Route { path, mut needs } = routes.remove(0);
            needs.extend(self.module_needs[*id].iter().cloned());
            needs.extend(conditions(attributes(item)));
            let mut entry = Entry::new(&path, "", needs);
            entry.also = routes.iter().map(|route| route.path.join("::")).collect();
            entry.describe(item, &self.modules.get(*id).file);
            self.by_place.insert(place, self.entries.len());
            self.entries.push(entry);
        }
    }

    /// Adds the functions and traits of all `impl` blocks.
    fn implement(&mut self) {
        let modules = self.modules;
        for (id, module) in modules.all() {
            for item in &module.items {
                let Item::Impl(block) = item else { continue };
                let Some(at) = self.belongs_to(id, block) else {
                    continue;
                };
                let needs = self.module_needs[id].iter().cloned();
                let needs: BTreeSet<String> = needs.chain(conditions(&block.attrs)).collect();
                let needs: Vec<String> = needs.difference(&self.entries[at].needs).cloned().collect();
                let entry = &mut self.entries[at];
                if block.trait_.is_some() {
                    entry.implementations.insert(mark(&needs) + &head_of(block));
                } else {
                    for item in &block.items {
                        let made: Vec<ImplItem> = match item {
                            ImplItem::Macro(called) => expand(modules, id, called),
                            other => vec![other.clone()],
                        };
                        for item in &made {
                            entry.member(item, &needs, &module.file);
                        }
                    }
                }
            }
        }
    }

    /// The entry of the type that a block implements; if that is another crate's, of the first type of this one in the
    /// trait, or of the trait. `None` if something in it is private.
    fn belongs_to(&self, id: ModuleId, block: &syn::ItemImpl) -> Option<usize> {
        let mut paths = Paths::default();
        paths.visit_type(&block.self_ty);
        if let Some((path, _)) = &block.trait_ {
            paths.visit_path(path);
        }
        let mut first = None;
        for path in &paths.0 {
            if let Some(Target::Item(module, name)) = self.modules.target(id, path) {
                let entry = *self.by_place.get(&(module, name.to_owned()))?;
                first.get_or_insert(entry);
            }
        }
        first
    }
}

/// The paths in a type or a trait, the outermost first.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.0.push(segments.collect());
        syn::visit::visit_path(self, path);
    }
}

/// A macro without arguments, called inside an `impl`, that this crate defines.
fn expand(modules: &Modules, id: ModuleId, called: &syn::ImplItemMacro) -> Vec<ImplItem> {
    let name = called
        .mac
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string());
    let name: Vec<String> = name.collect();
    let Some(Target::Item(module, name)) = modules.target(id, &name) else {
        panic!("{}: no macro {name:?}", modules.get(id).file);
    };
    let definition = modules.get(module).items.iter().find_map(|item| match item {
        Item::Macro(item) if item.ident.as_ref().is_some_and(|ident| ident == name) => Some(&item.mac.tokens),
        _ => None,
    });
    let rule: Vec<TokenTree> = definition.expect("it is a macro").clone().into_iter().collect();
    let [TokenTree::Group(arguments), _, _, TokenTree::Group(body), ..] = rule.as_slice() else {
        panic!("{name} has no rule");
    };
    assert!(arguments.stream().is_empty(), "{name} takes arguments");
    let items = |input: ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(ImplItem::parse(input)?);
        }
        Ok(items)
    };
    let parsed = items.parse2(without_dollars(body.stream()));
    parsed.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `$crate` as `crate`, which is syntax.
fn without_dollars(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .filter(|token| !matches!(token, TokenTree::Punct(mark) if mark.as_char() == '$'))
        .map(|token| match token {
            TokenTree::Group(group) => {
                let mut plain = proc_macro2::Group::new(group.delimiter(), without_dollars(group.stream()));
                plain.set_span(group.span());
                TokenTree::Group(plain)
            }
            other => other,
        })
        .collect()
}

/// The first line of a block, and the types that it names.
fn head_of(block: &syn::ItemImpl) -> String {
    let last = match &block.generics.where_clause {
        Some(clause) => clause.span(),
        None => block.self_ty.span(),
    };
    let types = block.items.iter().filter_map(|item| match item {
        ImplItem::Type(item) => Some(format!("{} = {}", item.ident, text_of(&item.ty))),
        _ => None,
    });
    let types: Vec<String> = types.collect();
    let head = text_between(block.impl_token.span, last);
    if types.is_empty() {
        head
    } else {
        format!("{head}; {}", types.join(", "))
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The public API of protod. `UPDATE_API=1 cargo test --test api` writes this page."
        )?;
        for entry in &self.entries {
            write!(f, "\n{entry}")?;
        }
        Ok(())
    }
}
