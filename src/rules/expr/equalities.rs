//! The equalities of a field with a literal that a condition cannot hold without.
//!
//! They are what an index of rules is made of: `request.id == "a"`, alone or joined by `&&` with anything else.

use prost_reflect::Kind;

use super::operators::Relation;
use super::tree::Node;
use super::{Program, Value};
use crate::message::Slot;

/// A singular field of the request that must equal a literal.
#[derive(Debug)]
pub(crate) struct FieldEquality<'p> {
    pub(crate) slot: Slot,
    pub(crate) kind: &'p Kind,
    /// What the field reads as when it is unset.
    pub(crate) unset: &'p Value<'static>,
    pub(crate) expected: &'p Value<'static>,
}

impl Program {
    /// Equalities of text and of whole numbers; where one of them fails, the program does not give true.
    pub(crate) fn equalities(&self) -> Vec<FieldEquality<'_>> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}

fn collect<'p>(node: &'p Node, found: &mut Vec<FieldEquality<'p>>) {
    match node {
        Node::And(operands) => operands.iter().for_each(|operand| collect(operand, found)),
        Node::EqualText(false, operands) | Node::CompareInt(Relation::Equal, operands) => {
            if let [Node::Picked(slot, field), Node::Const(expected)]
            | [Node::Const(expected), Node::Picked(slot, field)] = &**operands
            {
                found.push(FieldEquality {
                    slot: *slot,
                    kind: &field.kind,
                    unset: &field.default,
                    expected,
                });
            }
        }
        _ => {}
    }
}
