//! Pieces of source as one line of text each.

use std::fs;
use std::path::Path;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;

/// The source of something, on one line, without the paths of this crate's modules.
pub(crate) fn text_of(piece: &impl Spanned) -> String {
    one_line(&piece.span().source_text().unwrap_or_default())
}

/// The source from the beginning of one token to the end of another.
pub(crate) fn text_between(first: Span, last: Span) -> String {
    let whole = first.join(last).expect("both are in one file");
    one_line(&whole.source_text().unwrap_or_default())
}

fn one_line(source: &str) -> String {
    let words: Vec<&str> = source
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .flat_map(str::split_whitespace)
        .collect();
    let mut line = words.join(" ");
    for (wide, narrow) in [
        ("( ", "("),
        (", )", ")"),
        ("< ", "<"),
        (", >", ">"),
        ("(mut ", "("),
        (", mut ", ", "),
    ] {
        line = line.replace(wide, narrow);
    }
    without_module_paths(line.trim_end_matches([',', ';']))
}

/// `$crate::handler::Call` as `Call`.
fn without_module_paths(line: &str) -> String {
    let mut rest = line;
    let mut short = String::new();
    while let Some(at) = rest.find("crate::") {
        short += rest[..at].trim_end_matches('$');
        rest = &rest[at + "crate::".len()..];
        while let Some((module, after)) = rest.split_once("::") {
            if module.is_empty() || !module.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                break;
            }
            rest = after;
        }
    }
    short + rest
}

/// The conditions of an item's `#[cfg(…)]`: the name of a feature, or the condition as it is written.
pub(crate) fn conditions(attributes: &[syn::Attribute]) -> Vec<String> {
    let conditions = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .filter_map(|attribute| attribute.parse_args::<TokenStream>().ok());
    conditions
        .map(|tokens| {
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            match tokens.as_slice() {
                [TokenTree::Ident(word), _, TokenTree::Literal(name)] if word == "feature" => {
                    name.to_string().trim_matches('"').to_owned()
                }
                all => all.iter().map(ToString::to_string).collect(),
            }
        })
        .collect()
}

pub(crate) fn has_attribute(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// The traits in `#[derive(…)]`.
pub(crate) fn derived(attributes: &[syn::Attribute]) -> Vec<String> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .flat_map(|attribute| match &attribute.meta {
            syn::Meta::List(list) => list
                .tokens
                .to_string()
                .split(',')
                .map(|name| name.trim().replace(' ', ""))
                .filter(|name| !name.is_empty())
                .collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// The text of an item's documentation, in comments and in files beside `file`.
pub(crate) fn docs(attributes: &[syn::Attribute], file: &str) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(literal) => text_in(&literal.lit),
            syn::Expr::Macro(included) => {
                let name = text_in(&included.mac.parse_body().ok()?)?;
                fs::read_to_string(Path::new(file).with_file_name(name)).ok()
            }
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line + "\n").collect()
}

fn text_in(literal: &syn::Lit) -> Option<String> {
    match literal {
        syn::Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}
