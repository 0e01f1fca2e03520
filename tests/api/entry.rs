//! One public item: what it is, its parts, its functions, and the traits that it implements.

use std::collections::BTreeSet;
use std::fmt;

use syn::{ImplItem, Item, Visibility};

use crate::modules::attributes;
use crate::text::{conditions, derived, docs, has_attribute, text_between, text_of};

/// One public item, with all that belongs to it.
pub(crate) struct Entry {
    /// Without the crate's name.
    pub(crate) path: Vec<String>,
    /// Other paths to it.
    pub(crate) also: Vec<String>,
    pub(crate) head: String,
    pub(crate) needs: BTreeSet<String>,
    /// Fields and variants, in their order.
    parts: Vec<String>,
    functions: BTreeSet<String>,
    pub(crate) implementations: BTreeSet<String>,
    /// Its documentation and that of its functions.
    pub(crate) docs: String,
}

pub(crate) fn mark(needs: &[String]) -> String {
    if needs.is_empty() {
        String::new()
    } else {
        format!("[{}] ", needs.join(", "))
    }
}

impl Entry {
    pub(crate) fn new(path: &[String], head: &str, needs: BTreeSet<String>) -> Self {
        Self {
            path: path.to_owned(),
            also: Vec::new(),
            head: head.to_owned(),
            needs,
            parts: Vec::new(),
            functions: BTreeSet::new(),
            implementations: BTreeSet::new(),
            docs: String::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.path.last().expect("a path has a name")
    }

    pub(crate) fn title(&self) -> String {
        self.path.join("::")
    }

    /// Whether it is a module, or another crate.
    pub(crate) fn is_module(&self) -> bool {
        self.head == "mod" || self.head.starts_with("use ")
    }

    /// Fills in the head and the parts of an item.
    pub(crate) fn describe(&mut self, item: &Item, file: &str) {
        self.docs = docs(attributes(item), file);
        let grows = has_attribute(attributes(item), "non_exhaustive");
        let derives = derived(attributes(item));
        self.head = match item {
            Item::Struct(item) => {
                for (index, field) in item.fields.iter().enumerate() {
                    self.field(index, field);
                }
                format!("struct{}", generics(&item.generics))
            }
            Item::Enum(item) => {
                let variants = item.variants.iter().map(variant);
                self.parts.extend(variants);
                format!("enum{}", generics(&item.generics))
            }
            Item::Trait(item) => {
                for item in &item.items {
                    self.required(item, file);
                }
                let bounds = item
                    .supertraits
                    .iter()
                    .map(text_of)
                    .collect::<Vec<_>>()
                    .join(" + ");
                let bounds = if bounds.is_empty() {
                    bounds
                } else {
                    format!(": {bounds}")
                };
                format!("trait{}{bounds}", generics(&item.generics))
            }
            Item::Fn(item) => text_of(&item.sig),
            Item::Const(item) => format!("const: {}", text_of(&item.ty)),
            Item::Static(item) => format!("static: {}", text_of(&item.ty)),
            Item::Type(item) => format!("type = {}", text_of(&item.ty)),
            _ => unreachable!("no other item has a public name"),
        };
        if grows {
            self.head.insert_str(0, "#[non_exhaustive] ");
        }
        if !derives.is_empty() {
            self.implementations
                .insert(format!("derive({})", derives.join(", ")));
        }
    }

    fn field(&mut self, index: usize, field: &syn::Field) {
        if is_public(&field.vis) {
            let name = match &field.ident {
                Some(name) => name.to_string(),
                None => index.to_string(),
            };
            let needs = mark(&conditions(&field.attrs));
            self.parts.push(format!("{needs}{name}: {}", text_of(&field.ty)));
        }
    }

    fn required(&mut self, item: &syn::TraitItem, file: &str) {
        let line = match item {
            syn::TraitItem::Fn(item) => {
                self.docs += &docs(&item.attrs, file);
                let default = if item.default.is_some() { " { … }" } else { "" };
                text_of(&item.sig) + default
            }
            other => text_of(other),
        };
        self.functions.insert(line);
    }

    /// A public function or constant of an `impl` without a trait.
    pub(crate) fn member(&mut self, item: &ImplItem, needs: &[String], file: &str) {
        let (visibility, attributes, line) = match item {
            ImplItem::Fn(item) => (&item.vis, &item.attrs, text_of(&item.sig)),
            ImplItem::Const(item) => {
                let line = format!("const {}: {}", item.ident, text_of(&item.ty));
                (&item.vis, &item.attrs, line)
            }
            _ => return,
        };
        if is_public(visibility) {
            self.docs += &docs(attributes, file);
            let own = conditions(attributes).into_iter();
            let needs: Vec<String> = needs.iter().cloned().chain(own).collect();
            self.functions.insert(mark(&needs) + &line);
        }
    }
}

fn generics(generics: &syn::Generics) -> String {
    let clause = generics.where_clause.as_ref().map(text_of);
    match (&generics.lt_token, &generics.gt_token) {
        (Some(open), Some(close)) => {
            let clause = clause.map(|clause| format!(" {clause}")).unwrap_or_default();
            text_between(open.span, close.span) + &clause
        }
        _ => String::new(),
    }
}

fn variant(variant: &syn::Variant) -> String {
    let fields = variant.fields.iter().map(|field| match &field.ident {
        Some(name) => format!("{name}: {}", text_of(&field.ty)),
        None => text_of(&field.ty),
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    let needs = mark(&conditions(&variant.attrs));
    let name = &variant.ident;
    match variant.fields {
        syn::Fields::Unit => format!("{needs}{name}"),
        syn::Fields::Unnamed(_) => format!("{needs}{name}({fields})"),
        syn::Fields::Named(_) => format!("{needs}{name} {{ {fields} }}"),
    }
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The name of an item that is public where it stands.
pub(crate) fn public_name(item: &Item) -> Option<String> {
    let (visibility, name) = match item {
        Item::Const(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Fn(item) => (&item.vis, &item.sig.ident),
        Item::Static(item) => (&item.vis, &item.ident),
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        _ => return None,
    };
    is_public(visibility).then(|| name.to_string())
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs: Vec<String> = self.needs.iter().cloned().collect();
        writeln!(f, "{}{}: {}", mark(&needs), self.path.join("::"), self.head)?;
        for path in &self.also {
            writeln!(f, "    also {path}")?;
        }
        let lines = self
            .parts
            .iter()
            .chain(&self.functions)
            .chain(&self.implementations);
        for line in lines {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
