//! Whether a condition holds for a call, and what differs if not.

use std::fmt::Write as _;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};

use super::hidden::REDACTED;
use super::pattern::Mismatch;
use crate::cel::{Env, EvalError, Value};
use crate::excerpt::excerpt;
use crate::journal::Redaction;
use crate::message::{Raw, decode_dynamic};
use crate::rules::plan::{
    Condition, Equality, Expected, MetadataCondition, Stage, When, WireScalar, canonical,
};

/// What it costs to compare a message with a pattern.
const UNITS_PER_PATTERN: u64 = 10;

/// Why a rule did not match. Of many rules one is told, so it is put into words last.
#[derive(Debug)]
pub(in crate::rules::run) struct Difference<'c> {
    /// How many of its conditions hold before the one that does not.
    pub(in crate::rules::run) held: usize,
    what: What<'c>,
    /// What has failed. It may quote a value, whatever that is.
    error: Option<String>,
}

/// What differs.
#[derive(Debug)]
enum What<'c> {
    Metadata(&'c MetadataCondition),
    Equality(&'c Equality),
    Pattern(Mismatch),
    When(&'c When),
    /// In words.
    Other(String),
}

impl<'c> Difference<'c> {
    pub(in crate::rules::run) fn new(held: usize, text: impl Into<String>) -> Self {
        Self::of(held, What::Other(text.into()))
    }

    fn of(held: usize, what: What<'c>) -> Self {
        Self {
            held,
            what,
            error: None,
        }
    }

    pub(in crate::rules::run) fn because(self, error: &EvalError) -> Self {
        Self {
            error: Some(error.to_string()),
            ..self
        }
    }

    /// In words. `input` is the type of requests, and `hidden` says what of them is not told.
    pub(in crate::rules::run) fn in_words(
        self,
        env: &Env<'_>,
        input: &MessageDescriptor,
        hidden: Option<&Redaction>,
    ) -> InWords {
        InWords {
            text: match self.what {
                What::Metadata(condition) => condition.difference(env.metadata, hidden),
                What::Equality(equality) => equality.difference(env, input, hidden),
                What::Pattern(mismatch) => mismatch.told(hidden),
                What::When(when) => format!("`{}` does not hold", when.source),
                What::Other(text) => text,
            },
            error: self.error,
        }
    }
}

/// A difference for people.
#[derive(Debug)]
pub(in crate::rules::run) struct InWords {
    text: String,
    error: Option<String>,
}

impl InWords {
    /// What has failed is left out if a value that is not to be seen may be quoted: `hides` is whether there is one.
    pub(in crate::rules::run) fn told(self, hides: impl FnOnce() -> bool) -> String {
        match self.error {
            Some(error) if !hides() => format!("{}: {error}", self.text),
            _ => self.text,
        }
    }
}

impl Condition {
    /// Whether it holds. `decoded` is the request, which is decoded when it is first needed.
    pub(in crate::rules::run) fn holds(
        &self,
        env: &Env<'_>,
        decoded: &mut Decoded<'_>,
    ) -> Result<bool, EvalError> {
        let is_there = self
            .metadata
            .iter()
            .all(|condition| condition.holds(env.metadata));
        if !is_there || !self.equalities.iter().all(|equality| equality.holds(env)) {
            return Ok(false);
        }
        if let Some(pattern) = &self.pattern {
            let message = decoded.get(env)?;
            let fits = message.is_some_and(|message| pattern.fits_message(message, "", env).is_ok());
            // An `Any` may have been too costly to look into.
            env.call.budget.charge(UNITS_PER_PATTERN)?;
            if !fits {
                return Ok(false);
            }
        }
        match &self.when {
            Some(when) => match when.program.eval(env)? {
                Value::Bool(holds) => Ok(holds),
                other => Err(EvalError::without_values(format!(
                    "it gives {}, not a bool",
                    other.type_name()
                ))),
            },
            None => Ok(true),
        }
    }

    /// The first difference; `None` if the condition holds.
    pub(in crate::rules::run) fn difference(
        &self,
        env: &Env<'_>,
        decoded: &mut Decoded<'_>,
    ) -> Option<Difference<'_>> {
        let mut held = 0;
        for condition in &self.metadata {
            if !condition.holds(env.metadata) {
                return Some(Difference::of(held, What::Metadata(condition)));
            }
            held += 1;
        }
        if self.stage > Stage::Open && env.request.is_none() {
            return Some(Difference::new(held, "no message has come"));
        }
        for equality in &self.equalities {
            if !equality.holds(env) {
                return Some(Difference::of(held, What::Equality(equality)));
            }
            held += 1;
        }
        if let Some(pattern) = &self.pattern {
            let what = match decoded.get(env) {
                Ok(Some(message)) => pattern.fits_message(message, "", env).err().map(What::Pattern),
                Ok(None) => Some(What::Other("it cannot be decoded".to_owned())),
                Err(error) => Some(What::Other(error.to_string())),
            };
            if let Some(what) = what {
                return Some(Difference::of(held, what));
            }
            held += 1;
        }
        let when = self.when.as_ref()?;
        match when.program.eval(env) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some(Difference::of(held, What::When(when))),
            // The budget of an explanation may be smaller than the call's, in which it has not failed.
            Err(_) if env.call.budget.is_exhausted() => {
                let text = format!("`{}` costs too much to explain", when.source);
                Some(Difference::new(held, text))
            }
            Err(error) => {
                let failed = Difference::new(held, format!("`{}` failed", when.source));
                Some(failed.because(&error))
            }
        }
    }
}

impl Equality {
    #[inline]
    pub(in crate::rules::run) fn holds(&self, env: &Env<'_>) -> bool {
        let Some((bytes, picked)) = env.request else {
            return false;
        };
        let expected = match (&self.expected, picked.get(self.slot)) {
            (Expected::Set | Expected::SetTo(_), Raw::Absent) => return false,
            (Expected::Set, _) => return true,
            (Expected::Value(value) | Expected::SetTo(value), _) => value,
        };
        match picked.get(self.slot) {
            Raw::Absent | Raw::Present => self.unset.equals(expected, &self.kind),
            Raw::Span(start, length) => match expected {
                WireScalar::Bytes(expected) => {
                    let found = &bytes[start as usize..][..length as usize];
                    *found == **expected || self.kind == Kind::String && reads_as(found, expected)
                }
                WireScalar::Bits(_) => false,
            },
            Raw::Varint(raw) => WireScalar::Bits(canonical(&self.kind, raw)).equals(expected, &self.kind),
            Raw::Fixed32(bits) => WireScalar::Bits(bits.into()).equals(expected, &self.kind),
            Raw::Fixed64(bits) => WireScalar::Bits(bits).equals(expected, &self.kind),
        }
    }

    /// How a request for which it does not hold differs.
    fn difference(&self, env: &Env<'_>, input: &MessageDescriptor, hidden: Option<&Redaction>) -> String {
        let is_hidden = hidden.is_some_and(|hidden| self.is_hidden(input, hidden));
        let found = if is_hidden {
            REDACTED.to_owned()
        } else {
            self.found(env)
        };
        let mut text = format!("{} is {}", self.path, excerpt(&found));
        if let Some(value) = self.expected.value() {
            let _ = write!(text, ", not {}", value.show(&self.kind));
        }
        text
    }

    /// The value of the request, for error messages.
    fn found(&self, env: &Env<'_>) -> String {
        let Some((bytes, picked)) = env.request else {
            return "unset".to_owned();
        };
        let literal = match picked.get(self.slot) {
            Raw::Absent | Raw::Present => return "unset".to_owned(),
            Raw::Span(start, length) => {
                let shown = (length as usize).min(WireScalar::MOST_SHOWN);
                WireScalar::Bytes(bytes[start as usize..][..shown].into())
            }
            Raw::Varint(raw) => WireScalar::Bits(canonical(&self.kind, raw)),
            Raw::Fixed32(bits) => WireScalar::Bits(bits.into()),
            Raw::Fixed64(bits) => WireScalar::Bits(bits),
        };
        literal.show(&self.kind)
    }
}

/// Whether a string that is not UTF-8, as proto2 allows, reads as that text: with U+FFFD in the place of what is no text.
#[cold]
fn reads_as(found: &[u8], expected: &[u8]) -> bool {
    std::str::from_utf8(found).is_err() && String::from_utf8_lossy(found).as_bytes() == expected
}

/// The request as a dynamic message, decoded once and only if some condition needs it.
#[derive(Debug)]
pub(in crate::rules::run) struct Decoded<'b> {
    source: Option<(MessageDescriptor, &'b [u8])>,
    message: Option<DynamicMessage>,
}

impl<'b> Decoded<'b> {
    pub(in crate::rules::run) fn new(source: Option<(MessageDescriptor, &'b [u8])>) -> Self {
        Self {
            source,
            message: None,
        }
    }

    fn get(&mut self, env: &Env<'_>) -> Result<Option<&DynamicMessage>, EvalError> {
        if let Some((descriptor, bytes)) = self.source.take() {
            env.charge_decoding(descriptor.full_name(), bytes)?;
            self.message = decode_dynamic(&descriptor, Bytes::copy_from_slice(bytes)).ok();
        }
        Ok(self.message.as_ref())
    }
}
