//! Bounds what the `google.protobuf.Any`s of a message hold, before it is printed.
//!
//! Binary decoding and serde_json both bound their nesting. An `Any` inside an `Any` does not, because each level is
//! decoded anew, and nobody has counted its elements. Both are bounded here, so that no message can overflow a stack
//! or fill the memory.

use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};

use crate::message::check::{Bounds, MAX_NESTED, check};
use crate::message::error::MessageError;
use crate::message::lenient::decode_dynamic;
use crate::message::ranges;
use crate::schema::{Layouts, WellKnown};

/// Fails where more than [`MAX_NESTED`] messages are within each other, those in `Any`s included, or where an `Any` holds more
/// elements than a message may. `pools` are asked for the types in `Any`s after the message's own.
pub(in crate::message) fn check_anys(
    message: &DynamicMessage,
    pools: &[DescriptorPool],
) -> Result<(), MessageError> {
    let check = |_: &DynamicMessage| Ok(());
    Walk { check, pools }.each(message, MAX_NESTED)
}

/// The same, and fails on times that JSON cannot express.
pub(super) fn check_anys_and_times(
    message: &DynamicMessage,
    pools: &[DescriptorPool],
) -> Result<(), MessageError> {
    let check = check_time;
    Walk { check, pools }.each(message, MAX_NESTED)
}

/// Visits the message and all below it.
struct Walk<'p> {
    /// Is asked of each message on the way.
    check: fn(&DynamicMessage) -> Result<(), MessageError>,
    pools: &'p [DescriptorPool],
}

impl Walk<'_> {
    fn each(&self, message: &DynamicMessage, depth: u32) -> Result<(), MessageError> {
        let depth = depth.checked_sub(1).ok_or_else(MessageError::any_too_deep)?;
        if WellKnown::of(&message.descriptor()) == Some(WellKnown::Any) {
            return match self.any_contents(message)? {
                Some(contents) => self.each(&contents, depth),
                None => Ok(()),
            };
        }
        (self.check)(message)?;
        let check_value = |value: &Value| match value {
            Value::Message(message) => self.each(message, depth),
            _ => Ok(()),
        };
        message
            .fields()
            .map(|(_, value)| value)
            .chain(message.extensions().map(|(_, value)| value))
            .try_for_each(|value| match value {
                Value::List(values) => values.iter().try_for_each(check_value),
                Value::Map(values) => values.values().try_for_each(check_value),
                value => check_value(value),
            })
    }

    /// The message inside an `Any`, where its type is known and it decodes; JSON printing fails on others by itself.
    fn any_contents(&self, any: &DynamicMessage) -> Result<Option<DynamicMessage>, MessageError> {
        let (type_url, value) = (any.get_field_by_number(1), any.get_field_by_number(2));
        let name = type_url.as_ref().and_then(|url| url.as_str()?.rsplit('/').next());
        let descriptor = any.descriptor();
        let mut pools = std::iter::once(descriptor.parent_pool()).chain(self.pools);
        let held = name.and_then(|name| pools.find_map(|pool| pool.get_message_by_name(name)));
        let bytes = value.as_ref().and_then(|value| value.as_bytes());
        let (Some(held), Some(bytes)) = (held, bytes) else {
            return Ok(None);
        };
        let bounds = Bounds::default();
        // No element takes less than a byte.
        if bytes.len() > bounds.max_elements as usize {
            let layouts = Layouts::of_pool(held.parent_pool());
            let layout = layouts.find(held.full_name()).expect("it is of the pool");
            match check(&layouts, layout, bytes, bounds).map_err(MessageError::from) {
                Err(error) if error.is_too_large() => return Err(error),
                // What is malformed fails to decode.
                _ => {}
            }
        }
        Ok(decode_dynamic(&held, bytes.clone()).ok())
    }
}

/// Fails on times that JSON cannot express; prost-reflect would clamp them.
fn check_time(message: &DynamicMessage) -> Result<(), MessageError> {
    let descriptor = message.descriptor();
    let is_duration = match WellKnown::of(&descriptor) {
        Some(WellKnown::Duration) => true,
        Some(WellKnown::Timestamp) => false,
        _ => return Ok(()),
    };
    let seconds = message.get_field_by_number(1).and_then(|value| value.as_i64());
    let nanos = message.get_field_by_number(2).and_then(|value| value.as_i32());
    let (seconds, nanos) = (seconds.unwrap_or_default(), nanos.unwrap_or_default());
    let fits = if is_duration {
        ranges::is_duration(seconds, nanos)
    } else {
        ranges::is_timestamp(seconds, nanos)
    };
    if fits {
        Ok(())
    } else {
        Err(MessageError::time_out_of_range(descriptor.full_name()))
    }
}
