//! The operations of a template, and how they run.
//!
//! Constants are copied, fields of the request go from its bytes to the frame, ints and doubles are written as they are
//! reckoned, and the length of a sub-message is filled in after its contents are written. All else that an expression
//! gives ([`Dynamic`], and what is no int in a [`Joined`]) is a value first: for lists and maps, and for messages that
//! are not just copied, that allocates.

use prost_reflect::{Kind, MessageDescriptor};

use super::field::{Field, kind_name};
use super::flat::{Close, Open, Rooms};
use super::literal::Literal;
use super::once::{Memos, Once};
use super::value::{self, IntForm};
use super::well_known::WellKnown;
use super::{Misfit, MisfitKind};
use crate::cel::{Env, EvalError, Program};
use crate::message::{Raw, Slot, Width, WireType, close, open, put_delimited, put_varint, with_length};
use crate::rules::text::Text;

/// One step of writing a message.
#[derive(Debug)]
pub(super) enum Op {
    /// Bytes known at load.
    Constant(Literal),
    /// A length, and what it is the length of.
    Nested(Nested),
    /// Where such a length goes, and where what it is the length of ends: a [`Nested`](Op::Nested) that is not too
    /// deep, [laid flat](super::flat).
    Open(Box<Open>),
    Close(Close),
    /// A scalar of the request, as it is on the wire.
    Copy(Copy),
    /// A message of the request, as it is on the wire.
    CopyMessage(Box<CopyMessage>),
    /// What is the same in each round of a loop.
    Once(Once),
    /// An integer that an expression gives.
    Int(Box<Int>),
    /// A double that an expression gives.
    Double(Box<Double>),
    /// Text with expressions in it.
    Joined(Box<Joined>),
    /// What an expression gives.
    Dynamic(Box<Dynamic>),
}

#[derive(Debug)]
pub(super) struct Nested {
    pub(super) ops: Box<[Op]>,
    pub(super) width: Width,
}

impl Nested {
    pub(super) fn new(ops: Box<[Op]>) -> Self {
        let width = Width::default();
        Self { ops, width }
    }
}

#[derive(Debug)]
pub(super) struct Copy {
    pub(super) slot: Slot,
    /// Of both fields.
    pub(super) kind: Kind,
    /// 0 in a packed list, whose elements have none.
    pub(super) key: u32,
    /// Whether zero is written as nothing.
    pub(super) omit_zero: bool,
    /// Whether unset stays unset.
    pub(super) omit_absent: bool,
}

/// A field that is set from one of the same message type.
#[derive(Debug)]
pub(super) struct CopyMessage {
    pub(super) slot: Slot,
    pub(super) key: u32,
    /// For a message that came in pieces.
    pub(super) merged: Dynamic,
}

#[derive(Debug)]
pub(super) struct Int {
    /// 0 in a packed list, whose elements have none.
    pub(super) key: u32,
    pub(super) form: IntForm,
    /// Whether zero is written as nothing.
    pub(super) omit_zero: bool,
    pub(super) program: Program,
    /// The end of the message whose last field it is.
    pub(super) close: Option<Close>,
    /// For messages to people.
    pub(super) field: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct Double {
    pub(super) key: u32,
    /// Whether zero is written as nothing.
    pub(super) omit_zero: bool,
    /// For messages to people.
    pub(super) field: String,
    pub(super) program: Program,
}

#[derive(Debug)]
pub(super) struct Joined {
    pub(super) key: u32,
    pub(super) omit_empty: bool,
    pub(super) field: String,
    pub(super) text: Text,
}

#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) target: Target,
    pub(super) program: Program,
    /// The field of the request whose presence is copied too.
    pub(super) presence: Option<Slot>,
}

/// Where a dynamic value goes.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A field with its key: one value, a list or a map.
    Field(Field),
    /// An element of a packed list.
    Element(Field),
    /// All of a message.
    Contents(MessageDescriptor, Option<WellKnown>),
}

impl Target {
    /// For messages to people.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Field(field) | Self::Element(field) => &field.full_name,
            Self::Contents(descriptor, _) => descriptor.full_name(),
        }
    }

    /// The key to write, 0 where there is none.
    pub(super) fn key(&self) -> u32 {
        match self {
            Self::Field(field) => field.key(),
            Self::Element(_) | Self::Contents(..) => 0,
        }
    }

    /// How a value lies on the wire, where it has a key.
    pub(super) fn wire_type(&self) -> Option<WireType> {
        match self {
            Self::Field(field) => Some(field.wire_type()),
            Self::Element(_) | Self::Contents(..) => None,
        }
    }

    pub(super) fn has_presence(&self) -> bool {
        match self {
            Self::Field(field) => field.presence,
            Self::Element(_) | Self::Contents(..) => true,
        }
    }

    /// Whether a field that is unset in the request stays unset.
    pub(super) fn copies_presence(&self) -> bool {
        matches!(self, Self::Field(field) if !field.element)
    }

    /// The kind of one value, where the target is a scalar.
    pub(super) fn scalar(&self) -> Option<&Kind> {
        match self {
            Self::Field(field) if field.repeated => None,
            Self::Field(field) | Self::Element(field) => Some(&field.kind),
            Self::Contents(..) => None,
        }
    }
}

/// Runs the operations in order.
pub(super) fn write_all(
    ops: &[Op],
    env: &Env<'_>,
    memos: &Memos,
    buffer: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let mut rooms = Rooms::default();
    for op in ops {
        match op {
            Op::Constant(literal) => literal.put(buffer),
            Op::Open(open) => open.write(buffer, &mut rooms),
            Op::Close(close) => close.write(ops, &rooms, buffer),
            Op::Int(int) => {
                int.write(env, buffer)?;
                if let Some(close) = &int.close {
                    close.write(ops, &rooms, buffer);
                }
            }
            Op::Once(once) => once.write(env, memos, buffer)?,
            Op::Copy(copy) => copy.write(env, buffer),
            Op::CopyMessage(copy) => copy.write(env, buffer)?,
            Op::Double(double) => double.write(env, buffer)?,
            Op::Joined(joined) => joined.write(env, buffer)?,
            Op::Dynamic(dynamic) => dynamic.write(env, buffer)?,
            Op::Nested(nested) => {
                let room = open(buffer, nested.width.get());
                write_all(&nested.ops, env, memos, buffer)?;
                close(buffer, room, &nested.width);
            }
        }
    }
    Ok(())
}

impl Copy {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) {
        let Some((bytes, picked)) = env.request else {
            return;
        };
        let key = |buffer: &mut Vec<u8>| {
            if self.key != 0 {
                put_varint(buffer, self.key.into());
            }
        };
        match picked.get(self.slot) {
            Raw::Span(start, length) => {
                let (start, length) = (start as usize, length as usize);
                if length > 0 || !self.omit_zero {
                    key(buffer);
                    put_varint(buffer, length as u64);
                    buffer.extend_from_slice(&bytes[start..start + length]);
                }
            }
            Raw::Varint(raw) => {
                let value = value::canonical(&self.kind, raw);
                if value != 0 || !self.omit_zero {
                    key(buffer);
                    put_varint(buffer, value);
                }
            }
            Raw::Fixed32(bits) => {
                if bits != 0 || !self.omit_zero {
                    key(buffer);
                    buffer.extend_from_slice(&bits.to_le_bytes());
                }
            }
            Raw::Fixed64(bits) => {
                if bits != 0 || !self.omit_zero {
                    key(buffer);
                    buffer.extend_from_slice(&bits.to_le_bytes());
                }
            }
            Raw::Absent | Raw::Present => {
                if !self.omit_absent && !self.omit_zero {
                    key(buffer);
                    value::put_zero(buffer, &self.kind);
                }
            }
        }
    }
}

impl CopyMessage {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        if let Some((bytes, picked)) = env.request
            && let Raw::Span(start, length) = picked.get(self.slot)
        {
            put_varint(buffer, self.key.into());
            put_delimited(buffer, &bytes[start as usize..][..length as usize]);
            return Ok(());
        }
        self.merged.write(env, buffer)
    }
}

impl Int {
    #[inline(always)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let number = self
            .program
            .eval_int(env)
            .map_err(|error| failed(&self.field, error))?;
        if !self.form.takes(number) {
            let message = format!("{number} does not fit {}", kind_name(&self.kind));
            return Err(misfit(&self.field, message));
        }
        if number != 0 || !self.omit_zero {
            if self.key != 0 {
                put_varint(buffer, self.key.into());
            }
            self.form.put(buffer, number);
        }
        Ok(())
    }
}

impl Double {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let number = self
            .program
            .eval_double(env)
            .map_err(|error| failed(&self.field, error))?;
        // The zero with a sign is no default.
        if number.to_bits() != 0 || !self.omit_zero {
            if self.key != 0 {
                put_varint(buffer, self.key.into());
            }
            buffer.extend_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }
}

impl Joined {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let start = buffer.len();
        put_varint(buffer, self.key.into());
        let contents = buffer.len();
        let written = with_length(buffer, |buffer| self.text.write_bytes(env, buffer));
        written.map_err(|error| failed(&self.field, error))?;
        if self.omit_empty && buffer.len() == contents + 1 {
            buffer.truncate(start);
        }
        Ok(())
    }
}

impl Dynamic {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        if let (Some(slot), Some((_, picked))) = (self.presence, env.request)
            && picked.get(slot) == Raw::Absent
        {
            return Ok(());
        }
        let value = self
            .program
            .eval(env)
            .map_err(|error| failed(self.target.name(), error))?;
        let put = match &self.target {
            Target::Field(field) => value::put_field(buffer, field, &value),
            Target::Element(field) => value::put_value(buffer, field, &value).map(drop),
            Target::Contents(descriptor, well_known) => {
                value::put_contents(buffer, descriptor, *well_known, &value)
            }
        };
        put.map_err(|unfit| misfit(self.target.name(), unfit.message))
    }
}

#[cold]
fn failed(field: &str, error: EvalError) -> Misfit {
    MisfitKind::Eval {
        field: field.to_owned(),
        error,
    }
    .into()
}

#[cold]
fn misfit(field: &str, message: String) -> Misfit {
    MisfitKind::Value {
        field: field.to_owned(),
        message,
    }
    .into()
}
