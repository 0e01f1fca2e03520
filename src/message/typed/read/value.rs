//! A message, its fields and their values, as serde's deserializers.
//!
//! They hold one another, so they stand in one file. A type asks for what it wants, and the schema says what there is:
//! what does not fit is an error of serde's, with the path of the field.

use std::sync::atomic::Ordering;

use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::reader::{Piece, Pieces, Reader};
use super::scalar::Scalar;
use super::well_known::{any_json, is_json, json, mask_text, time_text, unwrapped};
use crate::message::typed::error::TypedError;
use crate::message::wire::Reader as WireReader;
use crate::schema::{
    Detail, Entry, EnumTable, Field, Fields, Form, LayoutId, Names, Oneof, StructKeys, Target, ValueType,
    WellKnown,
};

type Result<T> = std::result::Result<T, TypedError>;

/// One value: that of a field, of a list's element, of a map's key.
struct ValueDeserializer<'r, 'de> {
    reader: &'r mut Reader<'de>,
    of: &'de ValueType,
    at: At<'de>,
}

#[derive(Clone, Copy)]
enum At<'de> {
    Pieces(Pieces),
    /// It is read already, or is a default.
    Scalar(Scalar<'de>),
    /// It is the key of a map, which is text where text is asked for.
    Key(Scalar<'de>),
}

/// A message.
pub(super) struct MessageDeserializer<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) message: LayoutId,
    pub(super) pieces: Pieces,
}

/// Methods of a deserializer that do what another one does.
macro_rules! forward {
    ($($method:ident)* => $to:ident) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                self.$to(visitor)
            }
        )*
    };
}

/// The text that stands for an enum's number: its name, or the number itself.
fn enum_text<'t>(table: &'t EnumTable, number: i32, digits: &'t mut String) -> &'t str {
    table.name_of(number).unwrap_or_else(|| {
        *digits = number.to_string();
        digits
    })
}

impl<'de> ValueDeserializer<'_, 'de> {
    fn scalar(&self) -> Result<Scalar<'de>> {
        match self.at {
            At::Scalar(scalar) | At::Key(scalar) => Ok(scalar),
            At::Pieces(pieces) => Scalar::read(
                &self.of.kind,
                &mut WireReader::new(self.reader.scalar_bytes(pieces)),
            ),
        }
    }

    /// The deserializer of the message, if it is one.
    fn message(&mut self) -> Option<MessageDeserializer<'_, 'de>> {
        match (&self.of.detail, self.at) {
            (Detail::Message { layout, .. }, At::Pieces(pieces)) => Some(MessageDeserializer {
                reader: &mut *self.reader,
                message: *layout,
                pieces,
            }),
            _ => None,
        }
    }

    fn plain<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_any(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn list<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_seq(visitor);
        }
        match self.scalar()? {
            Scalar::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            scalar => scalar.visit(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_any(visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => match table.name_of(number) {
                Some(name) => visitor.visit_borrowed_str(name),
                None => visitor.visit_i32(number),
            },
            // Types that take what they are given take a list, and few of them bytes.
            (Scalar::Bytes(bytes), _) => {
                self.reader.give_one_by_one(bytes)?;
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            (scalar, _) => scalar.visit(visitor),
        }
    }

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf => plain
    }

    forward! { deserialize_str deserialize_string deserialize_char deserialize_identifier => text }

    forward! { deserialize_seq => list }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(mut message) = self.message()
            && message.is_null()?
        {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_unit(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_map(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_struct(name, names, visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_enum(name, variants, visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => {
                let mut digits = String::new();
                let variant = table.variant_of(number, variants);
                let variant = variant.unwrap_or_else(|| enum_text(table, number, &mut digits));
                visitor.visit_enum(IntoDeserializer::<TypedError>::into_deserializer(variant))
            }
            (Scalar::Text(text), _) => {
                visitor.visit_enum(IntoDeserializer::<TypedError>::into_deserializer(text))
            }
            (scalar, _) => scalar.visit(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

impl<'de> ValueDeserializer<'_, 'de> {
    fn text<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_any(visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => {
                visitor.visit_str(enum_text(table, number, &mut String::new()))
            }
            (scalar, _) if matches!(self.at, At::Key(_)) => match scalar.digits() {
                Some(digits) => visitor.visit_string(digits),
                None => scalar.visit(visitor),
            },
            (scalar, _) => scalar.visit(visitor),
        }
    }
}

impl<'de> MessageDeserializer<'_, 'de> {
    fn fields(&self) -> &'de Fields {
        self.reader.layouts.fields(self.message)
    }

    fn well_known(&self) -> Option<WellKnown> {
        self.fields().well_known
    }

    /// The JSON that the message stands for, if it stands for any.
    fn json(&mut self) -> Result<Option<serde_json::Value>> {
        match self.well_known() {
            Some(which) if is_json(Some(which)) => {
                json(self.reader, which, self.message, self.pieces).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn is_null(&mut self) -> Result<bool> {
        Ok(self.well_known() == Some(WellKnown::Value) && self.json()?.is_some_and(|json| json.is_null()))
    }

    /// The value in the wrapper, if it is one.
    fn unwrapped(&mut self) -> Result<Option<ValueDeserializer<'_, 'de>>> {
        let fields = self.fields();
        match (fields.well_known, fields.list.first().map(|field| &field.form)) {
            (Some(WellKnown::Wrapper), Some(Form::One(of))) => {
                let scalar = unwrapped(self.reader, self.message, of, self.pieces)?;
                Ok(Some(ValueDeserializer {
                    reader: &mut *self.reader,
                    of,
                    at: At::Scalar(scalar),
                }))
            }
            _ => Ok(None),
        }
    }

    /// Gives the fields that `keys` name.
    fn visit<V: Visitor<'de>>(self, keys: &'de StructKeys, visitor: V) -> Result<V::Value> {
        let fields = self.fields();
        let mark = self.reader.mark();
        let slots = self.reader.find(self.message, keys, self.pieces)?;
        let found = Found { fields, keys, slots };
        let result = visitor.visit_map(FieldAccess {
            reader: &mut *self.reader,
            found,
            next: 0,
        });
        self.reader.forget(&mark);
        result.map_err(|error| found.learn(error))
    }
}

impl<'de> Deserializer<'de> for MessageDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.well_known() {
            Some(WellKnown::Wrapper) => match self.unwrapped()? {
                Some(value) => value.deserialize_any(visitor),
                None => visitor.visit_unit(),
            },
            Some(which @ (WellKnown::Timestamp | WellKnown::Duration)) => {
                visitor.visit_string(time_text(self.reader, which, self.message, self.pieces)?)
            }
            Some(WellKnown::FieldMask) => {
                visitor.visit_string(mask_text(self.reader, self.message, self.pieces)?)
            }
            Some(WellKnown::Any) => {
                let json = any_json(self.reader, self.message, self.pieces)?;
                json.deserialize_any(visitor).map_err(from_json)
            }
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue) => match self.json()? {
                Some(json) => json.deserialize_any(visitor).map_err(from_json),
                None => visitor.visit_unit(),
            },
            Some(WellKnown::Empty) | None => self.deserialize_map(visitor),
        }
    }

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf
        deserialize_str deserialize_string deserialize_char deserialize_identifier => deserialize_any
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.unwrapped()? {
            Some(value) => value.deserialize_seq(visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if self.is_null()? {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.fields().list.is_empty() {
            return visitor.visit_unit();
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if is_json(self.well_known()) || self.well_known() == Some(WellKnown::Any) {
            return self.deserialize_any(visitor);
        }
        let keys = self.fields().all_keys();
        self.visit(keys, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(json) = self.json()? {
            return json.deserialize_struct(name, names, visitor).map_err(from_json);
        }
        let keys = self.fields().keys_of(names);
        self.visit(keys, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(json) = self.json()? {
            return json.deserialize_enum(name, variants, visitor).map_err(from_json);
        }
        match self.unwrapped()? {
            Some(value) => value.deserialize_enum(name, variants, visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

fn from_json(error: serde_json::Error) -> TypedError {
    TypedError::new(error.to_string())
}

/// What was found of a message.
#[derive(Clone, Copy)]
struct Found<'de> {
    fields: &'de Fields,
    keys: &'de StructKeys,
    /// The number of its first slot.
    slots: usize,
}

impl<'de> Found<'de> {
    fn field(&self, slot: u16) -> &'de Field {
        self.fields.field(self.keys.slots[usize::from(slot)].field)
    }

    fn pieces(&self, reader: &Reader<'de>, slot: u16) -> Option<Pieces> {
        reader.found(self.slots + usize::from(slot))
    }

    /// The member of a oneof that is there, and its index.
    fn member(&self, reader: &Reader<'de>, oneof: &Oneof) -> Option<(usize, u16, Pieces)> {
        oneof.members.iter().enumerate().find_map(|(index, member)| {
            let slot = self.keys.slot_of_field(*member)?;
            Some((index, *member, self.pieces(reader, slot)?))
        })
    }

    /// Notes that the struct cannot do without a field whose default the proto knows. Such a field is not given at first,
    /// so that a default of the struct's own counts.
    fn learn(&self, error: TypedError) -> TypedError {
        let Some(missing) = error.missing() else {
            return error;
        };
        let Some(key) = self.keys.keys.iter().find(|key| *key.name == *missing) else {
            return error;
        };
        let Target::Field(slot) = key.target else {
            return error;
        };
        let has_default = match &self.field(slot).form {
            Form::One(of) => !matches!(of.detail, Detail::Message { .. }),
            _ => false,
        };
        if has_default && !key.required.swap(true, Ordering::Relaxed) {
            return error.read_again();
        }
        error
    }
}

/// The keys and values of a message.
struct FieldAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    found: Found<'de>,
    /// The index of the key after the one that was given.
    next: usize,
}

impl FieldAccess<'_, '_> {
    /// Whether a key is given: what is there, and what has a default where it is not.
    fn is_given(&self, index: usize) -> bool {
        let key = &self.found.keys.keys[index];
        match key.target {
            Target::Oneof(oneof) => {
                let oneof = &self.found.fields.oneofs[usize::from(oneof)];
                self.found.member(self.reader, oneof).is_some()
            }
            Target::Field(slot) => {
                let field = self.found.field(slot);
                self.found.pieces(self.reader, slot).is_some()
                    || match &field.form {
                        Form::One(of) if matches!(of.detail, Detail::Message { .. }) => false,
                        Form::One(_) => !field.has_presence || key.required.load(Ordering::Relaxed),
                        Form::List(_) | Form::Map(_) => true,
                    }
            }
        }
    }
}

impl<'de> MapAccess<'de> for FieldAccess<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while let Some(key) = self.found.keys.keys.get(self.next) {
            self.next += 1;
            if self.is_given(self.next - 1) {
                return seed
                    .deserialize(BorrowedStrDeserializer::new(&key.name))
                    .map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let key = &self.found.keys.keys[self.next - 1];
        let value = match key.target {
            Target::Field(slot) => seed.deserialize(FieldDeserializer {
                field: self.found.field(slot),
                pieces: self.found.pieces(self.reader, slot),
                reader: &mut *self.reader,
            }),
            Target::Oneof(oneof) => seed.deserialize(OneofDeserializer {
                reader: &mut *self.reader,
                found: self.found,
                oneof: &self.found.fields.oneofs[usize::from(oneof)],
            }),
        };
        value.map_err(|error| error.in_field(&key.name))
    }
}

/// All that a field holds: a value, a list, a map.
struct FieldDeserializer<'r, 'de> {
    reader: &'r mut Reader<'de>,
    field: &'de Field,
    /// `None` if it is not there.
    pieces: Option<Pieces>,
}

impl<'r, 'de> FieldDeserializer<'r, 'de> {
    /// The value of a field that has one.
    fn one(self, of: &'de ValueType) -> ValueDeserializer<'r, 'de> {
        let at = match self.pieces {
            Some(pieces) => At::Pieces(pieces),
            None => At::Scalar(Scalar::of_default(&self.field.default)),
        };
        ValueDeserializer {
            reader: self.reader,
            of,
            at,
        }
    }

    fn list(self, of: &'de ValueType) -> ListAccess<'r, 'de> {
        ListAccess {
            reader: self.reader,
            of,
            left: self.pieces,
            packed: None,
        }
    }

    fn map(self, entry: &'de Entry) -> EntryAccess<'r, 'de> {
        EntryAccess {
            reader: self.reader,
            entry,
            left: self.pieces,
            value: None,
        }
    }
}

/// Methods of the deserializer of a field, which ask its value if it has one.
macro_rules! ask_value {
    ($($method:ident($($argument:ident: $of:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($argument: $of,)* visitor: V) -> Result<V::Value> {
                match &self.field.form {
                    Form::One(of) => self.one(of).$method($($argument,)* visitor),
                    Form::List(of) => visitor.visit_seq(self.list(of)),
                    Form::Map(entry) => visitor.visit_map(self.map(entry)),
                }
            }
        )*
    };
}

impl<'de> Deserializer<'de> for FieldDeserializer<'_, 'de> {
    type Error = TypedError;

    ask_value! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier()
        deserialize_unit_struct(name: &'static str)
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, names: Names)
        deserialize_enum(name: &'static str, names: Names)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.pieces.is_none() {
            return visitor.visit_none();
        }
        match &self.field.form {
            Form::One(of) if self.field.has_presence => self.one(of).deserialize_option(visitor),
            Form::One(of) => {
                let value = self.one(of);
                if value.scalar()?.is_zero() {
                    return visitor.visit_none();
                }
                visitor.visit_some(value)
            }
            Form::List(_) | Form::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

/// The elements of a list.
struct ListAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    of: &'de ValueType,
    left: Option<Pieces>,
    /// The elements that are left of a packed piece.
    packed: Option<WireReader<'de>>,
}

impl<'de> SeqAccess<'de> for ListAccess<'_, 'de> {
    type Error = TypedError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        loop {
            if let Some(packed) = &mut self.packed {
                if !packed.is_empty() {
                    let scalar = Scalar::read(&self.of.kind, packed)?;
                    if let (Scalar::Enum(number), Detail::Enum(table)) = (scalar, &self.of.detail)
                        && !table.is_value(number)
                    {
                        continue;
                    }
                    return self.element(At::Scalar(scalar), seed).map(Some);
                }
                self.packed = None;
            }
            let Some(pieces) = self.left else { return Ok(None) };
            let piece;
            (piece, self.left) = self.reader.split(pieces);
            if piece.packed {
                self.packed = Some(WireReader::new(self.reader.slice(piece)));
                continue;
            }
            let mark = self.reader.mark();
            let single = self.reader.single(piece.start, piece.end);
            let element = self.element(At::Pieces(single), seed);
            self.reader.forget(&mark);
            return element.map(Some);
        }
    }
}

impl<'de> ListAccess<'_, 'de> {
    fn element<T: DeserializeSeed<'de>>(&mut self, at: At<'de>, seed: T) -> Result<T::Value> {
        seed.deserialize(ValueDeserializer {
            reader: &mut *self.reader,
            of: self.of,
            at,
        })
    }
}

/// The entries of a map.
struct EntryAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    entry: &'de Entry,
    left: Option<Pieces>,
    /// Where the value of the key is that was given.
    value: Option<Piece>,
}

impl<'de> EntryAccess<'_, 'de> {
    /// Whether an entry is one. It is an unknown field if its value is none that its closed enum names.
    fn is_known(&mut self, entry: Piece) -> Result<bool> {
        let is_closed = matches!(&self.entry.value.detail, Detail::Enum(table) if table.is_closed);
        if !is_closed || !self.reader.has_field(entry, 2)? {
            return Ok(true);
        }
        let keys = self.reader.layouts.fields(self.entry.layout).all_keys();
        let mark = self.reader.mark();
        let single = self.reader.single(entry.start, entry.end);
        let slots = self.reader.find(self.entry.layout, keys, single)?;
        let value = keys
            .slot_of_field(1)
            .and_then(|slot| self.reader.found(slots + usize::from(slot)));
        self.reader.forget(&mark);
        Ok(value.is_some())
    }

    /// Gives the key or the value of an entry.
    fn part<T: DeserializeSeed<'de>>(
        &mut self,
        entry: Piece,
        number: u32,
        of: &'de ValueType,
        seed: T,
    ) -> Result<T::Value> {
        let fields = self.reader.layouts.fields(self.entry.layout);
        let keys = fields.all_keys();
        let mark = self.reader.mark();
        let single = self.reader.single(entry.start, entry.end);
        let slots = self.reader.find(self.entry.layout, keys, single)?;
        let slot = keys
            .slots
            .iter()
            .position(|slot| fields.field(slot.field).number == number);
        let pieces = slot.and_then(|slot| self.reader.found(slots + slot));
        let at = match (&of.detail, pieces) {
            (_, Some(pieces)) => At::Pieces(pieces),
            (Detail::Message { .. }, None) => At::Pieces(self.reader.single(0, 0)),
            (Detail::Enum(table), None) => At::Scalar(Scalar::zero(
                &of.kind,
                table.values.first().map_or(0, |(_, first)| *first),
            )),
            (Detail::Scalar, None) => At::Scalar(Scalar::zero(&of.kind, 0)),
        };
        let mut part = ValueDeserializer {
            reader: &mut *self.reader,
            of,
            at,
        };
        if number == 1 {
            part.at = At::Key(part.scalar()?);
        }
        let part = seed.deserialize(part);
        self.reader.forget(&mark);
        part
    }
}

impl<'de> MapAccess<'de> for EntryAccess<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        loop {
            let Some(pieces) = self.left else { return Ok(None) };
            let piece;
            (piece, self.left) = self.reader.split(pieces);
            if self.is_known(piece)? {
                self.value = Some(piece);
                return self.part(piece, 1, &self.entry.key, seed).map(Some);
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let piece = self
            .value
            .take()
            .ok_or_else(|| TypedError::new("a value was asked for before its key"))?;
        self.part(piece, 2, &self.entry.value, seed)
    }
}

/// A oneof of which a member is there, as an enum.
struct OneofDeserializer<'r, 'de> {
    reader: &'r mut Reader<'de>,
    found: Found<'de>,
    oneof: &'de Oneof,
}

impl<'r, 'de> OneofDeserializer<'r, 'de> {
    /// The member that is there, and its index.
    fn member(self) -> Result<(usize, FieldDeserializer<'r, 'de>)> {
        let member = self.found.member(self.reader, self.oneof);
        let (index, member, pieces) =
            member.ok_or_else(|| TypedError::new("no member of the oneof is there"))?;
        Ok((
            index,
            FieldDeserializer {
                reader: self.reader,
                field: self.found.fields.field(member),
                pieces: Some(pieces),
            },
        ))
    }
}

impl<'de> Deserializer<'de> for OneofDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        let names = self.oneof.variants_of(&self.found.fields.list, variants);
        let (index, member) = self.member()?;
        visitor.visit_enum(Variant {
            name: names[index].unwrap_or(&member.field.name),
            member,
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (_, member) = self.member()?;
        visitor.visit_map(OneMember(Some(member)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The variant that stands for a member of a oneof.
struct Variant<'r, 'de> {
    name: &'de str,
    member: FieldDeserializer<'r, 'de>,
}

impl<'r, 'de> EnumAccess<'de> for Variant<'r, 'de> {
    type Error = TypedError;
    type Variant = FieldDeserializer<'r, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant)> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<TypedError>::new(self.name))?;
        Ok((variant, self.member))
    }
}

impl<'de> VariantAccess<'de> for FieldDeserializer<'_, 'de> {
    type Error = TypedError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        let name = &self.field.name;
        seed.deserialize(self).map_err(|error| error.in_field(name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        let name = &self.field.name;
        self.deserialize_tuple(length, visitor)
            .map_err(|error| error.in_field(name))
    }

    fn struct_variant<V: Visitor<'de>>(self, names: Names, visitor: V) -> Result<V::Value> {
        let name = &self.field.name;
        self.deserialize_struct("", names, visitor)
            .map_err(|error| error.in_field(name))
    }
}

/// The member of a oneof, as a map of one.
struct OneMember<'r, 'de>(Option<FieldDeserializer<'r, 'de>>);

impl<'de> MapAccess<'de> for OneMember<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(member) = &self.0 else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(&member.field.name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let member = self.0.take();
        seed.deserialize(member.ok_or_else(|| TypedError::new("a value was asked for before its key"))?)
    }
}
