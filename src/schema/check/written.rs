//! What is wrong with a file as it is written: what linking takes away, or makes look like the compiler's own.

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, UninterpretedOption};

use super::report::Report;
use crate::schema::element_path::ElementPath;
use crate::schema::name::default_json_name;

pub(in crate::schema) fn check_written(report: &mut Report<'_>, file: &FileDescriptorProto) {
    if let Some(options) = &file.options {
        check_options(report, &options.uninterpreted_option, &ElementPath::of_file(8));
    }
    for (index, message) in file.message_type.iter().enumerate() {
        check_message(report, message, &ElementPath::in_file(4, index));
    }
    for (index, extension) in file.extension.iter().enumerate() {
        check_extension(report, extension, &ElementPath::in_file(7, index));
    }
}

fn check_message(report: &mut Report<'_>, message: &DescriptorProto, path: &ElementPath<'_>) {
    if let Some(options) = &message.options {
        check_options(report, &options.uninterpreted_option, &path.field(7));
        if has(&options.uninterpreted_option, "map_entry") {
            let hint = "declare a field map<KEY, VALUE>";
            report.problem_with_hint(
                path,
                "map_entry is set by the compiler, for the fields of maps",
                hint,
            );
        }
    }
    for (index, extension) in message.extension.iter().enumerate() {
        check_extension(report, extension, &path.element(6, index));
    }
    for (index, nested) in message.nested_type.iter().enumerate() {
        check_message(report, nested, &path.element(3, index));
    }
}

fn check_extension(report: &mut Report<'_>, extension: &FieldDescriptorProto, path: &ElementPath<'_>) {
    let given = extension.json_name.as_ref();
    if given.is_some_and(|given| *given != default_json_name(extension.name())) {
        let text = "an extension has no json_name: its name in JSON is its full name in brackets";
        report.problem(&path.field(10), text);
    }
}

fn check_options(report: &mut Report<'_>, options: &[UninterpretedOption], path: &ElementPath<'_>) {
    if has(options, "uninterpreted_option") {
        report.problem(path, "uninterpreted_option is the compiler's own");
    }
}

/// Whether an option of descriptor.proto is written.
fn has(options: &[UninterpretedOption], name: &str) -> bool {
    options.iter().any(|option| {
        let part = option.name.first();
        part.is_some_and(|part| !part.is_extension && part.name_part == name)
    })
}
