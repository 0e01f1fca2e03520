//! The compiled form of an expression: every name is a place, and every operator is the one for its types.
//!
//! Where the compiler knows the types, it picks a typed form ([`TypedExpr::IntMath`], [`TypedExpr::DoubleMath`],
//! [`TypedExpr::CompareInt`], [`TypedExpr::EqualText`], [`TypedExpr::Concat`]), which runs without making a [`Value`].
//! Elsewhere the operator looks at the values.

use http::HeaderName;
use prost_reflect::MessageDescriptor;

use super::cost::Cost;
use super::encode::FieldInfo;
use super::fields::{FieldReader, NamedField, ValueForm};
use super::functions::Function;
use super::operators::{Math, Relation};
use super::pattern::Pattern;
use super::values::Value;
use crate::collection::Order;
use crate::message::Slot;
use crate::schema::LayoutId;

/// A part of an expression.
#[derive(Debug)]
pub(super) enum TypedExpr {
    Const(Value<'static>),

    /// A scalar field of the request, where the check left it.
    Picked(Slot, Box<FieldReader>),
    /// Whether a field of the request is set, as the check left it.
    HasPicked(Slot),
    /// A field of the request that has no slot, reached through its sub-messages.
    Path(Box<Path>),
    Request(MessageDescriptor, Option<ValueForm>),
    Requests(MessageDescriptor, Option<ValueForm>),
    RequestAt(MessageDescriptor, Option<ValueForm>, Box<TypedExpr>),
    RequestCount,
    Received,
    Metadata,
    MetadataValue(HeaderName),
    HasMetadata(HeaderName),
    /// What is at a path of the store; all of it, if there is no path.
    Stored(Box<[Segment]>),
    HasStored(Box<[Segment]>),
    /// How many elements or entries there are at a path of the store. There are none in what is absent.
    StoredSize(Box<[Segment]>),
    /// The messages of a collection.
    Rows(Box<Rows>),
    /// What is asked of the messages of a collection.
    Asked(Box<(Rows, Question)>),
    State(usize),
    Local(usize),
    /// A variable of a loop in a template: how many loops are between, and its place among the loop's own.
    Element(usize, usize),
    /// A variable of a macro, by its depth.
    Variable(usize),
    CallMethod,
    CallPeer,
    CallId,
    CallCount,
    Now,
    Random,
    Uuid,

    /// A field of a message.
    Field(Box<TypedExpr>, Box<FieldReader>),
    HasField(Box<TypedExpr>, Box<FieldReader>),
    /// An entry of a map, or a field of a message whose type is known only when it runs.
    Member(Box<TypedExpr>, Box<NamedField>),
    HasMember(Box<TypedExpr>, Box<NamedField>),
    /// What an `Any` holds.
    Unpack(Box<TypedExpr>),
    List(Box<[TypedExpr]>),
    Map(Box<[(TypedExpr, TypedExpr)]>),
    Message(Box<Construct>),
    Index(Box<[TypedExpr; 2]>),
    In(Box<[TypedExpr; 2]>),

    Not(Box<TypedExpr>),
    And(Box<[TypedExpr; 2]>),
    Or(Box<[TypedExpr; 2]>),
    If(Box<[TypedExpr; 3]>),
    Negate(Box<TypedExpr>),
    IntMath(Math, Box<[TypedExpr; 2]>),
    DoubleMath(Math, Box<[TypedExpr; 2]>),
    /// An int, converted to a double.
    ToDouble(Box<TypedExpr>),
    Math(Math, Box<[TypedExpr; 2]>),
    Concat(Box<[TypedExpr]>),
    CompareInt(Relation, Box<[TypedExpr; 2]>),
    /// Whether two texts are equal; with `true`, whether they differ.
    EqualText(bool, Box<[TypedExpr; 2]>),
    Compare(Relation, Box<[TypedExpr; 2]>),
    Matches(Box<TypedExpr>, Box<Pattern>),
    /// A text, and a pattern that is not known at load.
    MatchesPattern(Box<[TypedExpr; 2]>),
    /// The elements of a list, and of the lists in it down to a depth that is known at load.
    Flatten(Box<TypedExpr>, u64),
    /// A value as JSON.
    Json(Box<TypedExpr>),
    Call(&'static Function, Cost, Box<[TypedExpr]>),
    Loop(Box<Loop>),
}

/// A message that is made of the values of its fields.
#[derive(Debug)]
pub(super) struct Construct {
    pub(super) descriptor: MessageDescriptor,
    pub(super) layout: Option<LayoutId>,
    /// How the message reads, if it is one that CEL has a value for.
    pub(super) form: Option<ValueForm>,
    /// In the order of their numbers.
    pub(super) fields: Box<[(FieldInfo, TypedExpr)]>,
}

/// Messages of a collection.
#[derive(Debug)]
pub(super) struct Rows {
    /// Its place among the collections.
    pub(super) collection: usize,
    /// Its name, for messages to people.
    pub(super) name: Box<str>,
    pub(super) message: MessageDescriptor,
    pub(super) form: Option<ValueForm>,
    pub(super) order: Order,
    /// What holds for all of them, as the engine can find it.
    pub(super) conditions: Vec<RowCondition>,
    /// What else holds for each of them.
    pub(super) filters: Vec<RowFilter>,
}

/// That a field compares so with a value, which no row has a part in.
#[derive(Debug)]
pub(super) struct RowCondition {
    pub(super) field: FieldReader,
    pub(super) relation: Relation,
    pub(super) value: TypedExpr,
}

/// A condition of a row.
#[derive(Debug)]
pub(super) struct RowFilter {
    /// The place of the variable that is the row.
    pub(super) variable: usize,
    pub(super) condition: TypedExpr,
    pub(super) cost: u64,
}

/// What is asked of rows.
#[derive(Debug)]
pub(super) enum Question {
    /// The row of a key.
    Get(TypedExpr),
    /// Whether there is a row of a key.
    Has(TypedExpr),
    Count,
    First,
    Last,
    Sum(FieldReader),
    Average(FieldReader),
    Least(FieldReader),
    Greatest(FieldReader),
}

/// A part of a path in the store.
#[derive(Debug)]
pub(super) enum Segment {
    /// `.name`.
    Name(NamedField),
    /// `[key]`.
    Key(TypedExpr),
}

/// A field of the request, through singular sub-messages.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) way: Box<[FieldReader]>,
    pub(super) field: FieldReader,
}

/// A macro that goes over a list, or over the keys of a map.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: TypedExpr,
    /// The place of its variable.
    pub(super) variable: usize,
    /// The condition, the key or the element.
    pub(super) body: TypedExpr,
    /// The condition of a `map` with three arguments.
    pub(super) only_if: Option<TypedExpr>,
    /// What a round costs, apart from the loops in it and from what depends on the sizes of values.
    pub(super) cost: u64,
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

impl LoopKind {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" | "existsOne" => Self::ExistsOne,
            "map" => Self::Map,
            "filter" => Self::Filter,
            "sortBy" => Self::SortBy,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Map => "map",
            Self::Filter => "filter",
            Self::SortBy => "sortBy",
        }
    }
}
