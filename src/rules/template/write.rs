//! The operations of a template, and how they run.
//!
//! Nothing here looks a name up or boxes a value: constants are copied, scalars of the request go from its bytes
//! to the frame, and the length of a sub-message is filled in after its contents are written.

use std::sync::atomic::{AtomicU8, Ordering};

use prost_reflect::{Kind, MessageDescriptor};

use super::field::{Field, kind_name};
use super::once::{Memos, Once};
use super::value::{self, IntForm};
use super::well_known::WellKnown;
use super::{Misfit, MisfitKind};
use crate::message::{Raw, Slot, WireType, put_varint};
use crate::rules::expr::{Env, EvalError, Program};
use crate::rules::text::Text;

/// One step of writing a message.
#[derive(Debug)]
pub(super) enum Op {
    /// Bytes known at load.
    Constant(Box<[u8]>),
    /// A length, and what it is the length of.
    Nested(Nested),
    /// Where such a length goes, and where what it is the length of ends: a [`Nested`](Op::Nested) that is not too
    /// deep, [laid flat](flatten).
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
    width: AtomicU8,
}

impl Nested {
    pub(super) fn new(ops: Box<[Op]>) -> Self {
        let width = AtomicU8::new(1);
        Self { ops, width }
    }
}

/// The beginning of a nested message.
#[derive(Debug)]
pub(super) struct Open {
    level: u8,
    /// What stands around the length: before it a key and whatever is constant before that, after it what the message
    /// begins with. In between is one byte for the length.
    around: Box<[u8]>,
    /// Where that byte is.
    gap: usize,
    /// How many bytes the length took the last time: the contents seldom have to move to make room for it.
    width: AtomicU8,
}

/// The end of a nested message.
#[derive(Debug)]
pub(super) struct Close {
    level: u8,
    /// The place of its [`Open`](Op::Open).
    open: usize,
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

/// How many lengths can be open at a time in one list of operations.
const LEVELS: usize = 8;

/// Puts the operations of nested messages into the list of the outermost: running one list is faster than running
/// lists in lists.
pub(super) fn flatten(ops: Box<[Op]>) -> Box<[Op]> {
    let mut flat = Vec::with_capacity(ops.len());
    flatten_into(&mut flat, ops, 0);
    flat.into()
}

fn flatten_into(flat: &mut Vec<Op>, ops: Box<[Op]>, level: u8) {
    for op in ops {
        match op {
            Op::Nested(nested) if usize::from(level) < LEVELS => {
                let before = match flat.pop() {
                    Some(Op::Constant(bytes)) => bytes,
                    other => {
                        flat.extend(other);
                        Box::default()
                    }
                };
                let open = flat.len();
                flat.push(Op::Open(Box::new(Open {
                    level,
                    gap: before.len(),
                    around: [&before[..], &[0]].concat().into(),
                    width: nested.width,
                })));
                flatten_into(flat, nested.ops, level + 1);
                append(flat, Op::Close(Close { level, open }));
            }
            Op::Nested(nested) => flat.push(Op::Nested(Nested::new(flatten(nested.ops)))),
            other => append(flat, other),
        }
    }
}

/// Appends an operation, or makes it part of the last one.
fn append(flat: &mut Vec<Op>, op: Op) {
    match (flat.last_mut(), op) {
        (Some(Op::Open(open)), Op::Constant(bytes)) if open.gap + 1 == open.around.len() => {
            open.around = [&open.around[..], &bytes[..]].concat().into();
        }
        (Some(Op::Int(int)), Op::Close(close)) if int.close.is_none() => int.close = Some(close),
        (_, op) => flat.push(op),
    }
}

/// Runs the operations in order.
pub(super) fn write_all(
    ops: &[Op],
    env: &Env<'_>,
    memos: &Memos,
    buffer: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let mut starts = [0; LEVELS];
    for op in ops {
        match op {
            Op::Constant(bytes) => put_constant(buffer, bytes),
            Op::Open(open) => starts[usize::from(open.level) % LEVELS] = open.write(buffer),
            Op::Close(close) => close.write(ops, &starts, buffer),
            Op::Int(int) => {
                int.write(env, buffer)?;
                if let Some(close) = &int.close {
                    close.write(ops, &starts, buffer);
                }
            }
            Op::Once(once) => once.write(env, memos, buffer)?,
            Op::Copy(copy) => copy.write(env, buffer),
            Op::CopyMessage(copy) => copy.write(env, buffer)?,
            Op::Double(double) => double.write(env, buffer)?,
            Op::Joined(joined) => joined.write(env, buffer)?,
            Op::Dynamic(dynamic) => dynamic.write(env, buffer)?,
            Op::Nested(nested) => {
                let start = open(buffer, nested.width.load(Ordering::Relaxed));
                write_all(&nested.ops, env, memos, buffer)?;
                close(buffer, start, &nested.width);
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn put_constant(buffer: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        // Mostly a key: too short for a call to copy it.
        [byte] => buffer.push(*byte),
        [key, length] => buffer.extend_from_slice(&[*key, *length]),
        bytes => buffer.extend_from_slice(bytes),
    }
}

/// Writes a length before what `contents` appends.
pub(super) fn with_length<E>(
    buffer: &mut Vec<u8>,
    contents: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = open(buffer, 1);
    contents(buffer)?;
    close(buffer, start, &AtomicU8::new(1));
    Ok(())
}

/// Leaves room for a length of `width` bytes; gives where.
#[inline(always)]
fn open(buffer: &mut Vec<u8>, width: u8) -> usize {
    let start = buffer.len();
    buffer.push(0);
    for _ in 1..width {
        buffer.push(0);
    }
    start
}

/// Fills in the length of all that was written since room for it was left, and corrects the room for the next one.
#[inline(always)]
fn close(buffer: &mut Vec<u8>, start: usize, room: &AtomicU8) {
    let reserved = usize::from(room.load(Ordering::Relaxed));
    let length = buffer.len() - start - reserved;
    if reserved == 1 && length < 0x80 {
        buffer[start] = length as u8;
    } else {
        room.store(close_long(buffer, start, reserved, length), Ordering::Relaxed);
    }
}

/// Gives how many bytes the length took.
fn close_long(buffer: &mut Vec<u8>, start: usize, reserved: usize, length: usize) -> u8 {
    let width = varint_width(length);
    move_contents(buffer, start, reserved, width, length);
    let mut rest = length;
    for byte in &mut buffer[start..start + width - 1] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    buffer[start + width - 1] = rest as u8;
    width as u8
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

impl Open {
    /// Gives where the length is to be.
    #[inline(always)]
    fn write(&self, buffer: &mut Vec<u8>) -> usize {
        let start = buffer.len() + self.gap;
        let width = self.width.load(Ordering::Relaxed);
        if width == 1 {
            put_constant(buffer, &self.around);
        } else {
            buffer.extend_from_slice(&self.around[..self.gap]);
            open(buffer, width);
            buffer.extend_from_slice(&self.around[self.gap + 1..]);
        }
        start
    }
}

impl Close {
    #[inline(always)]
    fn write(&self, ops: &[Op], starts: &[usize; LEVELS], buffer: &mut Vec<u8>) {
        if let Some(Op::Open(open)) = ops.get(self.open) {
            close(buffer, starts[usize::from(self.level) % LEVELS], &open.width);
        }
    }
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
            value::put_delimited(buffer, &bytes[start as usize..][..length as usize]);
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
