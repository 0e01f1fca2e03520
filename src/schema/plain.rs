//! Leaves of a file's options those that its linking depends on.
//!
//! All others are read, checked and written without a pool, where they would cost more than the rest of the file.

use prost_types::file_options::OptimizeMode;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FileDescriptorProto, FileOptions, MessageOptions,
};

use super::each::{each_field, each_message};

/// Removes the other options.
pub(super) fn without_options(file: &mut FileDescriptorProto) {
    let is_lite = file
        .options
        .as_ref()
        .is_some_and(|options| options.optimize_for() == OptimizeMode::LiteRuntime);
    file.options = is_lite.then(|| FileOptions {
        optimize_for: Some(OptimizeMode::LiteRuntime.into()),
        ..FileOptions::default()
    });
    each_field(file, |field| field.options = None);
    each_message(file, of_message);
    file.enum_type.iter_mut().for_each(of_enum);
    file.service.iter_mut().for_each(|service| service.options = None);
    without_method_options(file);
}

/// Removes the options of methods. When prost-reflect first sees any options, it builds a pool of Google's own files, which
/// takes as long as loading a small proto.
pub(super) fn without_method_options(file: &mut FileDescriptorProto) {
    for method in file.service.iter_mut().flat_map(|service| &mut service.method) {
        method.options = None;
    }
}

fn of_message(message: &mut DescriptorProto) {
    message.options = message
        .options
        .take()
        .filter(|options| options.map_entry() || options.message_set_wire_format())
        .map(|options| MessageOptions {
            map_entry: options.map_entry,
            message_set_wire_format: options.message_set_wire_format,
            ..MessageOptions::default()
        });
    message.enum_type.iter_mut().for_each(of_enum);
    message
        .oneof_decl
        .iter_mut()
        .for_each(|oneof| oneof.options = None);
    message
        .extension_range
        .iter_mut()
        .for_each(|range| range.options = None);
}

fn of_enum(found: &mut EnumDescriptorProto) {
    found.options = found
        .options
        .take()
        .filter(EnumOptions::allow_alias)
        .map(|options| EnumOptions {
            allow_alias: options.allow_alias,
            ..EnumOptions::default()
        });
    found.value.iter_mut().for_each(|value| value.options = None);
}
