//! Declarations of extensions: a range may say which extensions it will have, and then no other may use it.

use std::collections::HashSet;

use prost_types::field_descriptor_proto::{Label, Type};

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{Declaration, ExtensionRange, ExtensionRangeOptions, Field, Message};
use crate::schema::element_path::ElementPath;
use crate::schema::kind::scalar_named;
use crate::schema::quoted::escaped;

/// `UNVERIFIED`, the default of `verification`.
const UNVERIFIED: i32 = 1;

/// Checks the declarations of a message.
pub(super) fn check_declarations(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    path: &ElementPath<'_>,
) {
    let mut names = HashSet::new();
    for (index, range) in message.extension_range.iter().enumerate() {
        let Some(options) = &range.options else {
            continue;
        };
        let path = path.element(5, index);
        facts.within(report, range.own_features(), &path);
        if options.verification == Some(UNVERIFIED) && !options.declaration.is_empty() {
            report.problem(
                &path,
                "a range that declares its extensions is verified, and this one says UNVERIFIED",
            );
        }
        let mut numbers = HashSet::new();
        for declaration in &options.declaration {
            for fault in faults(range, declaration) {
                report.problem(
                    &path,
                    format!("the declaration of extension {}: {fault}", declaration.number),
                );
            }
            if !numbers.insert(declaration.number) {
                report.problem(
                    &path,
                    format!("extension {} is declared twice", declaration.number),
                );
            }
            if let Some(name) = declaration
                .full_name
                .as_deref()
                .filter(|name| !names.insert(*name))
            {
                let name = escaped(name);
                report.problem(&path, format!("an extension '{name}' is declared twice"));
            }
        }
    }
}

/// What is wrong with a declaration by itself.
fn faults(range: &ExtensionRange, declaration: &Declaration) -> Vec<String> {
    let Declaration {
        number,
        full_name,
        r#type,
        reserved,
        ..
    } = declaration;
    let mut faults = Vec::new();
    if !(range.start..range.end).contains(number) {
        faults.push("the number is not in the range".to_owned());
    }
    if !reserved && (full_name.is_none() || r#type.is_none()) {
        faults.push("full_name and type are needed".to_owned());
    }
    let names = full_name
        .iter()
        .chain(r#type.iter().filter(|name| scalar_of(name).is_none()));
    for name in names.map(|name| escaped(name)) {
        match name.strip_prefix('.') {
            None => faults.push(format!(
                "'{name}' must be a full name with a dot in front: '.{name}'"
            )),
            Some(name) if !name.split('.').all(is_identifier) => faults.push(format!("'{name}' is no name")),
            Some(_) => {}
        }
    }
    faults
}

pub(super) fn is_identifier(part: &str) -> bool {
    let mut bytes = part.bytes();
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(is_letter) && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Whether a range has no extensions but those that it declares.
pub(super) fn is_verified(range: &ExtensionRange) -> bool {
    range.options.as_ref().is_some_and(|options| {
        let says_so = options
            .verification
            .is_some_and(|verification| verification != UNVERIFIED);
        says_so || !options.declaration.is_empty()
    })
}

/// Checks an extension against the declarations of the range that has its number.
pub(super) fn check_declared(
    report: &mut Report<'_>,
    options: &ExtensionRangeOptions,
    extension: &Field,
    name: &str,
    path: &ElementPath<'_>,
) {
    let number = extension.number;
    let of = format!(
        "extension {number} of '{}'",
        extension.extendee.trim_start_matches('.')
    );
    let Some(declared) = options
        .declaration
        .iter()
        .find(|declared| declared.number == number)
    else {
        report.problem(
            path,
            format!("{of} is not declared, and its range declares all that it has"),
        );
        return;
    };
    if declared.reserved {
        report.problem(path, format!("{of} is declared as reserved"));
        return;
    }
    let declared_name = escaped(declared.full_name.as_deref().unwrap_or_default());
    if declared_name.trim_start_matches('.') != name {
        report.problem(
            path,
            format!("{of} is declared as '{declared_name}', and this is '.{name}'"),
        );
    }
    let declared_type = declared.r#type.as_deref().unwrap_or_default();
    let fits = match scalar_of(declared_type) {
        Some(scalar) => scalar == extension.r#type(),
        None => declared_type == extension.type_name.as_bytes(),
    };
    if !fits {
        report.problem(
            &path.field(5),
            format!("{of} is declared with the type {}", escaped(declared_type)),
        );
    }
    if declared.repeated != (extension.label() == Label::Repeated) {
        let declared_as = if declared.repeated {
            "a list"
        } else {
            "a single value"
        };
        report.problem(path, format!("{of} is declared as {declared_as}"));
    }
}

fn scalar_of(name: &[u8]) -> Option<Type> {
    scalar_named(str::from_utf8(name).ok()?)
}
