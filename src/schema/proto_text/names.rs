//! Names of types and extensions: the ones that mean the right thing in a given scope.
//!
//! The innermost scope that has the first part of a name decides what it means. Whatever has that part in a nearer scope
//! counts here, also where a compiler would look further: a name that is longer than need be is right, too.

use std::borrow::Cow;

use super::types::Types;
use crate::schema::name::{outwards, qualified};

/// Words that begin something else than the name of a type.
const KEYWORDS: [&str; 32] = [
    "bool",
    "bytes",
    "double",
    "enum",
    "export",
    "extend",
    "extensions",
    "fixed32",
    "fixed64",
    "float",
    "group",
    "int32",
    "int64",
    "local",
    "map",
    "message",
    "oneof",
    "option",
    "optional",
    "repeated",
    "required",
    "reserved",
    "returns",
    "rpc",
    "sfixed32",
    "sfixed64",
    "sint32",
    "sint64",
    "stream",
    "string",
    "uint32",
    "uint64",
];

/// The shortest name of the type `full_name` in `scope` (a package, message or service).
pub(super) fn type_name<'n>(types: &Types<'_>, scope: &str, full_name: &'n str) -> Cow<'n, str> {
    let starts = full_name.rmatch_indices('.').map(|(dot, _)| dot + 1);
    let mut names = starts.chain([0]).map(|start| &full_name[start..]);
    let short =
        names.find(|name| !KEYWORDS.contains(&first_part(name)) && means(types, scope, name, full_name));
    short.map_or_else(|| format!(".{full_name}").into(), Cow::Borrowed)
}

/// The name of an extension in `scope`, where it is the name of an option.
pub(super) fn option_name<'n>(types: &Types<'_>, scope: &str, full_name: &'n str) -> Cow<'n, str> {
    if means(types, scope, full_name, full_name) {
        full_name.into()
    } else {
        format!(".{full_name}").into()
    }
}

/// The name of an extension in brackets, which takes no dot in front. Where none means it, no text can say it.
pub(super) fn name_in_brackets<'n>(types: &Types<'_>, scope: &str, full_name: &'n str) -> &'n str {
    let starts = full_name.match_indices('.').map(|(dot, _)| dot + 1);
    let mut names = [0].into_iter().chain(starts).map(|start| &full_name[start..]);
    let found = names.find(|name| means(types, scope, name, full_name));
    found.unwrap_or(full_name)
}

fn first_part(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether `name` refers to `full_name` in a scope.
fn means(types: &Types<'_>, scope: &str, name: &str, full_name: &str) -> bool {
    let first = first_part(name);
    let nearest = outwards(scope).find(|inner| types.has(&qualified(inner, first)));
    nearest.is_some_and(|inner| qualified(inner, name) == full_name)
}
