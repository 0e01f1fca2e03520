//! When a rule matches: `metadata`, `match`, a partial message, and `when`, a CEL condition.

use http::HeaderName;
use prost_reflect::Kind;

use super::pattern::Pattern;
use super::wire_scalar::WireScalar;
use crate::cel::{Program, Uses};
use crate::message::Slot;

/// The earliest event at which a condition can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The begin of the call: only metadata is needed.
    Open,
    /// The first message.
    Message,
    /// Half-close: all messages are needed.
    HalfClose,
}

impl Stage {
    /// When everything is there that an expression reads. The first message of a method that takes one is also all of them.
    pub(crate) fn of(uses: Uses, client_streaming: bool) -> Self {
        if client_streaming && uses.reads_all_messages() {
            Self::HalfClose
        } else if uses.reads_messages() {
            Self::Message
        } else {
            Self::Open
        }
    }
}

/// What must hold for a rule to match.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) metadata: Box<[MetadataCondition]>,
    pub(crate) equalities: Box<[Equality]>,
    /// The rest of `match`, which is compared with the decoded message.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) when: Option<Box<When>>,
    pub(crate) stage: Stage,
}

/// What is expected of the client's metadata under one name.
#[derive(Debug)]
pub(crate) struct MetadataCondition {
    pub(crate) name: HeaderName,
    pub(crate) expected: ExpectedMetadata,
}

/// What metadata must be.
#[derive(Debug)]
pub(crate) enum ExpectedMetadata {
    Absent,
    /// There, with whatever value.
    Present,
    /// One of these. Several values that were sent are joined by `, `, as in expressions.
    AnyOf(Box<[Box<str>]>),
    /// One of these, in base64.
    AnyOfBytes(Box<[Box<[u8]>]>),
    /// Anything else; absent, too.
    Not(Box<ExpectedMetadata>),
}

/// A CEL condition and its text.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) program: Program,
    pub(crate) source: String,
    /// Where it stands in the file.
    pub(crate) at: usize,
}

/// What is expected of a singular field of the request.
#[derive(Debug)]
pub(crate) struct Equality {
    pub(crate) slot: Slot,
    pub(crate) kind: Kind,
    pub(crate) expected: Expected,
    /// What an unset field reads as.
    pub(crate) unset: WireScalar,
    /// The path of the field as the rule writes it.
    pub(crate) path: String,
}

/// What a field must be.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Set, to whatever value.
    Set,
    /// That value; an unset field has its default.
    Value(WireScalar),
    /// Set to that value.
    SetTo(WireScalar),
}

impl Expected {
    /// The value, if it must be a certain one.
    pub(crate) fn value(&self) -> Option<&WireScalar> {
        match self {
            Self::Set => None,
            Self::Value(value) | Self::SetTo(value) => Some(value),
        }
    }
}

impl Condition {
    /// Whether it holds for every call.
    pub(crate) fn is_always(&self) -> bool {
        self.metadata.is_empty()
            && self.equalities.is_empty()
            && self.pattern.is_none()
            && self.when.is_none()
    }
}
