//! The equalities with a literal that a condition cannot hold without.
//!
//! They are what an index of rules is made of: `request.id == "a"` and `metadata["x"] == "b"`, alone or joined by
//! `&&` with anything else.

use http::HeaderName;
use prost_reflect::Kind;

use super::operators::Relation;
use super::tree::Node;
use super::{Program, Value};
use crate::message::Slot;

/// Something of the call that must equal a literal.
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
    /// Equalities where, if one of them fails, the program does not give true.
    pub(crate) fn equalities(&self) -> Vec<Equality<'_>> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}

fn collect<'p>(node: &'p Node, found: &mut Vec<Equality<'p>>) {
    match node {
        Node::And(operands) => operands.iter().for_each(|operand| collect(operand, found)),
        Node::EqualText(false, operands)
        | Node::CompareInt(Relation::Equal, operands)
        | Node::Compare(Relation::Equal, operands) => {
            let ([read, Node::Const(expected)] | [Node::Const(expected), read]) = &**operands else {
                return;
            };
            match (read, expected) {
                (Node::Picked(slot, field), expected) => found.push(Equality::Field {
                    slot: *slot,
                    kind: &field.kind,
                    unset: &field.default,
                    expected,
                }),
                (Node::MetadataValue(name), Value::String(expected)) => {
                    found.push(Equality::Metadata { name, expected });
                }
                _ => {}
            }
        }
        _ => {}
    }
}
