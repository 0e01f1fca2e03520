//! Runs the operations of a template.

use std::borrow::Cow;

use super::cache::LoopCache;
use super::error::{WriteError, WriteErrorKind};
use crate::cel::{
    Env, EvalError, FieldInfo, Misfit, Told, put_contents, put_elements, put_field, put_value, put_zero,
};
use crate::message::{
    Raw, ReservedLength, fill_length, put_delimited, put_varint, reserve_length, with_length,
};
use crate::rules::plan::canonical;
use crate::rules::plan::template::{
    Cached, Close, Copy, CopyMessage, Double, Dynamic, EachOp, Int, Joined, MAX_OPEN, NextPage, Op, Open,
    Presence, Target, Template, TotalSize, Writes,
};
use crate::schema::kind_name;

/// The lengths that are not known yet.
type OpenLengths = [ReservedLength; MAX_OPEN];

impl Template {
    /// Appends the message's bytes. After an error the buffer holds a part of the message.
    #[inline]
    pub(in crate::rules) fn write(
        &self,
        env: &Env<'_>,
        cache: &LoopCache,
        buffer: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        write_all(&self.ops, env, cache, buffer)
    }
}

/// Runs the operations in order.
pub(super) fn write_all(
    ops: &[Op],
    env: &Env<'_>,
    cache: &LoopCache,
    buffer: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let mut lengths = OpenLengths::default();
    for op in ops {
        match op {
            Op::Constant(literal) => literal.put(buffer),
            Op::Open(open) => open.write(buffer, &mut lengths),
            Op::Close(close) => close.write(ops, &lengths, buffer),
            Op::Int(int) => {
                int.write(env, buffer)?;
                if let Some(close) = &int.close {
                    close.write(ops, &lengths, buffer);
                }
            }
            Op::Cached(once) => once.write(env, cache, buffer)?,
            Op::Copy(copy) => copy.write(env, buffer)?,
            Op::CopyMessage(copy) => copy.write(env, buffer)?,
            Op::Double(double) => double.write(env, buffer)?,
            Op::Joined(joined) => joined.write(env, buffer)?,
            Op::Dynamic(dynamic) => dynamic.write(env, buffer)?,
            Op::Each(looped) => looped.write(env, cache, buffer)?,
            Op::NextPage(next) => next.write(env, buffer)?,
            Op::TotalSize(total) => total.write(env, buffer)?,
            Op::Nested(nested) => {
                let reserved = reserve_length(buffer, nested.width.get());
                write_all(&nested.ops, env, cache, buffer)?;
                fill_length(buffer, reserved, &nested.width);
            }
        }
    }
    Ok(())
}

impl Open {
    /// Writes what precedes the contents, and leaves room for the length.
    #[inline(always)]
    pub(super) fn write(&self, buffer: &mut Vec<u8>, lengths: &mut OpenLengths) {
        let start = buffer.len() + self.gap;
        let width = self.width.get();
        if width == 1 {
            self.around.put(buffer);
        } else {
            let (before, after) = self.around.bytes().split_at(self.gap);
            buffer.extend_from_slice(before);
            reserve_length(buffer, width);
            buffer.extend_from_slice(&after[1..]);
        }
        lengths[usize::from(self.level) % MAX_OPEN] = ReservedLength { start, width };
    }
}

impl Close {
    #[inline(always)]
    pub(super) fn write(&self, ops: &[Op], lengths: &OpenLengths, buffer: &mut Vec<u8>) {
        if let Some(Op::Open(open)) = ops.get(self.open) {
            fill_length(buffer, lengths[usize::from(self.level) % MAX_OPEN], &open.width);
        }
    }
}

impl Cached {
    #[inline]
    pub(super) fn write(
        &self,
        env: &Env<'_>,
        cache: &LoopCache,
        buffer: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        cache.put(self.place, buffer, |buffer| {
            write_all(&self.ops, env, cache, buffer)
        })
    }
}

impl Copy {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let Some((bytes, picked)) = env.request else {
            return Ok(());
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
                    env.call
                        .budget
                        .charge_made(length)
                        .map_err(|error| failed(&self.spot.field, self.spot.at, error))?;
                    key(buffer);
                    put_varint(buffer, length as u64);
                    buffer.extend_from_slice(&bytes[start..start + length]);
                }
            }
            Raw::Varint(raw) => {
                let value = canonical(&self.kind, raw);
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
                    put_zero(buffer, &self.kind);
                }
            }
        }
        Ok(())
    }
}

impl CopyMessage {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        if let Some((bytes, picked)) = env.request
            && let Raw::Span(start, length) = picked.get(self.slot)
        {
            let merged = &self.merged;
            env.call
                .budget
                .charge_made(length as usize)
                .map_err(|error| failed(merged.target.name(), merged.at, error))?;
            put_varint(buffer, self.key.into());
            put_delimited(buffer, &bytes[start as usize..][..length as usize]);
            return Ok(());
        }
        self.merged.write(env, buffer)
    }
}

impl Int {
    #[inline(always)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let number = self
            .program
            .eval_int(env)
            .map_err(|error| failed(&self.spot.field, self.spot.at, error))?;
        if !self.encoding.takes(number) {
            let misfit = Misfit::because(format!("{number} does not fit {}", kind_name(&self.kind)));
            return Err(does_not_fit(&self.spot.field, self.spot.at, misfit));
        }
        if number != 0 || !self.omit_zero {
            if self.key != 0 {
                put_varint(buffer, self.key.into());
            }
            self.encoding.put(buffer, number);
        }
        Ok(())
    }
}

impl Double {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let number = self
            .program
            .eval_double(env)
            .map_err(|error| failed(&self.spot.field, self.spot.at, error))?;
        // -0.0 is not the default.
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
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let start = buffer.len();
        put_varint(buffer, self.key.into());
        let contents = buffer.len();
        let written = with_length(buffer, |buffer| self.text.write_bytes(env, buffer));
        written.map_err(|error| failed(&self.spot.field, self.spot.at, error))?;
        if self.omit_empty && buffer.len() == contents + 1 {
            buffer.truncate(start);
        }
        Ok(())
    }
}

impl Dynamic {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        match (&self.target, self.writes) {
            (Target::Field(field), Writes::Text) => return self.write_text(field, env, buffer),
            (Target::Field(field), Writes::Elements) => return self.write_elements(field, env, buffer),
            _ => {}
        }
        let value = match self.presence {
            Presence::OfRequest(slot) => match env.request {
                Some((_, picked)) if picked.get(slot) == Raw::Absent => return Ok(()),
                _ => self.program.eval(env).map(Some),
            },
            Presence::OfElement => self.program.eval_field(env),
            Presence::Always => self.program.eval(env).map(Some),
        };
        let failed = |error| failed(self.target.name(), self.at, error);
        let Some(value) = value.map_err(failed)? else {
            return Ok(());
        };
        env.call.budget.charge_owning(&value).map_err(failed)?;
        let put = match &self.target {
            Target::Field(field) => put_field(buffer, field, &value),
            Target::Element(field) => put_value(buffer, field, &value).map(drop),
            Target::Contents(descriptor, well_known) => put_contents(buffer, descriptor, *well_known, &value),
        };
        put.map_err(|misfit| does_not_fit(self.target.name(), self.at, misfit))
    }
}

impl Dynamic {
    fn write_text(&self, field: &FieldInfo, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let failed = |error| failed(self.target.name(), self.at, error);
        let text = self.program.eval_text(env).map_err(failed)?;
        if let Cow::Borrowed(text) = text {
            env.call.budget.charge_made(text.len()).map_err(failed)?;
        }
        if !text.is_empty() || field.presence || field.element {
            put_varint(buffer, field.key().into());
            put_delimited(buffer, text.as_bytes());
        }
        Ok(())
    }
}

impl Dynamic {
    fn write_elements(
        &self,
        field: &FieldInfo,
        env: &Env<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let mut misfit = None;
        let written = put_elements(buffer, field, |put| {
            let mut owed = 0;
            self.program.each_element(env, &mut |value| {
                env.call.budget.charge_owning_part(&value, &mut owed)?;
                put(&value).map_err(|found| {
                    misfit = Some(found);
                    EvalError::new("an element does not fit")
                })
            })
        });
        written.map_err(|error| match misfit.take() {
            Some(misfit) => does_not_fit(self.target.name(), self.at, misfit),
            None => failed(self.target.name(), self.at, error),
        })
    }
}

impl EachOp {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, cache: &LoopCache, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let start = buffer.len();
        let reserved = self.packed.as_ref().map(|(key, width)| {
            put_varint(buffer, (*key).into());
            reserve_length(buffer, width.get())
        });
        let contents = buffer.len();
        let mut made = 0;
        let error = |error| failed(&self.spot.field, self.spot.at, error);
        self.each.rounds(env, error, |env| {
            let (before, budget) = (buffer.len(), &env.call.budget);
            let room = budget.left();
            let written = write_all(&self.ops, env, cache, buffer);
            written.map_err(|error| error.in_element(made, &self.spot.field))?;
            made += 1;
            // Constants and short values cost nothing once, but they do in each round.
            let charged = room - budget.left();
            budget
                .charge_made_beyond(charged, buffer.len() - before)
                .map_err(error)
        })?;
        if let (Some((_, width)), Some(reserved)) = (&self.packed, reserved) {
            if buffer.len() == contents {
                buffer.truncate(start);
            } else {
                fill_length(buffer, reserved, width);
            }
        }
        Ok(())
    }
}

impl NextPage {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let error = |error| failed(&self.spot.field, self.spot.at, error);
        if let Some(next) = self.each.next_page(env, error)? {
            put_varint(buffer, self.key.into());
            put_delimited(buffer, next.to_string().as_bytes());
        }
        Ok(())
    }
}

impl TotalSize {
    #[inline(never)]
    fn write(&self, env: &Env<'_>, buffer: &mut Vec<u8>) -> Result<(), WriteError> {
        let error = |error| failed(&self.spot.field, self.spot.at, error);
        let total = self.each.total(env, error)?;
        if total > 0 {
            put_varint(buffer, self.key.into());
            put_varint(buffer, total);
        }
        Ok(())
    }
}

#[cold]
fn failed(field: &str, at: usize, error: EvalError) -> WriteError {
    WriteErrorKind::Eval {
        field: Told::without_values(field.to_owned()),
        at: Some(at),
        error,
    }
    .into()
}

#[cold]
fn does_not_fit(field: &str, at: usize, misfit: Misfit) -> WriteError {
    let (field, told) = misfit.of(field);
    WriteErrorKind::Value {
        field,
        at: Some(at),
        told,
    }
    .into()
}
