//! Reads ProtoJSON through prost-reflect, and corrects where prost-reflect differs from the specification.
//!
//! A field that comes twice, under one name or under both, is an error. An integer may be quoted and have an exponent.
//! An `Any` of an `Empty` needs no `value`, and an `Any` of nothing is `{}`. The greatest float may be rounded up, as it
//! is when it is written.
//!
//! [`Typed`] stands between the parser and prost-reflect: it follows the descriptor on the way down, and changes what
//! prost-reflect would refuse. The text is read once, from any reader, so that each error has its line and column.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde::de::Deserializer;

use super::empty_anys::EmptyAnys;
use super::expected::Expected;
use super::typed::Typed;

/// Reads one message.
pub(super) fn read<'de, D: Deserializer<'de>>(
    descriptor: MessageDescriptor,
    json: D,
) -> Result<DynamicMessage, D::Error> {
    let empty_anys = EmptyAnys::of(&descriptor);
    let expected = Expected::of_message(&descriptor);
    let typed = Typed::new(json, &expected, &empty_anys);
    match DynamicMessage::deserialize(descriptor.clone(), typed) {
        Ok(mut message) => {
            empty_anys.clear(&mut message);
            Ok(message)
        }
        Err(_) if empty_anys.is_whole_message() => Ok(DynamicMessage::new(descriptor)),
        Err(error) => Err(error),
    }
}
