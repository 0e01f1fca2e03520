//! A compiled expression: every name is a place, every operator is that of its types.
//!
//! Where the compiler knows the types a node is a typed one ([`Node::IntMath`], [`Node::DoubleMath`],
//! [`Node::CompareInt`], [`Node::EqualText`], [`Node::Concat`]) and runs without making a [`Value`]; elsewhere the operator looks at the
//! values.

use http::HeaderName;
use prost_reflect::MessageDescriptor;
use regex::Regex;

use super::Value;
use super::field::Field;
use super::functions::Function;
use super::operators::{Math, Relation};
use super::well_known::WellKnown;
use crate::message::Slot;

/// A part of an expression.
#[derive(Debug)]
pub(super) enum Node {
    Const(Value<'static>),

    /// A scalar field of the request, where the check left it.
    Picked(Slot, Box<Field>),
    /// Whether a field of the request is set, as the check left it.
    HasPicked(Slot),
    /// A field of the request that has no slot, by way of sub-messages.
    Path(Box<Path>),
    Request(MessageDescriptor, Option<WellKnown>),
    Requests(MessageDescriptor, Option<WellKnown>),
    RequestAt(MessageDescriptor, Option<WellKnown>, Box<Node>),
    RequestCount,
    Received,
    Metadata,
    MetadataValue(HeaderName),
    HasMetadata(HeaderName),
    /// All variables that calls share.
    Store,
    StoreValue(Box<Node>),
    HasStore(Box<Node>),
    State(usize),
    Local(usize),
    /// A variable of a macro, by its depth.
    Variable(usize),
    CallMethod,
    CallPeer,
    CallId,
    Now,
    Random,
    Uuid,

    /// A field of a message.
    Field(Box<Node>, Box<Field>),
    HasField(Box<Node>, Box<Field>),
    /// An entry of a map, or a field of a message whose type is known only when it runs.
    Member(Box<Node>, Box<str>),
    HasMember(Box<Node>, Box<str>),
    /// What an `Any` holds.
    Unpack(Box<Node>),
    List(Box<[Node]>),
    Map(Box<[(Node, Node)]>),
    Index(Box<[Node; 2]>),
    In(Box<[Node; 2]>),

    Not(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Negate(Box<Node>),
    IntMath(Math, Box<[Node; 2]>),
    DoubleMath(Math, Box<[Node; 2]>),
    /// An int, made a double.
    ToDouble(Box<Node>),
    Math(Math, Box<[Node; 2]>),
    Concat(Box<[Node]>),
    CompareInt(Relation, Box<[Node; 2]>),
    /// Whether two texts are equal; the flag turns it round.
    EqualText(bool, Box<[Node; 2]>),
    Compare(Relation, Box<[Node; 2]>),
    Matches(Box<Node>, Box<Regex>),
    Call(&'static Function, Box<[Node]>),
    Loop(Box<Loop>),
}

/// A field of the request, through singular sub-messages.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) way: Box<[Field]>,
    pub(super) field: Field,
}

/// A macro that goes over a list, or over the keys of a map.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Node,
    /// The place of its variable.
    pub(super) variable: usize,
    /// The condition, the key or the element.
    pub(super) body: Node,
    /// The condition of a `map` with three arguments.
    pub(super) only_if: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    SortBy,
}
