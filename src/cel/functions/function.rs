//! What a function is: its name, how it is called, the types that it takes and gives, and its code.

use std::fmt;

use crate::cel::budget::Budget;
use crate::cel::values::{EvalError, Evaluated, Type, Value};

/// No text that a function makes is longer than this, whatever a request asks for.
pub(in crate::cel) const MAX_BYTES: usize = 64 << 20;

/// The message that names fields of another.
const FIELD_MASK: &str = "google.protobuf.FieldMask";

/// A function of one number of arguments.
#[derive(Debug)]
pub(in crate::cel) struct Function {
    /// With its namespace (`math.abs`).
    pub(in crate::cel) name: &'static str,
    pub(in crate::cel) style: Style,
    pub(in crate::cel) code: Code,
    pub(in crate::cel) overloads: &'static [Overload],
}

/// How a function may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum Style {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Member,
    Both,
}

/// The code of a function, by its number of arguments.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) enum Code {
    One(for<'e> fn(Value<'e>) -> Evaluated<Value<'e>>),
    Two(for<'e> fn(Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    Three(for<'e> fn(Value<'e>, Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    Four(for<'e> fn(Value<'e>, Value<'e>, Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    /// One argument. It charges for what it does.
    Metered(for<'e> fn(Value<'e>, &Budget) -> Evaluated<Value<'e>>),
    /// Two arguments. It charges for what it does.
    MeteredTwo(for<'e> fn(Value<'e>, Value<'e>, &Budget) -> Evaluated<Value<'e>>),
    /// Whether something holds of two values; where both are texts, they are looked at where they stand.
    Test(
        for<'e> fn(Value<'e>, Value<'e>) -> Evaluated<Value<'e>>,
        fn(&str, &str) -> bool,
    ),
    /// Three arguments. It charges for what it does.
    MeteredThree(for<'e> fn(Value<'e>, Value<'e>, Value<'e>, &Budget) -> Evaluated<Value<'e>>),
    /// One argument or more, all of the first parameter's type.
    Many(for<'e> fn(Vec<Value<'e>>) -> Evaluated<Value<'e>>),
}

/// Types that a function takes, and the type that it then gives.
#[derive(Debug)]
pub(in crate::cel) struct Overload(
    pub(in crate::cel) &'static [Parameter],
    pub(in crate::cel) ResultType,
);

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum Parameter {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    /// An int, a uint or a double.
    Number,
    Text,
    Bytes,
    Enum,
    Duration,
    Timestamp,
    List,
    Ints,
    /// A list of numbers or of durations.
    Addends,
    Texts,
    Map,
    Message,
    FieldMask,
    Type,
}

/// The type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum ResultType {
    Is(Parameter),
    /// That of the first argument.
    First,
    /// That of the first argument's elements.
    Element,
}

impl Code {
    /// Whether it takes `count` arguments.
    pub(in crate::cel) fn takes(self, count: usize) -> bool {
        match self {
            Self::One(_) | Self::Metered(_) => count == 1,
            Self::Two(_) | Self::MeteredTwo(_) | Self::Test(..) => count == 2,
            Self::Three(_) | Self::MeteredThree(_) => count == 3,
            Self::Four(_) => count == 4,
            Self::Many(_) => count >= 1,
        }
    }
}

impl Function {
    /// A function that is called as `x.f()`.
    pub(super) const fn member(name: &'static str, code: Code, overloads: &'static [Overload]) -> Self {
        Self {
            name,
            style: Style::Member,
            code,
            overloads,
        }
    }

    /// A function that is called as `f(x)`.
    pub(super) const fn global(name: &'static str, code: Code, overloads: &'static [Overload]) -> Self {
        Self {
            name,
            style: Style::Global,
            code,
            overloads,
        }
    }

    /// The type of the result for arguments of these types, or `None` if it does not take them.
    pub(in crate::cel) fn result(&self, arguments: &[&Type]) -> Option<Type> {
        let fitting = self.overloads.iter().filter(|overload| overload.takes(arguments));
        let mut results = fitting.map(|overload| overload.1.type_for(arguments));
        if arguments.iter().any(|argument| argument.is_dyn()) {
            results.reduce(Type::join)
        } else {
            results.next()
        }
    }
}

impl Overload {
    /// Where the code takes many arguments, there may be more numbers than the overload has; a list stands alone.
    fn takes(&self, arguments: &[&Type]) -> bool {
        let more = arguments.len().saturating_sub(self.0.len());
        let parameters = self.0.iter().chain(std::iter::repeat_n(&self.0[0], more));
        let fits = arguments
            .iter()
            .zip(parameters)
            .all(|(argument, parameter)| parameter.takes(argument));
        fits && (more == 0 || self.0[0] != Parameter::List)
    }
}

impl Parameter {
    fn takes(self, argument: &Type) -> bool {
        if argument.is_dyn() {
            return true;
        }
        match self {
            Self::Any => true,
            Self::Bool => *argument == Type::Bool,
            Self::Int => *argument == Type::Int,
            Self::Uint => *argument == Type::Uint,
            Self::Double => *argument == Type::Double,
            Self::Number => matches!(argument, Type::Int | Type::Uint | Type::Double),
            Self::Text => *argument == Type::String,
            Self::Bytes => *argument == Type::Bytes,
            Self::Enum => matches!(argument, Type::Enum(_)),
            Self::Duration => *argument == Type::Duration,
            Self::Timestamp => *argument == Type::Timestamp,
            Self::List => matches!(argument, Type::List(_)),
            Self::Ints => matches!(argument, Type::List(element) if Self::Int.takes(element)),
            Self::Addends => {
                matches!(argument, Type::List(element) if element.is_dyn() || Self::Number.takes(element) || Self::Duration.takes(element))
            }
            Self::Texts => matches!(argument, Type::List(element) if Self::Text.takes(element)),
            Self::Map => matches!(argument, Type::Map(..)),
            Self::Message => matches!(argument, Type::Message(_)),
            Self::FieldMask => {
                matches!(argument, Type::Message(message) if message.full_name() == FIELD_MASK)
            }
            Self::Type => *argument == Type::Meta,
        }
    }

    fn to_type(self) -> Type {
        match self {
            Self::Any | Self::Number | Self::Enum | Self::Message | Self::FieldMask => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Text => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Duration => Type::Duration,
            Self::Timestamp => Type::Timestamp,
            Self::List | Self::Addends => Type::list(Type::Dyn),
            Self::Ints => Type::list(Type::Int),
            Self::Texts => Type::list(Type::String),
            Self::Map => Type::map(Type::Dyn, Type::Dyn),
            Self::Type => Type::Meta,
        }
    }
}

impl ResultType {
    fn type_for(self, arguments: &[&Type]) -> Type {
        match (self, arguments.first()) {
            (Self::Is(parameter), _) => parameter.to_type(),
            (Self::First, Some(first)) => (*first).clone(),
            (Self::Element, Some(Type::List(element))) => (**element).clone(),
            _ => Type::Dyn,
        }
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, parameter) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match parameter {
                Parameter::Enum => write!(f, "{comma}enum")?,
                Parameter::Number => write!(f, "{comma}number")?,
                Parameter::List => write!(f, "{comma}list")?,
                Parameter::Addends => write!(f, "{comma}list of numbers or durations")?,
                Parameter::Map => write!(f, "{comma}map")?,
                Parameter::Message => write!(f, "{comma}message")?,
                Parameter::FieldMask => write!(f, "{comma}{FIELD_MASK}")?,
                other => write!(f, "{comma}{}", other.to_type())?,
            }
        }
        f.write_str(")")
    }
}

/// A result that must not grow without bound.
pub(in crate::cel) fn bounded(name: &str, bytes: Option<usize>) -> Evaluated<usize> {
    match bytes {
        Some(bytes) if bytes <= MAX_BYTES => Ok(bytes),
        _ => Err(EvalError::without_values(format!(
            "{name} would make more than 64 MiB"
        ))),
    }
}
