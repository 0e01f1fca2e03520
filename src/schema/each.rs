//! Visits the messages and fields of a file, at any depth.

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// Calls `visit` with every message of a file, each before those in it.
pub(super) fn each_message(file: &mut FileDescriptorProto, mut visit: impl FnMut(&mut DescriptorProto)) {
    let mut waiting: Vec<&mut DescriptorProto> = file.message_type.iter_mut().collect();
    while let Some(message) = waiting.pop() {
        visit(message);
        waiting.extend(&mut message.nested_type);
    }
}

/// Calls `visit` with every field and every extension of a file.
pub(super) fn each_field(file: &mut FileDescriptorProto, mut visit: impl FnMut(&mut FieldDescriptorProto)) {
    file.extension.iter_mut().for_each(&mut visit);
    each_message(file, |message| {
        let fields = message.field.iter_mut().chain(&mut message.extension);
        fields.for_each(&mut visit);
    });
}

/// Calls `visit` with every message of a file, to read it.
pub(super) fn each_message_of(file: &FileDescriptorProto, mut visit: impl FnMut(&DescriptorProto)) {
    let mut waiting: Vec<&DescriptorProto> = file.message_type.iter().collect();
    while let Some(message) = waiting.pop() {
        visit(message);
        waiting.extend(&message.nested_type);
    }
}

/// Calls `visit` with every field and every extension of a file, to read it.
pub(super) fn each_field_of(file: &FileDescriptorProto, mut visit: impl FnMut(&FieldDescriptorProto)) {
    file.extension.iter().for_each(&mut visit);
    each_message_of(file, |message| {
        let fields = message.field.iter().chain(&message.extension);
        fields.for_each(&mut visit);
    });
}
