//! Operators between operands: `a + b * c == d && e`.
//!
//! What waits for its right operand is kept on a stack of the parser's own. A function for each precedence would
//! recurse several times for each bracket, and the thread's stack is small.

use std::ops::Range;

use super::lexer::TokenKind;
use super::parser::{Parsed, Parser};
use super::tree::{BinaryOperator, Expr, ExprKind};

/// A part and its place, with the brackets around it.
struct Operand {
    expr: Expr,
    span: Range<usize>,
}

/// A left operand and its operator.
struct Waiting {
    left: Operand,
    operator: BinaryOperator,
    /// The place of the operator among the tokens.
    place: usize,
}

impl Parser<'_> {
    /// One operand, or several with operators between them.
    pub(super) fn operators(&mut self) -> Parsed<Expr> {
        let mut waiting = Vec::new();
        loop {
            let start = self.start();
            let expr = self.unary()?;
            let span = start..self.end();
            let next = binary_operator(self.kind());
            let left = self.joined(&mut waiting, Operand { expr, span }, next)?;
            let Some(operator) = next else {
                return Ok(left.expr);
            };
            waiting.push(Waiting {
                left,
                operator,
                place: self.place,
            });
            self.place += 1;
        }
    }

    /// Joins an operand with those that wait for it: all that bind tighter than the next operator.
    fn joined(
        &mut self,
        waiting: &mut Vec<Waiting>,
        mut right: Operand,
        next: Option<BinaryOperator>,
    ) -> Parsed<Operand> {
        while let Some(last) = waiting.pop_if(|last| last.operator.is_before(next)) {
            right = if last.operator.is_logical() {
                let mut chain = vec![last];
                while let Some(last) = waiting.pop_if(|last| last.operator == chain[0].operator) {
                    chain.push(last);
                }
                chain.reverse();
                let (operator, place) = (chain[0].operator, chain[0].place);
                let mut operands: Vec<Operand> = chain.into_iter().map(|part| part.left).collect();
                operands.push(right);
                self.balanced(operator, operands, place)?
            } else {
                self.pair(last.operator, last.left, right, last.place)?
            };
        }
        Ok(right)
    }

    /// `a && b && c`: a chain is a balanced tree, so that a long one is not deep.
    fn balanced(
        &mut self,
        operator: BinaryOperator,
        mut operands: Vec<Operand>,
        place: usize,
    ) -> Parsed<Operand> {
        if operands.len() == 1 {
            return Ok(operands.remove(0));
        }
        let right = operands.split_off(operands.len().div_ceil(2));
        let left = self.balanced(operator, operands, place)?;
        let right = self.balanced(operator, right, place)?;
        self.pair(operator, left, right, place)
    }

    fn pair(
        &mut self,
        operator: BinaryOperator,
        left: Operand,
        right: Operand,
        place: usize,
    ) -> Parsed<Operand> {
        let span = left.span.start..right.span.end;
        let parts = Box::new([left.expr, right.expr]);
        let expr = self.built(ExprKind::Binary(operator, parts), span.clone(), place)?;
        Ok(Operand { expr, span })
    }
}

impl BinaryOperator {
    /// Whether it takes an operand before the operator that comes next does. A chain of `&&` or `||` is joined
    /// once it is whole.
    fn is_before(self, next: Option<Self>) -> bool {
        next.is_none_or(|next| {
            self.precedence() > next.precedence()
                || self.precedence() == next.precedence() && !self.is_logical()
        })
    }

    fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }
}

fn binary_operator(kind: TokenKind) -> Option<BinaryOperator> {
    Some(match kind {
        TokenKind::Or => BinaryOperator::Or,
        TokenKind::And => BinaryOperator::And,
        TokenKind::Equal => BinaryOperator::Equal,
        TokenKind::NotEqual => BinaryOperator::NotEqual,
        TokenKind::Less => BinaryOperator::Less,
        TokenKind::LessOrEqual => BinaryOperator::LessOrEqual,
        TokenKind::Greater => BinaryOperator::Greater,
        TokenKind::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
        TokenKind::In => BinaryOperator::In,
        TokenKind::Plus => BinaryOperator::Add,
        TokenKind::Minus => BinaryOperator::Subtract,
        TokenKind::Star => BinaryOperator::Multiply,
        TokenKind::Slash => BinaryOperator::Divide,
        TokenKind::Percent => BinaryOperator::Remainder,
        _ => return None,
    })
}
