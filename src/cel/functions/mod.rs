//! The functions of the language: their names, the types that they take, and the code that runs.
//!
//! Names and meanings are those of the CEL specification and its extensions, and a few of our own. A call is
//! resolved at load by name, number of arguments and types; the code looks at the values again, since an argument
//! may be [`Type::Dyn`]. Operators are in [`operators`](super::operators), macros in the compiler.

mod convert;
mod encode;
mod format;
mod lists;
mod math;
mod strings;
mod time;

use std::fmt;

pub(super) use self::convert::{duration_of, text_of};
pub(super) use self::lists::sort_by_keys;
pub(super) use self::time::{in_duration_range, in_timestamp_range, total_nanos};
use super::{EvalError, Type, Value};

/// The result of a function or an operator.
pub(super) type Evaluated<T> = Result<T, EvalError>;

/// No text that a function makes is longer than this, whatever a request asks for.
const MAX_BYTES: usize = 64 << 20;

/// A function of one number of arguments.
#[derive(Debug)]
pub(super) struct Function {
    /// With its namespace (`math.abs`).
    pub(super) name: &'static str,
    pub(super) style: Style,
    pub(super) code: Code,
    pub(super) overloads: &'static [Overload],
}

/// How a function may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Member,
    Both,
}

/// What runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code {
    One(for<'e> fn(Value<'e>) -> Evaluated<Value<'e>>),
    Two(for<'e> fn(Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    Three(for<'e> fn(Value<'e>, Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    Four(for<'e> fn(Value<'e>, Value<'e>, Value<'e>, Value<'e>) -> Evaluated<Value<'e>>),
    /// One argument or more, all of the first parameter's type.
    Many(for<'e> fn(Vec<Value<'e>>) -> Evaluated<Value<'e>>),
}

/// Types that a function takes, and the type that it then gives.
#[derive(Debug)]
pub(super) struct Overload(pub(super) &'static [P], pub(super) R);

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum P {
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
    Texts,
    Map,
    Type,
}

/// The type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum R {
    Is(P),
    /// That of the first argument.
    First,
    /// That of the first argument's elements.
    Element,
}

/// Every function, by family.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [
        convert::FUNCTIONS,
        encode::FUNCTIONS,
        lists::FUNCTIONS,
        math::FUNCTIONS,
        strings::FUNCTIONS,
        time::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

impl Code {
    /// Whether it takes `count` arguments.
    pub(super) fn takes(self, count: usize) -> bool {
        match self {
            Self::One(_) => count == 1,
            Self::Two(_) => count == 2,
            Self::Three(_) => count == 3,
            Self::Four(_) => count == 4,
            Self::Many(_) => count >= 1,
        }
    }
}

impl Function {
    /// The type of the result for arguments of these types, or nothing if it does not take them.
    pub(super) fn result(&self, arguments: &[&Type]) -> Option<Type> {
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
    /// Numbers may be more than the overload says, where the code takes many; a list stands alone.
    fn takes(&self, arguments: &[&Type]) -> bool {
        let more = arguments.len().saturating_sub(self.0.len());
        let parameters = self.0.iter().chain(std::iter::repeat_n(&self.0[0], more));
        let fits = arguments
            .iter()
            .zip(parameters)
            .all(|(argument, parameter)| parameter.takes(argument));
        fits && (more == 0 || self.0[0] != P::List)
    }
}

impl P {
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
            Self::Texts => matches!(argument, Type::List(element) if Self::Text.takes(element)),
            Self::Map => matches!(argument, Type::Map(..)),
            Self::Type => *argument == Type::Meta,
        }
    }

    fn to_type(self) -> Type {
        match self {
            Self::Any | Self::Number | Self::Enum => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Text => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Duration => Type::Duration,
            Self::Timestamp => Type::Timestamp,
            Self::List => Type::list(Type::Dyn),
            Self::Ints => Type::list(Type::Int),
            Self::Texts => Type::list(Type::String),
            Self::Map => Type::map(Type::Dyn, Type::Dyn),
            Self::Type => Type::Meta,
        }
    }
}

impl R {
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
                P::Enum => write!(f, "{comma}enum")?,
                P::Number => write!(f, "{comma}number")?,
                P::List => write!(f, "{comma}list")?,
                P::Map => write!(f, "{comma}map")?,
                other => write!(f, "{comma}{}", other.to_type())?,
            }
        }
        f.write_str(")")
    }
}

/// The values of a call do not fit any overload; only arguments whose type was not known at load get here.
pub(super) fn no_overload<'e>(name: &str, arguments: &[&Value<'_>]) -> Evaluated<Value<'e>> {
    let types: Vec<&str> = arguments.iter().map(|argument| argument.type_name()).collect();
    Err(EvalError::new(format!(
        "{name} does not take ({})",
        types.join(", ")
    )))
}

/// A result that must not grow without bound.
fn bounded(name: &str, bytes: Option<usize>) -> Evaluated<usize> {
    match bytes {
        Some(bytes) if bytes <= MAX_BYTES => Ok(bytes),
        _ => Err(EvalError::new(format!("{name} would make more than 64 MiB"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_guide_names_every_function() {
        let guide = include_str!("../../../docs/rules.md");
        let (_, table) = guide.split_once("### Functions").expect("it has such a part");
        let (table, _) = table.split_once("\n## ").expect("others come after it");
        let code = table.split('`').skip(1).step_by(2);
        let words: HashSet<&str> = code
            .flat_map(|code| code.split(|c: char| !c.is_alphanumeric()))
            .collect();
        for function in all() {
            let name = function.name.rsplit('.').next().expect("a name has a last part");
            assert!(words.contains(name), "{}", function.name);
        }
    }
}
