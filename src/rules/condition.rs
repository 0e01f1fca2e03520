//! When a rule matches: `match`, a partial message, and `when`, a CEL condition.
//!
//! Equalities of singular scalars, which most rules are made of, are checked on the picked slots without decoding
//! anything; lists, maps and the well-known types are compared with the decoded message.

use prost_reflect::{DynamicMessage, Kind};

use super::compiler::Compiler;
use super::expected::{Expected, Literal};
use super::node::Node;
use super::template::canonical;
use crate::cel::{Env, EvalError, Program, Uses, Value};
use crate::handler::excerpt;
use crate::message::{Raw, Slot};

/// The earliest event that can decide a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Metadata alone.
    Open,
    /// The first message.
    Message,
    /// All messages.
    HalfClose,
}

/// What must hold for a rule to answer.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) equalities: Box<[Equality]>,
    /// The rest of `match`.
    pub(crate) deep: Option<Expected>,
    pub(crate) when: Option<When>,
    pub(crate) stage: Stage,
}

/// A CEL condition and its text.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) program: Program,
    pub(crate) source: String,
}

/// A singular scalar field of the request that must have a value.
#[derive(Debug)]
pub(crate) struct Equality {
    pub(crate) slot: Slot,
    pub(crate) kind: Kind,
    pub(crate) expected: Literal,
    /// What an unset field reads as.
    pub(crate) unset: Literal,
    /// The path as people write it.
    pub(crate) path: String,
}

/// Why a rule did not match.
#[derive(Debug)]
pub(crate) struct Difference {
    /// How many of its conditions held before.
    pub(crate) held: usize,
    pub(crate) text: String,
}

impl Condition {
    /// Compiles a rule's `match` and `when`.
    pub(crate) fn compile(
        compiler: &mut Compiler<'_>,
        pattern: Option<&Node>,
        when: Option<&Node>,
    ) -> Option<Self> {
        let before = compiler.problems.len();
        let mut equalities = Vec::new();
        let mut deep = None;
        if let Some(node) = pattern {
            let input = compiler.input.0.clone();
            if let Some(expected) = Expected::compile(compiler, node, &input) {
                let rest = split(compiler, expected, &mut Vec::new(), "", &mut equalities);
                deep = rest;
            }
        }
        let when = when.and_then(|node| {
            let source = node.key_text().unwrap_or_default();
            compiler.condition(node).map(|program| When { program, source })
        });
        if compiler.problems.len() > before {
            return None;
        }
        let uses = when.as_ref().map(|when| when.program.uses()).unwrap_or_default();
        let stage = match (pattern, uses) {
            (_, Uses { requests: true, .. }) => Stage::HalfClose,
            (Some(_), _) | (_, Uses { request: true, .. }) => Stage::Message,
            _ => Stage::Open,
        };
        Some(Self {
            equalities: equalities.into(),
            deep,
            when,
            stage,
        })
    }

    /// Whether every call matches.
    pub(crate) fn is_always(&self) -> bool {
        self.equalities.is_empty() && self.deep.is_none() && self.when.is_none()
    }

    /// Whether it holds. `decoded` is the request, decoded when someone first asks.
    pub(crate) fn holds(&self, env: &Env<'_>, decoded: &mut Decoded<'_>) -> Result<bool, EvalError> {
        if !self.equalities.iter().all(|equality| equality.holds(env)) {
            return Ok(false);
        }
        if let Some(deep) = &self.deep
            && decoded
                .get()
                .is_none_or(|message| deep.fits_message(message, "").is_err())
        {
            return Ok(false);
        }
        match &self.when {
            Some(when) => Ok(matches!(when.program.eval(env)?, Value::Bool(true))),
            None => Ok(true),
        }
    }

    /// The first thing that differs; nothing if the condition holds.
    pub(crate) fn difference(&self, env: &Env<'_>, decoded: &mut Decoded<'_>) -> Option<Difference> {
        let mut held = 0;
        if self.stage > Stage::Open && env.request.is_none() {
            return Some(Difference {
                held,
                text: "no message has come".to_owned(),
            });
        }
        for equality in &self.equalities {
            if !equality.holds(env) {
                let found = equality.found(env);
                let text = format!(
                    "{} is {}, not {}",
                    equality.path,
                    excerpt(&found),
                    equality.expected.show(&equality.kind)
                );
                return Some(Difference { held, text });
            }
            held += 1;
        }
        if let Some(deep) = &self.deep {
            let fits = decoded.get().map_or(Err("it cannot be decoded".to_owned()), |m| {
                deep.fits_message(m, "")
            });
            if let Err(text) = fits {
                return Some(Difference { held, text });
            }
            held += 1;
        }
        let when = self.when.as_ref()?;
        let text = match when.program.eval(env) {
            Ok(Value::Bool(true)) => return None,
            Ok(_) => format!("`{}` does not hold", when.source),
            Err(error) => format!("`{}` failed: {error}", when.source),
        };
        Some(Difference { held, text })
    }
}

/// Moves the equalities that a slot can tell out of a pattern; gives what is left of it.
fn split(
    compiler: &mut Compiler<'_>,
    expected: Expected,
    numbers: &mut Vec<u32>,
    path: &str,
    equalities: &mut Vec<Equality>,
) -> Option<Expected> {
    let Expected::Message(members) = expected else {
        return Some(expected);
    };
    let mut rest = Vec::new();
    for (field, name, member) in members {
        numbers.push(field.number);
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match member {
            Expected::Scalar(expected) if !field.repeated => {
                let slot = compiler.picker.slot(compiler.schema.layouts(), numbers);
                match slot {
                    Some(slot) => equalities.push(Equality {
                        slot,
                        unset: Literal::unset(&field),
                        kind: field.kind.clone(),
                        expected,
                        path,
                    }),
                    None => rest.push((field, name, Expected::Scalar(expected))),
                }
            }
            Expected::Message(members) if !field.repeated => {
                let inner = split(compiler, Expected::Message(members), numbers, &path, equalities);
                rest.extend(inner.map(|inner| (field, name, inner)));
            }
            other => rest.push((field, name, other)),
        }
        numbers.pop();
    }
    (!rest.is_empty()).then_some(Expected::Message(rest))
}

impl Equality {
    #[inline]
    pub(crate) fn holds(&self, env: &Env<'_>) -> bool {
        let Some((bytes, picked)) = env.request else {
            return false;
        };
        match picked.get(self.slot) {
            Raw::Absent | Raw::Present => self.unset.equals(&self.expected, &self.kind),
            Raw::Span(start, length) => match &self.expected {
                Literal::Bytes(expected) => bytes[start as usize..][..length as usize] == **expected,
                Literal::Bits(_) => false,
            },
            Raw::Varint(raw) => Literal::Bits(canonical(&self.kind, raw)).equals(&self.expected, &self.kind),
            Raw::Fixed32(bits) => Literal::Bits(bits.into()).equals(&self.expected, &self.kind),
            Raw::Fixed64(bits) => Literal::Bits(bits).equals(&self.expected, &self.kind),
        }
    }

    /// The value that is there, for people.
    fn found(&self, env: &Env<'_>) -> String {
        let Some((bytes, picked)) = env.request else {
            return "unset".to_owned();
        };
        let literal = match picked.get(self.slot) {
            Raw::Absent | Raw::Present => return "unset".to_owned(),
            Raw::Span(start, length) => Literal::Bytes(bytes[start as usize..][..length as usize].into()),
            Raw::Varint(raw) => Literal::Bits(canonical(&self.kind, raw)),
            Raw::Fixed32(bits) => Literal::Bits(bits.into()),
            Raw::Fixed64(bits) => Literal::Bits(bits),
        };
        literal.show(&self.kind)
    }
}

/// The request as a dynamic message, decoded once and only if some condition needs it.
#[derive(Debug)]
pub(crate) struct Decoded<'b> {
    source: Option<(prost_reflect::MessageDescriptor, &'b [u8])>,
    message: Option<DynamicMessage>,
}

impl<'b> Decoded<'b> {
    pub(crate) fn new(source: Option<(prost_reflect::MessageDescriptor, &'b [u8])>) -> Self {
        Self {
            source,
            message: None,
        }
    }

    fn get(&mut self) -> Option<&DynamicMessage> {
        if let Some((descriptor, bytes)) = self.source.take() {
            self.message = DynamicMessage::decode(descriptor, bytes).ok();
        }
        self.message.as_ref()
    }
}
