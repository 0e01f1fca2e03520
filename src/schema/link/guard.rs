//! Protection from descriptors that prost-reflect takes, and on which it panics when messages are decoded.

use prost_reflect::{FileDescriptor, Kind, MessageDescriptor};

use crate::schema::guarded::guarded;

/// Fails on a message that is marked as the entry of a map without being one. prost-reflect does not check this, and
/// panics when it decodes an entry without a key or a value, or with a key of a type that cannot be one.
pub(super) fn check_map_entries(file: &FileDescriptor) -> Result<(), String> {
    let is_entry = |message: &MessageDescriptor| {
        let (key, value) = (message.get_field(1), message.get_field(2));
        let has_key = key.is_some_and(|key| !key.is_list() && can_be_map_key(&key.kind()));
        has_key && value.is_some_and(|value| !value.is_list() && !value.is_map())
    };
    // The library looks messages up by name, and panics if a name is not valid.
    guarded(|| {
        let mut messages: Vec<MessageDescriptor> = file.messages().collect();
        while let Some(message) = messages.pop() {
            if message.is_map_entry() && !is_entry(&message) {
                let name = message.full_name();
                return Err(format!(
                    "message '{name}' is marked as the entry of a map, but is not one"
                ));
            }
            messages.extend(message.child_messages());
        }
        Ok(())
    })?
}

fn can_be_map_key(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Double | Kind::Float | Kind::Bytes | Kind::Message(_) | Kind::Enum(_)
    )
}
