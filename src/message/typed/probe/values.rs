//! How the probe answers each question of serde's: with a value of the kind that is asked for.

use prost_reflect::Kind;
use serde::de::{Deserializer, Visitor};

use super::elements::{Elements, Nothing, OneEntry};
use super::findings::{Node, Result, seen};
use super::place::{NO_MEMBER, Place, ProbeDeserializer};
use super::variants::{EnumOf, NO_VARIANT, VariantProbe};
use crate::message::typed::error::TypedError;
use crate::message::typed::rust_types::holds;
use crate::schema::{Detail, Field, Form, Names, ValueType, WellKnown};

macro_rules! integers {
    ($($method:ident($visit:ident, $asks:literal, $bits:literal, $signed:literal);)*) => {
        $(
            fn $method<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
                self.expect($asks, |kind| holds($bits, $signed, kind));
                visitor.$visit(1)
            }
        )*
    };
}

impl<'p> Deserializer<'p> for ProbeDeserializer<'_, 'p> {
    type Error = TypedError;

    integers! {
        deserialize_i8(visit_i8, "i8", 8, true);
        deserialize_i16(visit_i16, "i16", 16, true);
        deserialize_i32(visit_i32, "i32", 32, true);
        deserialize_i64(visit_i64, "i64", 64, true);
        deserialize_i128(visit_i128, "i128", 128, true);
        deserialize_u8(visit_u8, "u8", 8, false);
        deserialize_u16(visit_u16, "u16", 16, false);
        deserialize_u32(visit_u32, "u32", 32, false);
        deserialize_u64(visit_u64, "u64", 64, false);
        deserialize_u128(visit_u128, "u128", 128, false);
    }

    fn deserialize_any<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        match (self.place, self.scalar().map(|of| &of.kind)) {
            (Place::NamedOneof(_), _) => visitor.visit_borrowed_str(NO_MEMBER),
            (_, Some(Kind::Bool)) => visitor.visit_bool(false),
            (_, Some(Kind::Bytes)) => visitor.visit_borrowed_bytes(&[]),
            (_, Some(Kind::String | Kind::Enum(_))) => visitor.visit_borrowed_str(self.text()),
            (_, Some(Kind::Float | Kind::Double)) => visitor.visit_f64(1.0),
            (_, Some(_)) => visitor.visit_i32(1),
            (Place::Message(_), None) => visitor.visit_map(Nothing),
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_bool<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.expect("bool", |kind| *kind == Kind::Bool);
        visitor.visit_bool(false)
    }

    fn deserialize_f32<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.expect("f32", |kind| *kind == Kind::Float);
        visitor.visit_f32(1.0)
    }

    fn deserialize_f64<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.expect("f64", |kind| matches!(kind, Kind::Float | Kind::Double));
        visitor.visit_f64(1.0)
    }

    fn deserialize_char<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.expect("char", |kind| *kind == Kind::String);
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        let is_key = matches!(self.place, Place::Key(_));
        self.expect("a string", |kind| {
            is_key || matches!(kind, Kind::String | Kind::Enum(_))
        });
        visitor.visit_borrowed_str(self.text())
    }

    fn deserialize_string<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.expect("bytes", |kind| *kind == Kind::Bytes);
        visitor.visit_borrowed_bytes(&[])
    }

    fn deserialize_byte_buf<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'p>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        let is_empty = self.fields().is_some_and(|fields| fields.list.is_empty());
        if !is_empty && !self.is_open() {
            self.misfit("`()`");
        }
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'p>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_seq<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(1, visitor)
    }

    fn deserialize_tuple<V: Visitor<'p>>(self, length: usize, visitor: V) -> Result<V::Value> {
        let place = match (self.place, self.scalar().map(|of| &of.kind)) {
            (
                Place::Field(Field {
                    form: Form::List(of), ..
                }),
                _,
            ) => Place::Value(of),
            (_, Some(Kind::Bytes)) => Place::Byte,
            _ if self.is_open() => Place::Anything,
            _ => {
                self.misfit("a list");
                return Err(seen());
            }
        };
        visitor.visit_seq(Elements {
            of: self.probe.at(place),
            left: length,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'p>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        if self.is_open() || self.well_known() == Some(WellKnown::Any) {
            return visitor.visit_map(Nothing);
        }
        if let Place::Field(Field {
            form: Form::Map(entry),
            ..
        }) = self.place
        {
            return visitor.visit_map(OneEntry {
                key: Some(self.probe.at(Place::Key(&entry.key))),
                value: self.probe.at(Place::Value(&entry.value)),
            });
        }
        let Some(fields) = self.fields() else {
            self.misfit("a map");
            return Err(seen());
        };
        self.visit_fields(fields, None, visitor)
    }

    fn deserialize_struct<V: Visitor<'p>>(
        self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value> {
        match self.fields() {
            _ if self.is_open() => Err(seen()),
            Some(fields) => {
                self.probe.structs.borrow_mut().push(name);
                let result = self.visit_fields(fields, Some(names), visitor);
                self.probe.structs.borrow_mut().pop();
                result
            }
            None => {
                self.misfit(format_args!("the struct `{name}`"));
                Err(seen())
            }
        }
    }

    fn deserialize_enum<V: Visitor<'p>>(
        self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        let of = match (self.place, self.scalar()) {
            (Place::Oneof(fields, oneof), _) => EnumOf::Oneof(fields, oneof),
            (Place::NamedOneof(_), _) => {
                self.probe.named_oneof();
                return Err(seen());
            }
            (
                _,
                Some(ValueType {
                    detail: Detail::Enum(table),
                    ..
                }),
            ) => EnumOf::Enum(table),
            (
                _,
                Some(ValueType {
                    kind: Kind::String, ..
                }),
            ) => return Err(seen()),
            _ if self.is_open() => return Err(seen()),
            _ => {
                self.misfit(format_args!("the enum `{name}`"));
                return Err(seen());
            }
        };
        let node = match of {
            EnumOf::Oneof(_, oneof) => Node::new::<_, V>(oneof, variants),
            EnumOf::Enum(table) => Node::new::<_, V>(table, variants),
        };
        let probe = self.probe;
        // First what the enum makes of names that it does not have.
        let mut order = std::iter::once(NO_VARIANT).chain(0..variants.len());
        let Some(index) = order.find(|index| !probe.is_done(node, *index)) else {
            return Err(seen());
        };
        let result = visitor.visit_enum(VariantProbe {
            probe,
            of,
            node,
            variants,
            index,
        });
        if (0..variants.len()).any(|index| !probe.is_done(node, index)) {
            probe.is_pending.set(true);
        }
        result
    }

    fn deserialize_ignored_any<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
