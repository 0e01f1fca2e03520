//! The operations of a template, and how they run.
//!
//! Nothing here looks a name up or boxes a value: constants are copied, scalars of the request go from its bytes
//! to the frame, and the length of a sub-message is filled in after its contents are written.

use std::sync::atomic::{AtomicU8, Ordering};

use prost_reflect::{Kind, MessageDescriptor};

use super::Misfit;
use super::field::Field;
use super::value;
use super::well_known::WellKnown;
use crate::message::{Raw, Slot, put_varint};
use crate::rules::expr::{Env, Program};
use crate::rules::text::Text;

/// One step of writing a message.
#[derive(Debug)]
pub(super) enum Op {
    /// Bytes known at load.
    Constant(Box<[u8]>),
    /// A length, and what it is the length of.
    Nested(Nested),
    /// A scalar of the request, as it is on the wire.
    Copy(Copy),
    /// An integer that an expression gives.
    Int(Box<Int>),
    /// Text with expressions in it.
    Joined(Box<Joined>),
    /// What an expression gives.
    Dynamic(Box<Dynamic>),
}

#[derive(Debug)]
pub(super) struct Nested {
    ops: Box<[Op]>,
    /// How many bytes the length took the last time: the contents seldom have to move to make room for it.
    width: AtomicU8,
}

impl Nested {
    pub(super) fn new(ops: Box<[Op]>) -> Self {
        Self {
            ops,
            width: AtomicU8::new(1),
        }
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

#[derive(Debug)]
pub(super) struct Int {
    /// 0 in a packed list, whose elements have none.
    pub(super) key: u32,
    pub(super) kind: Kind,
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
pub(super) fn write_all(ops: &[Op], env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
    for op in ops {
        match op {
            // Mostly a key: too short for a call to copy it.
            Op::Constant(bytes) if bytes.len() <= 2 => bytes.iter().for_each(|byte| buffer.push(*byte)),
            Op::Constant(bytes) => buffer.extend_from_slice(bytes),
            Op::Copy(copy) => copy.write(env, buffer),
            Op::Nested(nested) => {
                let hint = nested.width.load(Ordering::Relaxed);
                let width = with_length(buffer, hint, |buffer| write_all(&nested.ops, env, buffer))?;
                if width != hint {
                    nested.width.store(width, Ordering::Relaxed);
                }
            }
            Op::Int(int) => int.write(env, buffer)?,
            Op::Joined(joined) => joined.write(env, buffer)?,
            Op::Dynamic(dynamic) => dynamic.write(env, buffer)?,
        }
    }
    Ok(())
}

/// Writes a length before what `contents` appends; `hint` is how many bytes the length may take. Gives how many
/// it took.
#[inline]
pub(super) fn with_length<E>(
    buffer: &mut Vec<u8>,
    hint: u8,
    contents: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<u8, E> {
    let start = buffer.len();
    let reserved = usize::from(hint);
    if reserved == 1 {
        buffer.push(0);
    } else {
        buffer.extend_from_slice(&[0; 10][..reserved]);
    }
    contents(buffer)?;
    let length = buffer.len() - start - reserved;
    if reserved == 1 && length < 0x80 {
        buffer[start] = length as u8;
        return Ok(1);
    }
    let width = varint_width(length);
    move_contents(buffer, start, reserved, width, length);
    let mut rest = length;
    for byte in &mut buffer[start..start + width - 1] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    buffer[start + width - 1] = rest as u8;
    Ok(width as u8)
}

fn move_contents(buffer: &mut Vec<u8>, start: usize, reserved: usize, width: usize, length: usize) {
    let contents = start + reserved..start + reserved + length;
    if width > reserved {
        buffer.extend_from_slice(&[0; 10][..width - reserved]);
    }
    if width != reserved {
        buffer.copy_within(contents, start + width);
        buffer.truncate(start + width + length);
    }
}

/// How many bytes a length takes as a varint.
fn varint_width(length: usize) -> usize {
    let bits = (usize::BITS - (length | 1).leading_zeros()) as usize;
    bits.div_ceil(7)
}

impl Copy {
    #[inline]
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

impl Int {
    #[inline]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let number = self.program.eval_int(env).map_err(|error| Misfit::Eval {
            field: self.field.clone(),
            error,
        })?;
        if number == 0 && self.omit_zero {
            return Ok(());
        }
        if self.key != 0 {
            put_varint(buffer, self.key.into());
        }
        value::put_int(buffer, &self.kind, number).map_err(|unfit| Misfit::Value {
            field: self.field.clone(),
            message: unfit.message,
        })
    }
}

impl Joined {
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let start = buffer.len();
        put_varint(buffer, self.key.into());
        let contents = buffer.len();
        let written = with_length(buffer, 1, |buffer| self.text.write_bytes(env, buffer));
        written.map_err(|error| Misfit::Eval {
            field: self.field.clone(),
            error,
        })?;
        if self.omit_empty && buffer.len() == contents + 1 {
            buffer.truncate(start);
        }
        Ok(())
    }
}

impl Dynamic {
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        if let (Some(slot), Some((_, picked))) = (self.presence, env.request)
            && picked.get(slot) == Raw::Absent
        {
            return Ok(());
        }
        let failed = |error| Misfit::Eval {
            field: self.target.name().to_owned(),
            error,
        };
        let value = self.program.eval(env).map_err(failed)?;
        let put = match &self.target {
            Target::Field(field) => value::put_field(buffer, field, &value),
            Target::Element(field) => value::put_value(buffer, field, &value).map(drop),
            Target::Contents(descriptor, well_known) => {
                value::put_contents(buffer, descriptor, *well_known, &value)
            }
        };
        put.map_err(|unfit| Misfit::Value {
            field: self.target.name().to_owned(),
            message: unfit.message,
        })
    }
}
