//! The fields of a message that is open, by the names of a struct or the keys of a map.

use serde::ser::Serialize;

use super::oneof::OneofSerializer;
use super::parts::{MessageSerializer, Result, ValueSerializer};
use super::writer::{Open, Writer};
use crate::message::typed::error::TypedError;
use crate::schema::{Fields, Named};
use crate::suggest;

/// The fields of a message that is open.
pub(super) struct FieldsWriter<'s, 'w> {
    writer: &'s mut Writer<'w>,
    fields: &'w Fields,
    open: Open,
    /// The index of the field that is likely to come next.
    next: usize,
    /// The oneofs that have a member, and its name.
    members: Vec<(u16, &'w str)>,
}

impl<'s, 'w> FieldsWriter<'s, 'w> {
    /// Begins a message.
    #[inline]
    pub(super) fn open(message: MessageSerializer<'s, 'w>) -> Result<Self> {
        let fields = message.fields();
        let (writer, open) = message.open()?;
        Ok(Self {
            writer,
            fields,
            open,
            next: 0,
            members: Vec::new(),
        })
    }

    #[inline]
    fn named(&mut self, name: &str) -> Result<Named> {
        // Most structs have the order of their message.
        if let Some(field) = self.fields.list.get(self.next)
            && *field.name == *name
        {
            self.next += 1;
            return Ok(Named::Field(self.next as u16 - 1));
        }
        self.named_elsewhere(name)
    }

    #[inline(never)]
    fn named_elsewhere(&mut self, name: &str) -> Result<Named> {
        let named = self.fields.named(name).ok_or_else(|| {
            let hint = suggest::hint(name, self.fields.names());
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            TypedError::new(format!("{} has no field `{name}`{hint}", self.fields.full_name))
        })?;
        if let Named::Field(field) = named {
            self.next = usize::from(field) + 1;
        }
        Ok(named)
    }

    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.put(name, value).map_err(|error| error.in_field(name))
    }

    #[inline]
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let start = self.writer.buffer.len();
        let fields = self.fields;
        let field = match self.named(name)? {
            Named::Field(field) => {
                let field = fields.field(field);
                value.serialize(ValueSerializer::field(&mut *self.writer, field))?;
                Some(field)
            }
            Named::Oneof(oneof) => value.serialize(OneofSerializer {
                writer: &mut *self.writer,
                fields,
                oneof: &fields.oneofs[usize::from(oneof)],
            })?,
        };
        if let Some(field) = field
            && self.writer.buffer.len() > start
        {
            self.open.add(field.number);
            let Some(oneof) = field.oneof else {
                return Ok(());
            };
            if let Some((_, other)) = self.members.iter().find(|(known, _)| *known == oneof) {
                return Err(TypedError::new(format!(
                    "`{other}` is set too, and the oneof `{}` has one member",
                    fields.oneofs[usize::from(oneof)].name
                )));
            }
            self.members.push((oneof, &field.name));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn close(self) -> Result<()> {
        self.writer.close(self.open)
    }
}
