//! The mask of a PATCH that gives none: the fields that its body has.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::schema::{Detail, Form, LayoutId, Layouts, Named};

/// The paths of a mask have no more bytes than this together.
const MAX_BYTES: usize = 64 << 10;

/// The paths of the fields that stand in the JSON of a message: those of a message in it, if they are no well-known types, lists
/// or maps. Fails with what is wrong.
pub(super) fn paths_of(layouts: &Layouts, message: LayoutId, json: &[u8]) -> Result<Vec<String>, String> {
    let mut paths = Paths {
        list: Vec::new(),
        bytes: 0,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let fields = FieldsOf {
        layouts,
        message,
        prefix: String::new(),
        paths: &mut paths,
    };
    let read = fields.deserialize(&mut deserializer);
    read.map_err(|error| error.to_string())?;
    Ok(paths.list)
}

struct Paths {
    list: Vec<String>,
    bytes: usize,
}

/// Reads an object, whose keys are fields.
struct FieldsOf<'p> {
    layouts: &'p Layouts,
    message: LayoutId,
    prefix: String,
    paths: &'p mut Paths,
}

impl<'de> DeserializeSeed<'de> for FieldsOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldsOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// A message that is null has been set to nothing.
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.paths.add(self.prefix)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while let Some(key) = map.next_key::<String>()? {
            is_empty = false;
            let fields = self.layouts.fields(self.message);
            // What is no field has been refused when the message was read.
            let Some(Named::Field(index)) = fields.named(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = fields.field(index);
            let path = if self.prefix.is_empty() {
                field.name.to_string()
            } else {
                format!("{}.{}", self.prefix, field.name)
            };
            match &field.form {
                Form::One(value) => match value.detail {
                    Detail::Message { layout, .. } if self.layouts.fields(layout).well_known.is_none() => {
                        map.next_value_seed(FieldsOf {
                            layouts: self.layouts,
                            message: layout,
                            prefix: path,
                            paths: &mut *self.paths,
                        })?;
                    }
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                        self.paths.add(path)?;
                    }
                },
                Form::List(_) | Form::Map(_) => {
                    map.next_value::<IgnoredAny>()?;
                    self.paths.add(path)?;
                }
            }
        }
        if is_empty {
            self.paths.add(self.prefix)
        } else {
            Ok(())
        }
    }
}

impl Paths {
    fn add<E: serde::de::Error>(&mut self, path: String) -> Result<(), E> {
        // The body itself has no path.
        if path.is_empty() {
            return Ok(());
        }
        self.bytes += path.len();
        if self.bytes > MAX_BYTES {
            return Err(E::custom(
                "the body has too many fields for a mask to be made of them; give one",
            ));
        }
        self.list.push(path);
        Ok(())
    }
}
