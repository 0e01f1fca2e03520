//! What an expression may name, as the compiler sees it.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::values::{Type, Value};
use crate::message::Picker;
use crate::schema::{LayoutId, Schema};

/// The names that an expression may use and their types, at load.
#[derive(Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) schema: &'s Schema,
    /// The type in which names of other types are looked up first, and then in its package and in those around it.
    pub(crate) within: &'s str,
    /// The type of `request`, `None` where there is no request: in an `open` event, or in a condition on metadata alone.
    pub(crate) request: Option<(MessageDescriptor, LayoutId)>,
    /// Whether it is known how often the rule has answered: not in its own conditions.
    pub(crate) counted: bool,
    /// Gives a slot to each singular field path of `request` that the expression reads.
    pub(crate) picker: &'s mut Picker,
    /// The variables of `state`: their index is their place in [`Env::state`].
    pub(crate) state: &'s [(String, Type)],
    /// Counters and elements (`as: n`), innermost last: their index is their place in [`Env::locals`].
    pub(crate) locals: &'s [(String, Type)],
    /// The variables of the loops of a template, innermost last. A loop has one or two.
    pub(crate) rounds: &'s [Vec<(String, Type)>],
    /// The collections: their index is their place in [`Env::collections`].
    pub(crate) collections: &'s [CollectionType],
    /// What a constraint is about. It names nothing else but `now`.
    pub(crate) constraint: Option<ConstraintScope>,
}

/// A collection, as expressions see it.
#[derive(Debug, Clone)]
pub(crate) struct CollectionType {
    pub(crate) name: String,
    /// The type of its messages.
    pub(crate) message: MessageDescriptor,
    /// The field of its messages by which they are found, if it has one.
    pub(crate) key: Option<FieldDescriptor>,
}

/// The names of a constraint, which is run on one value.
#[derive(Debug)]
pub(crate) struct ConstraintScope {
    /// The type of `this`, the value.
    pub(crate) this: Type,
    /// Names that stand for constants: `rules`, `rule`.
    pub(crate) constants: Vec<(&'static str, Type, Value<'static>)>,
}
