//! The fields of a struct, or of a map that has all of them, as a type is given them.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::findings::{Node, Probe, Result, identity, seen};
use super::place::{NO_MEMBER, Place, ProbeDeserializer};
use crate::message::typed::error::TypedError;
use crate::schema::{Fields, Named, Names, WellKnown};

impl<'p> ProbeDeserializer<'_, 'p> {
    /// Looks at a struct, or at a map that has all fields if there are no names.
    pub(super) fn visit_fields<V: Visitor<'p>>(
        self,
        fields: &'p Fields,
        names: Option<Names>,
        visitor: V,
    ) -> Result<V::Value> {
        let probe = self.probe;
        let (node, names): (_, Vec<&'p str>) = match names {
            Some(names) => (Node::new::<_, V>(fields, names), names.to_vec()),
            None => (Node::new::<_, V>(fields, &[]), fields.names().collect()),
        };
        let is_map = node.names.1 == 0 && !names.is_empty();
        // Known names first: what an unknown one is shows when all others have been given.
        let left = |index: &usize| !probe.is_done(node, *index);
        let mut order: Vec<usize> = (0..names.len()).filter(left).collect();
        let is_first = order.len() == names.len();
        let mut oneof = None;
        if is_map {
            // Oneofs last, one by one and with all fields, so that a struct with `flatten` misses none.
            let fields = fields.list.len();
            if order.first().is_some_and(|first| *first >= fields) {
                oneof = order.first().map(|first| names[*first]);
                order = (0..fields).chain([order[0]]).collect();
            } else {
                order.retain(|index| *index < fields);
            }
        }
        if order.is_empty() && !names.is_empty() || probe.open.borrow().contains(&node) {
            return Err(seen());
        }
        order.sort_by_key(|index| fields.named(names[*index]).is_none());
        probe.open.borrow_mut().push(node);
        let count = names.len();
        let result = visitor.visit_map(FieldsProbe {
            probe,
            fields,
            node,
            names,
            order,
            given: 0,
            is_struct: false,
        });
        probe.open.borrow_mut().pop();
        if (0..count).any(|index| !probe.is_done(node, index)) {
            probe.is_pending.set(true);
        }
        if is_map && is_first {
            self.note_missing(fields, &result);
        }
        if let (Some(oneof), Err(error)) = (oneof, &result)
            && error.to_string().contains(NO_MEMBER)
        {
            probe.within(oneof, || probe.named_oneof());
        }
        result
    }

    /// A struct with `flatten` tells no names. But when all fields are there, what it misses is not in the message.
    fn note_missing<T>(&self, fields: &'p Fields, result: &Result<T>) {
        let Some(missing) = result.as_ref().err().and_then(TypedError::missing) else {
            return;
        };
        self.probe.within(missing, || match fields.named(missing) {
            None => self.probe.no_field(fields, missing),
            Some(Named::Field(field)) if *fields.field(field).name != *missing => {
                self.probe.misfit(format_args!(
                    "must be called `{}`: a struct with `flatten` is read by the names of the proto",
                    fields.field(field).name
                ));
            }
            Some(_) => {}
        });
    }
}

/// The fields of a struct.
struct FieldsProbe<'r, 'p> {
    probe: &'r Probe<'p>,
    fields: &'p Fields,
    node: Node,
    names: Vec<&'p str>,
    /// The indices of the names that are to be given.
    order: Vec<usize>,
    given: usize,
    /// Whether the last key was asked for as the name of a field, as structs do, and maps do not.
    is_struct: bool,
}

/// A key.
struct KeyProbe<'k, 'p> {
    name: &'p str,
    is_struct: &'k mut bool,
}

impl<'de> Deserializer<'de> for KeyProbe<'_, 'de> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        *self.is_struct = true;
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: Names, visitor: V) -> Result<V::Value> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.name))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct ignored_any
    }
}

impl<'p> MapAccess<'p> for FieldsProbe<'_, 'p> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'p>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(index) = self.order.get(self.given) else {
            return Ok(None);
        };
        self.given += 1;
        let key = seed.deserialize(KeyProbe {
            name: self.names[*index],
            is_struct: &mut self.is_struct,
        });
        match &key {
            Ok(key) => drop(
                self.probe
                    .identities
                    .borrow_mut()
                    .insert((self.node, *index), identity(key)),
            ),
            // It wants no such key.
            Err(_) => self.probe.finish(self.node, *index),
        }
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, seed: S) -> Result<S::Value> {
        let index = self.order[self.given - 1];
        let (probe, node, name) = (self.probe, self.node, self.names[index]);
        let place = match self.fields.named(name) {
            Some(Named::Field(field)) => {
                let field = self.fields.field(field);
                if self.is_standard() {
                    Place::Anything
                } else {
                    Place::Field(field)
                }
            }
            Some(Named::Oneof(oneof)) => {
                let oneof = &self.fields.oneofs[usize::from(oneof)];
                match self.node.names.1 {
                    0 if self.is_struct => Place::NamedOneof(oneof),
                    0 => Place::Anything,
                    _ => Place::Oneof(self.fields, oneof),
                }
            }
            None => {
                if !self.is_alias(index) {
                    probe.within(name, || probe.no_field(self.fields, name));
                }
                probe.finish(node, index);
                return Err(seen());
            }
        };
        probe.look(node, index, name, || seed.deserialize(probe.at(place)))
    }
}

impl FieldsProbe<'_, '_> {
    /// Whether this is the standard library's type for a time, whose fields have names and kinds of their own.
    fn is_standard(&self) -> bool {
        matches!(
            self.fields.well_known,
            Some(WellKnown::Timestamp | WellKnown::Duration)
        ) && self.names.iter().any(|name| match self.fields.named(name) {
            Some(Named::Field(field)) => *self.fields.field(field).name != **name,
            _ => false,
        })
    }

    /// Whether a name that the message does not have is an alias of a field that has another name.
    fn is_alias(&self, unknown: usize) -> bool {
        let identities = self.probe.identities.borrow();
        let identity = identities.get(&(self.node, unknown));
        (0..self.names.len()).any(|index| {
            self.fields.named(self.names[index]).is_some()
                && identities.get(&(self.node, index)) == identity
                && identity.is_some()
        })
    }
}
