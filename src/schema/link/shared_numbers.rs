//! [`SharedNumbers`]: the numbers of options that two extensions of different types have, which protoc only warns of.
//!
//! Whoever has both in one pool cannot say in which type a value was written, and prost-reflect panics if it is the other. So
//! libraries get files without such options. What is served and printed has them.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use prost_reflect::{DescriptorPool, Kind};

use crate::schema::wire::{DescriptorKind, RecordValue, records, walk, without_options};

/// Numbers of extensions, each with the message of options that they extend.
pub(super) struct SharedNumbers(HashSet<(&'static str, u32)>);

impl SharedNumbers {
    /// Those of the extensions of a pool; `None` if there are none.
    pub(super) fn of(pool: &DescriptorPool) -> Option<Self> {
        let mut first: BTreeMap<(&'static str, u32), Kind> = BTreeMap::new();
        let mut shared = HashSet::new();
        for extension in pool.all_extensions() {
            let extended = extension.containing_message();
            let Some(options) = options_named(extended.full_name()) else {
                continue;
            };
            let number = (options, extension.number());
            let kind = first.entry(number).or_insert_with(|| extension.kind());
            if *kind != extension.kind() {
                shared.insert(number);
            }
        }
        (!shared.is_empty()).then_some(Self(shared))
    }

    /// A file without the options that have such numbers; `None` if it has none.
    pub(super) fn left_out_of(&self, file: &[u8]) -> Option<Bytes> {
        let is_shared = |of: DescriptorKind, number: u32| {
            of.options_type()
                .is_some_and(|options| self.0.contains(&(options, number)))
        };
        let mut has_any = false;
        let walked = walk(DescriptorKind::File, file, &mut |kind, record| {
            if let (Some(DescriptorKind::Options), RecordValue::Delimited(options)) =
                (kind.child(record.number), record.value)
            {
                let mut numbers = records(options).flatten();
                has_any |= numbers.any(|option| is_shared(kind, option.number));
            }
        });
        (walked.is_ok() && has_any).then(|| without_options(file, &is_shared))
    }
}

/// The name of a message of options, without its package.
fn options_named(full_name: &str) -> Option<&'static str> {
    use DescriptorKind::{Enum, EnumValue, ExtensionRange, Field, File, Message, Method, Oneof, Service};
    let name = full_name.strip_prefix("google.protobuf.")?;
    let all = [
        File,
        Message,
        Field,
        Oneof,
        ExtensionRange,
        Enum,
        EnumValue,
        Service,
        Method,
    ];
    let mut all = all.into_iter().filter_map(DescriptorKind::options_type);
    all.find(|options| *options == name)
}
