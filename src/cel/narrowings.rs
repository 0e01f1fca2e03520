//! What must be true of one part of the call for a condition to hold, apart from [equalities](super::equalities): that a number is in a range,
//! that a text begins so, that something is there.
//!
//! The index of rules is made of them where rules have no equalities, or many the same ones.

use http::HeaderName;
use prost_reflect::Kind;

use super::operators::Relation;
use super::program::Program;
use super::typed::TypedExpr;
use super::values::Value;
use crate::message::Slot;

/// What must be true of one part of the call.
#[derive(Debug)]
pub(crate) enum Narrowing<'p> {
    /// An integer of the request is one of these. Either end may be beyond all that the field can have.
    Between {
        slot: Slot,
        kind: &'p Kind,
        unset: &'p Value<'static>,
        least: i128,
        most: i128,
    },
    /// A text of the request begins so.
    FieldBegins {
        slot: Slot,
        unset: &'p Value<'static>,
        begin: &'p str,
    },
    /// The client's metadata under that name begins so.
    MetadataBegins { name: &'p HeaderName, begin: &'p str },
    /// A field of the request is set.
    HasField(Slot),
    /// There is metadata of that name.
    HasMetadata(&'p HeaderName),
}

impl Program {
    /// What is true whenever the program gives true.
    pub(crate) fn narrowings(&self) -> Vec<Narrowing<'_>> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}

fn collect<'p>(expr: &'p TypedExpr, found: &mut Vec<Narrowing<'p>>) {
    match expr {
        TypedExpr::And(operands) => operands.iter().for_each(|operand| collect(operand, found)),
        TypedExpr::CompareInt(relation, operands) | TypedExpr::Compare(relation, operands) => {
            found.extend(between(*relation, operands));
        }
        TypedExpr::HasPicked(slot) => found.push(Narrowing::HasField(*slot)),
        TypedExpr::HasMetadata(name) => found.push(Narrowing::HasMetadata(name)),
        TypedExpr::Call(function, _, operands) if function.name == "startsWith" => {
            found.extend(match &**operands {
                [
                    TypedExpr::Picked(slot, field),
                    TypedExpr::Const(Value::String(begin)),
                ] if field.kind == Kind::String => {
                    let (slot, unset) = (*slot, &field.default);
                    Some(Narrowing::FieldBegins { slot, unset, begin })
                }
                [
                    TypedExpr::MetadataValue(name),
                    TypedExpr::Const(Value::String(begin)),
                ] => Some(Narrowing::MetadataBegins { name, begin }),
                _ => None,
            });
        }
        _ => {}
    }
}

/// The integers of which a comparison is true.
fn between(relation: Relation, operands: &[TypedExpr; 2]) -> Option<Narrowing<'_>> {
    let (slot, field, literal, relation) = match operands {
        [TypedExpr::Picked(slot, field), TypedExpr::Const(literal)] => (slot, field, literal, relation),
        [TypedExpr::Const(literal), TypedExpr::Picked(slot, field)] => {
            (slot, field, literal, relation.turned())
        }
        _ => return None,
    };
    let literal = match literal {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        _ => return None,
    };
    let (least, most) = match relation {
        Relation::Equal => (literal, literal),
        Relation::NotEqual => return None,
        Relation::Less => (i128::MIN, literal - 1),
        Relation::LessOrEqual => (i128::MIN, literal),
        Relation::Greater => (literal + 1, i128::MAX),
        Relation::GreaterOrEqual => (literal, i128::MAX),
    };
    Some(Narrowing::Between {
        slot: *slot,
        kind: &field.kind,
        unset: &field.default,
        least,
        most,
    })
}
