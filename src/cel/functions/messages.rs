//! Functions of messages that are no part of CEL.

use super::function::{Code, Function, Overload, Parameter, ResultType};
use crate::cel::encode::{update, update_by_mask};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::global(
        "update",
        Code::MeteredTwo(update),
        &[
            Overload(&[Parameter::Message, Parameter::Message], ResultType::First),
            Overload(&[Parameter::Map, Parameter::Message], ResultType::First),
        ],
    ),
    Function::global(
        "update",
        Code::MeteredThree(update_by_mask),
        &[
            Overload(
                &[Parameter::Message, Parameter::Message, Parameter::FieldMask],
                ResultType::First,
            ),
            Overload(
                &[Parameter::Map, Parameter::Message, Parameter::FieldMask],
                ResultType::First,
            ),
        ],
    ),
];
