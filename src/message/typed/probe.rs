//! Looks at a type before there is a message: which fields its structs have, which variants its enums, and what each
//! asks for.
//!
//! The type is deserialized from nothing, by a deserializer that answers each question with a value of the kind that is
//! asked for and compares the question with the schema. The values do not matter, and a type may refuse them. So one run does
//! not see everything: the type is run again and again, each time with the keys and variants that are not done yet, until
//! a run finds nothing new. A type that refers to itself ends at its second appearance, and so do runs: each marks at least
//! one key of a struct or variant of an enum as done.
//!
//! The deserializer and what gives it fields, variants and elements make one another, so they stand in one file.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use prost_reflect::Kind;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::error::TypedError;
use super::rust_types::{holds, rust_type};
use crate::error::Problem;
use crate::schema::{
    Detail, EnumTable, Field, Fields, Form, LayoutId, Layouts, Named, Names, Oneof, ValueType, WellKnown,
    kind_name,
};
use crate::suggest;

type Result<T> = std::result::Result<T, TypedError>;

/// What of a type does not fit a message. Empty if nothing is found.
pub(super) fn misfits<T: DeserializeOwned>(layouts: &Layouts, message: LayoutId) -> Vec<Problem> {
    let probe = Probe {
        layouts,
        done: RefCell::default(),
        open: RefCell::default(),
        identities: RefCell::default(),
        is_pending: Cell::new(false),
        path: RefCell::default(),
        structs: RefCell::default(),
        misfits: RefCell::default(),
    };
    loop {
        let before = probe.done.borrow().len();
        // Only what the probe has seen counts.
        let _: Result<T> = T::deserialize(probe.at(Place::Message(message)));
        if probe.done.borrow().len() == before {
            return probe.misfits.into_inner();
        }
    }
}

/// What was seen so far.
struct Probe<'p> {
    layouts: &'p Layouts,
    /// The keys of structs and variants of enums that need no further look.
    done: RefCell<HashSet<(Node, usize)>>,
    /// The structs that are being looked at, the innermost last.
    open: RefCell<Vec<Node>>,
    /// What a struct makes of its keys, or an enum of the names of variants: equal for the same field or variant.
    identities: RefCell<HashMap<(Node, usize), u64>>,
    /// Whether something below the key that is looked at is not done.
    is_pending: Cell<bool>,
    path: RefCell<Vec<&'p str>>,
    /// The names of the structs that are being looked at.
    structs: RefCell<Vec<&'static str>>,
    misfits: RefCell<Vec<Problem>>,
}

/// A struct or an enum of Rust at a place of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    /// The address of what it is compared with.
    at: usize,
    /// The address and number of its names.
    names: (usize, usize),
    /// Its visitor, which is of its own: types with the same names may share their list.
    visitor: &'static str,
}

impl Node {
    fn new<T, V>(at: &T, names: &[&str]) -> Self {
        Self {
            at: std::ptr::from_ref(at).addr(),
            names: (names.as_ptr().addr(), names.len()),
            visitor: std::any::type_name::<V>(),
        }
    }
}

/// The index, among the variants of an enum, of a name that it cannot have.
const NO_VARIANT: usize = usize::MAX;

/// A text that an enum refuses, and whose error shows that it was read as one after all fields of a struct were kept.
const NO_MEMBER: &str = "\0 no member of a oneof";

/// What a deserializer stands for.
#[derive(Clone, Copy)]
enum Place<'p> {
    Message(LayoutId),
    Field(&'p Field),
    /// One value of a list or a map.
    Value(&'p ValueType),
    /// A key of a map, which is text where text is asked for.
    Key(&'p ValueType),
    Oneof(&'p Fields, &'p Oneof),
    /// A oneof in a struct with `flatten`, which is not read by this name.
    NamedOneof(&'p Oneof),
    /// A byte of bytes that are asked for as a list.
    Byte,
    /// Nothing that a schema tells about.
    Anything,
}

#[derive(Clone, Copy)]
struct ProbeDeserializer<'r, 'p> {
    probe: &'r Probe<'p>,
    place: Place<'p>,
}

/// Ends a run: what would come is known.
fn seen() -> TypedError {
    TypedError::new("the probe has seen this")
}

/// What a key was made into. Enums, which the identifiers of derived structs and enums are, differ by their variant.
fn identity<T>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(value).hash(&mut hasher);
    hasher.finish()
}

impl<'p> Probe<'p> {
    fn at(&self, place: Place<'p>) -> ProbeDeserializer<'_, 'p> {
        ProbeDeserializer { probe: self, place }
    }

    fn is_done(&self, node: Node, index: usize) -> bool {
        self.done.borrow().contains(&(node, index))
    }

    fn finish(&self, node: Node, index: usize) {
        self.done.borrow_mut().insert((node, index));
    }

    /// Looks at what is below a key or a variant, which is done if all of that is.
    fn look<T>(
        &self,
        node: Node,
        index: usize,
        name: &'p str,
        below: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let was_pending = self.is_pending.replace(false);
        self.path.borrow_mut().push(name);
        let result = below();
        self.path.borrow_mut().pop();
        if !self.is_pending.get() {
            self.finish(node, index);
        }
        self.is_pending.set(was_pending || self.is_pending.get());
        result
    }

    /// Notes what does not fit where the probe is.
    fn misfit(&self, what: impl fmt::Display) {
        self.misfit_with(what, None);
    }

    fn misfit_with(&self, what: impl fmt::Display, hint: Option<String>) {
        let path = self.path.borrow().join(".");
        let subject = if path.is_empty() {
            "the message".to_owned()
        } else {
            format!("the field `{path}`")
        };
        let misfit = format!("{subject} {what}");
        let mut misfits = self.misfits.borrow_mut();
        if misfits.iter().all(|known| known.message() != misfit) {
            misfits.push(Problem::new(misfit).with_hint_if(hint));
        }
    }

    /// Notes that a struct with `flatten` has a field for a oneof.
    fn named_oneof(&self) {
        let hint = "flatten its enum too, or have a field for each member";
        self.misfit_with(
            "is a oneof, which a struct with `flatten` cannot have by its name",
            Some(hint.to_owned()),
        );
    }

    /// Notes that a struct has a field that its message has not.
    fn no_field(&self, fields: &Fields, name: &str) {
        let hint = suggest::hint(name, fields.names());
        self.misfit_with(format_args!("is not in {}", fields.full_name), hint);
    }
}

impl<'p> ProbeDeserializer<'_, 'p> {
    fn message(&self) -> Option<LayoutId> {
        match self.place {
            Place::Message(layout) => Some(layout),
            Place::Field(Field {
                form: Form::One(of), ..
            })
            | Place::Value(of) => match of.detail {
                Detail::Message { layout, .. } => Some(layout),
                _ => None,
            },
            _ => None,
        }
    }

    fn fields(&self) -> Option<&'p Fields> {
        Some(self.probe.layouts.fields(self.message()?))
    }

    fn well_known(&self) -> Option<WellKnown> {
        self.fields()?.well_known
    }

    /// The type of the scalar, that in a wrapper too.
    fn scalar(&self) -> Option<&'p ValueType> {
        if let Some(fields) = self.fields() {
            let is_wrapper = fields.well_known == Some(WellKnown::Wrapper);
            return match &fields.list.first()?.form {
                Form::One(of) if is_wrapper => Some(of),
                _ => None,
            };
        }
        match self.place {
            Place::Field(Field {
                form: Form::One(of), ..
            })
            | Place::Value(of)
            | Place::Key(of) => Some(of),
            _ => None,
        }
    }

    /// Whether the schema says nothing about what a type may ask for.
    fn is_open(&self) -> bool {
        matches!(self.place, Place::Anything)
            || matches!(
                self.well_known(),
                Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue)
            )
    }

    /// Notes that the type asks for what is not there.
    fn misfit(&self, asks: impl fmt::Display) {
        let is = match self.place {
            Place::Field(Field { form, .. }) => match form {
                Form::One(of) => kind_name(&of.kind).to_owned(),
                Form::List(of) => format!("a list of {}", kind_name(&of.kind)),
                Form::Map(entry) => format!(
                    "a map from {} to {}",
                    kind_name(&entry.key.kind),
                    kind_name(&entry.value.kind)
                ),
            },
            Place::Value(of) | Place::Key(of) => format!("of {}", kind_name(&of.kind)),
            Place::Message(layout) => format!("{}", self.probe.layouts.fields(layout).full_name),
            Place::Oneof(_, oneof) | Place::NamedOneof(oneof) => format!("the oneof {}", oneof.name),
            Place::Byte => "bytes".to_owned(),
            Place::Anything => return,
        };
        let name = self
            .probe
            .structs
            .borrow()
            .last()
            .map_or("the type".to_owned(), |name| format!("`{name}`"));
        let instead = self.scalar().and_then(|of| rust_type(&of.kind));
        let instead = instead.map_or_else(String::new, |instead| format!(" instead of {instead}"));
        self.probe
            .misfit(format_args!("is {is}, and {name} asks for {asks}{instead}"));
    }

    /// Notes if the type asks for a scalar that does not fit.
    fn expect(&self, asks: &str, fits: impl Fn(&Kind) -> bool) {
        let does_fit = match (self.scalar(), self.well_known()) {
            _ if self.is_open() => true,
            (Some(of), _) => fits(&of.kind),
            (None, Some(WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask)) => {
                asks == "a string"
            }
            (None, _) => matches!(self.place, Place::Byte) && asks == "u8",
        };
        if !does_fit {
            self.misfit(asks);
        }
    }

    /// A text that most types take which are read from one.
    fn text(&self) -> &'p str {
        match (self.scalar().map(|of| &of.detail), self.well_known()) {
            (Some(Detail::Enum(table)), _) => table.values.first().map_or("", |(name, _)| name),
            (_, Some(WellKnown::Timestamp)) => "1970-01-01T00:00:00Z",
            (_, Some(WellKnown::Duration)) => "1s",
            _ => "",
        }
    }

    /// Looks at a struct, or at a map that has all fields if there are no names.
    fn visit_fields<V: Visitor<'p>>(
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
            probe.path.borrow_mut().push(oneof);
            probe.named_oneof();
            probe.path.borrow_mut().pop();
        }
        result
    }

    /// A struct with `flatten` tells no names. But when all fields are there, what it misses is not in the message.
    fn note_missing<T>(&self, fields: &'p Fields, result: &Result<T>) {
        let Some(missing) = result.as_ref().err().and_then(TypedError::missing) else {
            return;
        };
        self.probe.path.borrow_mut().push(missing);
        match fields.named(missing) {
            None => self.probe.no_field(fields, missing),
            Some(Named::Field(field)) if *fields.field(field).name != *missing => {
                self.probe.misfit(format_args!(
                    "must be called `{}`: a struct with `flatten` is read by the names of the proto",
                    fields.field(field).name
                ));
            }
            Some(_) => {}
        }
        self.probe.path.borrow_mut().pop();
    }
}

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
                    probe.path.borrow_mut().push(name);
                    probe.no_field(self.fields, name);
                    probe.path.borrow_mut().pop();
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

/// What an enum of Rust stands for.
#[derive(Clone, Copy)]
enum EnumOf<'p> {
    Enum(&'p EnumTable),
    Oneof(&'p Fields, &'p Oneof),
}

/// One variant of an enum.
struct VariantProbe<'r, 'p> {
    probe: &'r Probe<'p>,
    of: EnumOf<'p>,
    node: Node,
    variants: Names,
    index: usize,
}

impl<'p> VariantProbe<'_, 'p> {
    fn name(&self) -> &'static str {
        self.variants.get(self.index).copied().unwrap_or("\0")
    }

    fn member(&self) -> Option<&'p Field> {
        match self.of {
            EnumOf::Oneof(fields, oneof) => {
                Some(fields.field(oneof.member_named(&fields.list, self.name())?))
            }
            EnumOf::Enum(_) => None,
        }
    }

    /// Notes if the schema has nothing of the name of this variant, which is not the one for all others.
    fn expect_known(&self, identity: u64) {
        let probe = self.probe;
        let (is_known, what, known): (bool, String, Vec<&str>) = match self.of {
            EnumOf::Enum(table) => (
                table.number_of(self.name()).is_some(),
                format!("the enum {}", table.full_name),
                table.values.iter().map(|(name, _)| &**name).collect(),
            ),
            EnumOf::Oneof(fields, oneof) => (
                self.member().is_some(),
                format!("the oneof {}", oneof.name),
                oneof
                    .members
                    .iter()
                    .map(|member| &*fields.field(*member).name)
                    .collect(),
            ),
        };
        let is_other = probe.identities.borrow().get(&(self.node, NO_VARIANT)) == Some(&identity);
        if !is_known && !is_other {
            let name = self.name();
            probe.misfit_with(
                format_args!("has the variant `{name}`, which {what} does not have"),
                suggest::hint(name, known),
            );
        }
    }
}

impl<'p> EnumAccess<'p> for VariantProbe<'_, 'p> {
    type Error = TypedError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'p>>(self, seed: S) -> Result<(S::Value, Self)> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<TypedError>::new(self.name()));
        let identity = variant.as_ref().map(identity).ok();
        if let Some(identity) = identity {
            let mut identities = self.probe.identities.borrow_mut();
            identities.insert((self.node, self.index), identity);
        }
        if self.index == NO_VARIANT {
            self.probe.finish(self.node, self.index);
            self.probe.is_pending.set(true);
            return Err(seen());
        }
        match variant {
            Ok(variant) => {
                self.expect_known(identity.unwrap_or_default());
                Ok((variant, self))
            }
            Err(error) => {
                self.probe.finish(self.node, self.index);
                Err(error)
            }
        }
    }
}

impl<'p> VariantProbe<'_, 'p> {
    /// Looks at what a variant holds.
    fn content<T>(self, below: impl FnOnce(ProbeDeserializer<'_, 'p>) -> Result<T>) -> Result<T> {
        let (probe, node, index) = (self.probe, self.node, self.index);
        match (self.of, self.member()) {
            (EnumOf::Oneof(..), Some(member)) => probe.look(node, index, &member.name, || {
                below(probe.at(Place::Field(member)))
            }),
            (EnumOf::Oneof(..), None) => {
                probe.finish(node, index);
                Err(seen())
            }
            (EnumOf::Enum(table), _) => {
                probe.misfit(format_args!(
                    "is the enum {}, whose values hold nothing, and the variant `{}` holds something",
                    table.full_name,
                    self.name()
                ));
                probe.finish(node, index);
                Err(seen())
            }
        }
    }
}

impl<'p> VariantAccess<'p> for VariantProbe<'_, 'p> {
    type Error = TypedError;

    fn unit_variant(self) -> Result<()> {
        let Some(member) = self.member() else {
            self.probe.finish(self.node, self.index);
            return Ok(());
        };
        let name = self.name();
        self.content(|of| {
            if !of.fields().is_some_and(|fields| fields.list.is_empty()) {
                let kind = match &member.form {
                    Form::One(of) => kind_name(&of.kind),
                    _ => "a list",
                };
                of.probe
                    .misfit(format_args!("is {kind}, and the variant `{name}` holds nothing"));
            }
            Ok(())
        })
    }

    fn newtype_variant_seed<S: DeserializeSeed<'p>>(self, seed: S) -> Result<S::Value> {
        self.content(|of| seed.deserialize(of))
    }

    fn tuple_variant<V: Visitor<'p>>(self, length: usize, visitor: V) -> Result<V::Value> {
        self.content(|of| of.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'p>>(self, names: Names, visitor: V) -> Result<V::Value> {
        let name = self.name();
        self.content(|of| of.deserialize_struct(name, names, visitor))
    }
}

/// As many elements as there are asked for.
struct Elements<'r, 'p> {
    of: ProbeDeserializer<'r, 'p>,
    left: usize,
}

impl<'p> SeqAccess<'p> for Elements<'_, 'p> {
    type Error = TypedError;

    fn next_element_seed<T: DeserializeSeed<'p>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.of).map(Some)
    }
}

/// One entry of a map.
struct OneEntry<'r, 'p> {
    key: Option<ProbeDeserializer<'r, 'p>>,
    value: ProbeDeserializer<'r, 'p>,
}

impl<'p> MapAccess<'p> for OneEntry<'_, 'p> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'p>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.key.take().map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.value)
    }

    /// Looks at the value of a key that refuses what it is given, too.
    fn next_entry_seed<K: DeserializeSeed<'p>, S: DeserializeSeed<'p>>(
        &mut self,
        key: K,
        value: S,
    ) -> Result<Option<(K::Value, S::Value)>> {
        let Some(key) = self.next_key_seed(key).transpose() else {
            return Ok(None);
        };
        let value = self.next_value_seed(value);
        Ok(Some((key?, value?)))
    }
}

/// A map without entries.
struct Nothing;

impl<'p> MapAccess<'p> for Nothing {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'p>>(&mut self, _: K) -> Result<Option<K::Value>> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, _: S) -> Result<S::Value> {
        Err(seen())
    }
}
