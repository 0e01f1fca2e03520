//! `Timestamp`, `Duration` and `FieldMask`: each is one text.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};

use super::parts::{FieldMaskVisitor, TimeVisitor};
use super::raw::{Raw, Style};
use crate::excerpt::excerpt;
use crate::message::json::time::{A_DURATION, A_TIMESTAMP, duration, timestamp};
use crate::message::snake::put_snake;
use crate::message::wire::{WireType, key};
use crate::schema::WellKnown;

impl Visitor<'_> for TimeVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.which {
            WellKnown::Timestamp => A_TIMESTAMP,
            _ => A_DURATION,
        })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let time = match self.which {
            WellKnown::Timestamp => timestamp(text),
            _ => duration(text),
        };
        let Some((seconds, nanos)) = time else {
            return Err(E::invalid_value(Unexpected::Str(&excerpt(text)), &self));
        };
        for (number, value) in [(1, seconds), (2, nanos.into())] {
            let style = Style::UnlessZero(key(number, WireType::Varint));
            self.writer.put(Raw::Varint(value.cast_unsigned()), style)?;
        }
        Ok(())
    }
}

impl Visitor<'_> for FieldMaskVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the paths of a field mask in camel case as in \"userName,address.city\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('_') {
            return Err(E::invalid_value(Unexpected::Str(&excerpt(text)), &self));
        }
        let writer = self.writer;
        for path in text.split(',').filter(|path| !path.is_empty()) {
            writer.spend()?;
            let length = writer.open_length(key(1, WireType::LengthDelimited));
            put_snake(writer.buffer, path);
            writer.close_length(length);
        }
        Ok(())
    }
}
