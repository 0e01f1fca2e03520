//! A message type without maps, for tests of what a map's entry may be on the wire.

use prost_reflect::prost_types::{DescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorPool, MessageDescriptor};

/// The same message with lists of entries instead of maps, which is the same on the wire.
pub(crate) fn with_lists_for_maps(message: &MessageDescriptor) -> MessageDescriptor {
    fn change(message: &mut DescriptorProto) {
        if let Some(options) = &mut message.options {
            options.map_entry = None;
        }
        message.nested_type.iter_mut().for_each(change);
    }
    let mut files: Vec<_> = message.parent_pool().file_descriptor_protos().cloned().collect();
    files
        .iter_mut()
        .flat_map(|file| &mut file.message_type)
        .for_each(change);
    let pool = DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file: files });
    pool.expect("maps can be lists")
        .get_message_by_name(message.full_name())
        .expect("it was there")
}
