//! The oneofs that the compiler makes for `optional` fields of proto3, named as protoc names them.

use std::collections::HashSet;

use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::schema::each::each_message;

/// Names them anew: `_field`, with an `X` more in front as long as a field or oneof of the message has that name.
pub(super) fn name_synthetic_oneofs(file: &mut FileDescriptorProto) {
    each_message(file, name_those_of);
}

fn name_those_of(message: &mut DescriptorProto) {
    let synthetic: Vec<(usize, &str)> = message
        .field
        .iter()
        .filter(|field| field.proto3_optional())
        .filter_map(|field| Some((usize::try_from(field.oneof_index?).ok()?, field.name())))
        .collect();
    let Some((first, _)) = synthetic.first().copied() else {
        return;
    };
    let mut names: HashSet<String> = message
        .field
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    // Those that are written stand in front of those that are made.
    names.extend(
        message.oneof_decl[..first]
            .iter()
            .map(|oneof| oneof.name().to_owned()),
    );
    let mut named = Vec::with_capacity(synthetic.len());
    for (index, field) in synthetic {
        let mut name = if field.starts_with('_') {
            field.to_owned()
        } else {
            format!("_{field}")
        };
        while !names.insert(name.clone()) {
            name.insert(0, 'X');
        }
        named.push((index, name));
    }
    for (index, name) in named {
        message.oneof_decl[index].name = Some(name);
    }
}
