//! What is checked: a plan for each message type that has constraints, or that holds messages with constraints.
//!
//! A plan refers to others by their index, because types may be recursive.

use std::fmt;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;

use super::path::{PathElement, PathStep};
use crate::cel::{FieldReader, Program};
use crate::schema::LayoutId;

/// The index of a [`MessagePlan`] in its [`Plans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanId(pub(super) usize);

/// The plans of a message type, and of all that it holds.
#[derive(Debug, Default)]
pub(super) struct Plans {
    pub(super) list: Vec<MessagePlan>,
}

/// What is checked of a message.
pub(super) struct MessagePlan {
    pub(super) descriptor: MessageDescriptor,
    pub(super) layout: LayoutId,
    /// Constraints on the message as a whole.
    pub(super) constraints: Vec<Constraint>,
    pub(super) groups: Vec<Group>,
    pub(super) oneofs: Vec<RequiredOneof>,
    pub(super) fields: Vec<FieldPlan>,
    /// What to do with a field when it comes, in step with the layout's `fields`.
    pub(super) arrivals: Vec<Arrival>,
    /// How many slots there are.
    pub(super) slots: usize,
}

/// Prints only the name: prost-reflect's own `Debug` does not end for a recursive type.
impl fmt::Debug for MessagePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessagePlan")
            .field(&self.descriptor.full_name())
            .finish()
    }
}

/// What a field that comes fills, and what it clears.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrival {
    pub(super) slot: Option<usize>,
    /// The slots of the other members of its oneof.
    pub(super) clears: Vec<usize>,
}

/// Fields of which at most one may be set: `(buf.validate.message).oneof`.
#[derive(Debug)]
pub(super) struct Group {
    /// The slot of each, with its reader, which knows when it is set.
    pub(super) members: Vec<(usize, FieldReader)>,
    /// What is said if several are set.
    pub(super) if_several: Arc<About>,
    /// What is said if none is set and one must be.
    pub(super) if_none: Option<Arc<About>>,
}

/// A oneof of which one member must be set.
#[derive(Debug)]
pub(super) struct RequiredOneof {
    pub(super) element: Arc<PathElement>,
    /// What is said if none is set.
    pub(super) about: Arc<About>,
    /// The slots of its members.
    pub(super) slots: Vec<usize>,
}

/// What is checked of a field.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) slot: usize,
    pub(super) element: Arc<PathElement>,
    pub(super) reader: FieldReader,
    /// What is said if it is not set and must be.
    pub(super) required: Option<Arc<About>>,
    /// Whether nothing is checked if it is not set.
    pub(super) skip_unset: bool,
    pub(super) value: ValuePlan,
}

/// What is checked of a value: of a field, an element of a list, or a key or value of a map.
#[derive(Debug, Default)]
pub(super) struct ValuePlan {
    /// Whether nothing is checked if it is the zero of its type. Not for a field, which is unset then.
    pub(super) skip_zero: bool,
    pub(super) constraints: Vec<Constraint>,
    /// The rules that have no expression.
    pub(super) natives: Vec<Native>,
    /// The plan of the message that it is.
    pub(super) message: Option<PlanId>,
    /// The plan of the elements of a list, and their reader.
    pub(super) items: Option<Box<ValuePlan>>,
    pub(super) keys: Option<Box<ValuePlan>>,
    pub(super) values: Option<Box<ValuePlan>>,
}

/// An expression that must give true, or an empty text.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) program: Program,
    pub(super) about: Arc<About>,
}

/// What a violation of a constraint says.
#[derive(Debug)]
pub(super) struct About {
    pub(super) id: Box<str>,
    /// Where the expression gives no text itself.
    pub(super) message: Box<str>,
    /// The way to the rule in `buf.validate.FieldRules`; empty for constraints on messages.
    pub(super) rule: Box<[PathStep]>,
}

impl About {
    /// Whether it is a rule of `validate.proto`, such as `string.pattern`, rather than one that users wrote.
    pub(super) fn is_standard(&self) -> bool {
        let is_written = |step: &PathStep| {
            step.element.is_extension() || step.element.is_named(&["cel", "cel_expression"])
        };
        !self.rule.is_empty() && !self.rule.iter().any(is_written)
    }
}

/// A rule that no expression says.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) check: NativeCheck,
    pub(super) about: Arc<About>,
}

/// What a rule without an expression asks.
#[derive(Debug)]
pub(super) enum NativeCheck {
    /// `enum.defined_only`: one of these, which are sorted.
    DefinedOnly(Box<[i32]>),
    /// `any.in`: one of these type URLs.
    AnyIn(Box<[String]>),
    /// `any.not_in`: none of these.
    AnyNotIn(Box<[String]>),
}

impl ValuePlan {
    /// Whether there is nothing to check.
    pub(super) fn is_empty(&self) -> bool {
        self.constraints.is_empty()
            && self.natives.is_empty()
            && self.message.is_none()
            && self.items.is_none()
            && self.keys.is_none()
            && self.values.is_none()
    }

    /// Whether something is checked of the value as a whole, rather than of its parts.
    pub(super) fn is_about_value(&self) -> bool {
        !self.constraints.is_empty() || !self.natives.is_empty()
    }
}
