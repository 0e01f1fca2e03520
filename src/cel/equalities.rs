//! The equalities with literals that must be true for a condition to hold.
//!
//! The index of rules is made of them: `request.id == "a"` and `metadata["x"] == "b"`, alone or joined by
//! `&&` with anything else.

use http::HeaderName;
use prost_reflect::Kind;

use super::operators::Relation;
use super::program::Program;
use super::typed::TypedExpr;
use super::values::Value;
use crate::message::Slot;

/// A part of the call that must equal a literal.
#[derive(Debug)]
pub(crate) enum Equality<'p> {
    /// A singular field of the request.
    Field {
        slot: Slot,
        kind: &'p Kind,
        /// What the field reads as when it is unset.
        unset: &'p Value<'static>,
        expected: &'p Value<'static>,
    },
    /// The client's metadata under that name.
    Metadata { name: &'p HeaderName, expected: &'p str },
}

impl Program {
    /// The equalities that all hold whenever the program gives true.
    pub(crate) fn equalities(&self) -> Vec<Equality<'_>> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}

fn collect<'p>(expr: &'p TypedExpr, found: &mut Vec<Equality<'p>>) {
    match expr {
        TypedExpr::And(operands) => operands.iter().for_each(|operand| collect(operand, found)),
        TypedExpr::EqualText(false, operands)
        | TypedExpr::CompareInt(Relation::Equal, operands)
        | TypedExpr::Compare(Relation::Equal, operands) => {
            let ([read, TypedExpr::Const(expected)] | [TypedExpr::Const(expected), read]) = &**operands
            else {
                return;
            };
            match (read, expected) {
                (TypedExpr::Picked(slot, field), expected) => found.push(Equality::Field {
                    slot: *slot,
                    kind: &field.kind,
                    unset: &field.default,
                    expected,
                }),
                (TypedExpr::MetadataValue(name), Value::String(expected)) => {
                    found.push(Equality::Metadata { name, expected });
                }
                _ => {}
            }
        }
        _ => {}
    }
}
