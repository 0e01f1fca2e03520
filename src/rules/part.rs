//! The part of a large schema that rules reach: the methods that they name, and the types that their expressions and messages do.
//!
//! Rules are compiled for one descriptor pool, since descriptors of two are not equal, and a pool of all files of a large schema
//! takes a gigabyte. Which names a text means is known only when it is compiled. Which it may mean is seen before: each of its
//! words, alone or in the scopes of the methods, may be a type. A type too many costs little.

use super::compile::methods_named;
use crate::schema::{FastSet, Schema, SymbolKind, packages_of};

/// The part of `schema` that holds all methods and types that the texts of rules may name.
pub(super) fn part_of<'t>(schema: &Schema, texts: impl Iterator<Item = &'t str>) -> Schema {
    let words: FastSet<&str> = texts.flat_map(words).collect();
    let paths = words.iter().filter(|word| word.contains('/'));
    let methods: Vec<_> = paths.flat_map(|path| methods_named(schema, path)).collect();
    let services: FastSet<&str> = methods.iter().map(|method| method.service()).collect();
    let mut scopes: FastSet<&str> = FastSet::from_iter([""]);
    for method in &methods {
        for name in [method.service(), method.input_name(), method.output_name()] {
            scopes.extend(name.match_indices('.').map(|(dot, _)| &name[..dot]));
        }
    }
    let mut types = FastSet::default();
    for word in words {
        // In an Any, a type stands behind its domain.
        let name = word.rsplit_once('/').map_or(word, |(_, name)| name);
        let name = name.trim_start_matches('.');
        let ends = name.match_indices('.').map(|(dot, _)| dot).chain([name.len()]);
        for named in ends.map(|end| &name[..end]).filter(|named| !named.is_empty()) {
            types.extend(scopes.iter().map(|scope| match *scope {
                "" => named.to_owned(),
                scope => format!("{scope}.{named}"),
            }));
        }
    }
    let named = types.iter().map(String::as_str).chain(services.iter().copied());
    let packages: FastSet<&str> = named.flat_map(packages_of).chain([""]).collect();
    schema.part(|_, definitions| {
        // Of most files not even the package is named.
        packages.contains(&*definitions.package)
            && definitions.names.iter().any(|(name, kind)| match kind {
                SymbolKind::Service => services.contains(&**name),
                SymbolKind::Message | SymbolKind::Enum => types.contains(&**name),
                _ => false,
            })
    })
}

/// The words of a text: names with their dots, paths with their slashes, and the patterns of methods.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '/' | '*');
    let words = text.split(move |letter| !is_part(letter));
    words
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
}
