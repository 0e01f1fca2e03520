//! Operators: the form that fits the types is chosen here.

use cel::common::ast::{CallExpr, IdedExpr, operators};

use super::{Compiler, Typed};
use crate::cel::operators::{Math, Relation};
use crate::cel::tree::Node;
use crate::cel::{Type, Value};

impl Compiler<'_, '_> {
    /// The operator that a call stands for, or nothing if it is a function.
    pub(super) fn operator(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        Some(match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => self.logic(a, b, "&&", Node::And),
            (operators::LOGICAL_OR, [a, b]) => self.logic(a, b, "||", Node::Or),
            (operators::LOGICAL_NOT, [a]) => {
                let operand = self.condition(a, "!");
                self.combine(vec![operand], Type::Bool, |nodes| Node::Not(single(nodes)))
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                let condition = self.condition(condition, "?:");
                let (then, otherwise) = (self.expr(then), self.expr(otherwise));
                let value_type = then.value_type.clone().join(otherwise.value_type.clone());
                self.combine(vec![condition, then, otherwise], value_type, |nodes| {
                    Node::If(Box::new(nodes.try_into().expect("there are three parts")))
                })
            }
            (operators::NEGATE, [a]) => self.negation(expr, a),
            (operators::INDEX, [container, key]) => self.index(expr, container, key),
            (operators::IN, [value, container]) => self.contained(value, container),
            (name, [a, b]) => match (Math::of_name(name), Relation::of_name(name)) {
                (Some(math), _) => self.math(expr, math, a, b),
                (_, Some(relation)) => self.comparison(expr, relation, a, b),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// An operand that has to be a bool.
    pub(super) fn condition(&mut self, operand: &IdedExpr, operator: &str) -> Typed {
        let typed = self.expr(operand).unpacked();
        if typed.value_type.may_be_bool() {
            return typed;
        }
        self.problem(
            self.parsed.span(operand),
            format!("`{operator}` takes a bool, not {}", typed.value_type),
        )
    }

    fn logic(&mut self, a: &IdedExpr, b: &IdedExpr, symbol: &str, node: fn(Box<[Node; 2]>) -> Node) -> Typed {
        let parts = vec![self.condition(a, symbol), self.condition(b, symbol)];
        self.combine(parts, Type::Bool, |nodes| node(pair(nodes)))
    }

    fn negation(&mut self, expr: &IdedExpr, operand: &IdedExpr) -> Typed {
        let operand = self.expr(operand).unpacked();
        let value_type = match &operand.value_type {
            Type::Enum(_) => Type::Int,
            known @ (Type::Int | Type::Double | Type::Dyn) => known.clone(),
            other => {
                let message = format!("`-` does not take {other}");
                return self.problem(self.parsed.span(expr), message);
            }
        };
        self.combine(vec![operand], value_type, |nodes| Node::Negate(single(nodes)))
    }

    fn math(&mut self, expr: &IdedExpr, math: Math, a: &IdedExpr, b: &IdedExpr) -> Typed {
        let (left, right) = (self.expr(a).unpacked(), self.expr(b).unpacked());
        let Some(value_type) = math.result(&left.value_type, &right.value_type) else {
            let (symbol, left, right) = (math.symbol(), &left.value_type, &right.value_type);
            let hint = match (math, left, right) {
                (Math::Add, Type::String, _) | (Math::Add, _, Type::String) => {
                    Some("`string(…)` makes text of a value".to_owned())
                }
                (_, left, right) if left.may_be_number() && right.may_be_number() => Some(
                    "CEL does not mix types of numbers: convert with `int(…)`, `uint(…)` or `double(…)`"
                        .to_owned(),
                ),
                _ => None,
            };
            let message = format!("`{symbol}` does not take {left} and {right}");
            self.problem(self.parsed.span(expr), message);
            if let Some(hint) = hint {
                self.hint(hint);
            }
            return Typed::unknown();
        };
        let are_ints = is_int(&left.value_type) && is_int(&right.value_type);
        let are_doubles = left.value_type == Type::Double && right.value_type == Type::Double;
        let are_texts = left.value_type == Type::String && right.value_type == Type::String;
        self.combine(vec![left, right], value_type, |nodes| {
            if are_ints {
                Node::IntMath(math, pair(nodes))
            } else if are_doubles {
                Node::DoubleMath(math, pair(nodes))
            } else if are_texts {
                concat(nodes)
            } else {
                Node::Math(math, pair(nodes))
            }
        })
    }

    fn comparison(&mut self, expr: &IdedExpr, relation: Relation, a: &IdedExpr, b: &IdedExpr) -> Typed {
        let (left, right) = (self.expr(a).unpacked(), self.expr(b).unpacked());
        let fits = if relation.is_equality() {
            left.value_type.may_equal(&right.value_type)
        } else {
            left.value_type.may_compare(&right.value_type)
        };
        if !fits {
            let (symbol, left, right) = (relation.symbol(), &left.value_type, &right.value_type);
            let message = format!("`{symbol}` does not take {left} and {right}");
            return self.problem(self.parsed.span(expr), message);
        }
        let (left, right) = (self.enum_operand(left, &right, a), right);
        let right = self.enum_operand(right, &left, b);
        self.compared(relation, left, right)
    }

    /// A comparison of operands that can be compared, in the form that fits their types.
    pub(super) fn compared(&mut self, relation: Relation, left: Typed, right: Typed) -> Typed {
        let are_ints = is_int(&left.value_type) && is_int(&right.value_type);
        let are_texts = left.value_type == Type::String && right.value_type == Type::String;
        self.combine(vec![left, right], Type::Bool, |nodes| match relation {
            _ if are_ints => Node::CompareInt(relation, pair(nodes)),
            Relation::Equal if are_texts => Node::EqualText(false, pair(nodes)),
            Relation::NotEqual if are_texts => Node::EqualText(true, pair(nodes)),
            _ => Node::Compare(relation, pair(nodes)),
        })
    }

    /// The name of an enum value as its number, where it is known and compared with that enum.
    fn enum_operand(&mut self, operand: Typed, other: &Typed, expr: &IdedExpr) -> Typed {
        let (Type::Enum(descriptor), Some(name)) = (&other.value_type, operand.constant_text()) else {
            return operand;
        };
        match self.enum_number(descriptor, name, &self.parsed.span(expr)) {
            Some(number) => Typed::constant(Value::Int(i64::from(number)), Type::Int),
            None => Typed::unknown(),
        }
    }
}

/// Whether the node gives an int, or an enum to be taken by its number.
fn is_int(value_type: &Type) -> bool {
    matches!(value_type, Type::Int | Type::Enum(_))
}

#[expect(clippy::unnecessary_box_returns, reason = "nodes hold their parts in boxes")]
pub(super) fn pair(nodes: Vec<Node>) -> Box<[Node; 2]> {
    Box::new(nodes.try_into().expect("there are two parts"))
}

#[expect(clippy::unnecessary_box_returns, reason = "nodes hold their parts in boxes")]
fn single(mut nodes: Vec<Node>) -> Box<Node> {
    Box::new(nodes.remove(0))
}

/// `a + b + c` as one node.
fn concat(nodes: Vec<Node>) -> Node {
    let parts = nodes.into_iter().flat_map(|node| match node {
        Node::Concat(parts) => parts.into_vec(),
        other => vec![other],
    });
    Node::Concat(parts.collect())
}
