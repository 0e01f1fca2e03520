//! Checks a file: its imports and services, and all that is in it.

use prost::Message as _;
use prost_reflect::FileDescriptor;

use super::enums::check_enum;
use super::extensions::{Extensions, check_extension};
use super::facts::{FileFacts, is_lite};
use super::features::check_file_features;
use super::messages::check_message;
use super::report::Report;
use super::style::{Style, check_style};
use crate::schema::descriptor::{File, FileOptions};
use crate::schema::element_path::ElementPath;
use crate::schema::features::{Edition, FeatureSet};
use crate::schema::name::qualified;

/// protoc keeps the length of a package in two bytes.
const MAX_PACKAGE_BYTES: usize = 511;

/// What to do about generic services.
const GENERIC_SERVICES: &str = "leave the option out: plugins for gRPC need none";

/// What the checks remember from file to file. Files are checked after those that they import.
#[derive(Debug, Default)]
pub(in crate::schema) struct Checks {
    extensions: Extensions,
}

/// Checks a file that has been linked. `bytes` are the file as it was linked, `edition` is that of its syntax or its own, and
/// `file` is it in its pool.
pub(in crate::schema) fn check_file(
    checks: &mut Checks,
    report: &mut Report<'_>,
    edition: Edition,
    bytes: &[u8],
    file: &FileDescriptor,
) {
    let linked = File::decode(bytes).expect("the linker wrote it");
    let pool = file.parent_pool();
    let facts = FileFacts {
        pool,
        name: file.name(),
        edition,
        features: FeatureSet::of_edition(edition),
        is_lite: is_lite(file),
    };
    let none = FileOptions::default();
    let options = linked.options.as_ref().unwrap_or(&none);
    let facts = &facts.within(report, linked.own_features(), &ElementPath::of_file(8));
    check_file_features(report, facts, options);
    if options.cc_generic_services || options.java_generic_services || options.py_generic_services {
        let text = "generic services are deprecated: protoc itself makes code for them";
        report.warning(&ElementPath::of_file(8), text, GENERIC_SERVICES);
    }
    let package_path = ElementPath::of_file(2);
    check_style(
        report,
        facts,
        &linked.package,
        Style::LowerSnake,
        "package",
        &package_path,
    );
    if linked.package.len() > MAX_PACKAGE_BYTES {
        let text = format!("the name of a package has at most {MAX_PACKAGE_BYTES} letters");
        report.problem(&package_path, text);
    }
    let extensions = &mut checks.extensions;
    let package = &linked.package;
    check_imports(report, facts, file);
    check_services(report, facts, &linked);
    for (index, message) in linked.message_type.iter().enumerate() {
        let path = ElementPath::in_file(4, index);
        check_message(
            report,
            facts,
            extensions,
            message,
            &qualified(package, &message.name),
            false,
            &path,
        );
    }
    for (index, found) in linked.enum_type.iter().enumerate() {
        check_enum(report, facts, found, &ElementPath::in_file(5, index));
    }
    for (index, extension) in linked.extension.iter().enumerate() {
        let path = ElementPath::in_file(7, index);
        check_extension(report, facts, extensions, extension, package, &path);
    }
}

fn check_imports(report: &mut Report<'_>, facts: &FileFacts<'_>, file: &FileDescriptor) {
    for (index, import) in file.dependencies().enumerate() {
        if !facts.is_lite && is_lite(&import) {
            let text = format!(
                "'{}' is for the lite runtime, and a file that is not cannot import it",
                import.name()
            );
            report.problem(&ElementPath::in_file(3, index), text);
        }
    }
}

fn check_services(report: &mut Report<'_>, facts: &FileFacts<'_>, file: &File) {
    let options = file.options.as_ref();
    let is_generic =
        options.is_some_and(|options| options.cc_generic_services || options.java_generic_services);
    for (index, service) in file.service.iter().enumerate() {
        let path = ElementPath::in_file(6, index);
        if facts.is_lite && is_generic {
            let text = "a file for the lite runtime has no generic services";
            report.problem_with_hint(
                &path,
                text,
                "leave out cc_generic_services and java_generic_services",
            );
        }
        let own = service.own_features();
        let facts = &facts.within(report, own, &path);
        check_style(
            report,
            facts,
            &service.name,
            Style::Title,
            "service",
            &path.field(1),
        );
        for (index, method) in service.method.iter().enumerate() {
            let path = path.element(2, index);
            let own = method.own_features();
            let facts = &facts.within(report, own, &path);
            check_style(
                report,
                facts,
                &method.name,
                Style::Title,
                "method",
                &path.field(1),
            );
        }
    }
}
