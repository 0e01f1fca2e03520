//! Conditions that a missing value makes fail, and that would hold if it were empty.
//!
//! `metadata["authorization"] != "Bearer tea"` does not hold for a call without that metadata: reading what is missing is an
//! error, and a condition that fails does not hold. Who writes it to refuse calls lets those in that send nothing.
//!
//! Each condition is evaluated twice over all that its other parts may give: once with an empty value in place of the
//! missing one, and once with the error. It is told if the first may be true where the second is not. What is made of the
//! value is taken for something that nobody expects: it equals nothing and has no part that is looked for. That it is less
//! than something is told only of rules that refuse calls.

mod outcome;
mod subject;

use std::collections::BTreeSet;
use std::ops::Range;

use self::outcome::Outcome::{Error, False, True};
use self::outcome::{Both, each, exactly, not, of, only, pairs, put};
pub(crate) use self::subject::Subject;
use self::subject::{subject_asked_for, subject_of, visit};
use super::operators::Relation;
use super::syntax::{self, BinaryOperator, Expr, ExprKind, Literal};

/// A condition that a missing value makes fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) subject: Subject,
    /// The first part that fails.
    pub(crate) place: Range<usize>,
    /// The condition as it also holds where the value is missing.
    pub(crate) mended: String,
    /// The values that the metadata must not have, if that is all that the condition says.
    pub(crate) excluded: Option<Vec<String>>,
    /// Whether it would hold for an empty value, and not only may hold for another.
    pub(crate) is_certain: bool,
    /// Whether more than the missing value makes it fail: then nothing that is written beside it mends it.
    pub(crate) fails_otherwise: bool,
}

/// What a condition fails for although it would hold for an empty value.
pub(crate) fn missing(text: &str) -> Vec<Missing> {
    let Ok(expr) = syntax::parse(text) else {
        return Vec::new();
    };
    let mut subjects = BTreeSet::new();
    visit(&expr, &mut |part| subjects.extend(subject_of(part)));
    let missing = subjects.into_iter().filter_map(|subject| {
        let is_entry = matches!(subject, Subject::Entry(..));
        let mut without = Without {
            subject,
            nothing_is_least: false,
        };
        let is_certain = without.fails(&expr) && !is_entry;
        if !is_certain {
            without.nothing_is_least = true;
            if !without.fails(&expr) {
                return None;
            }
        }
        let mut parts = Vec::new();
        without.parts(&expr, &mut parts);
        let mended = without.mended(text, &expr, &parts);
        Some(Missing {
            place: parts.first()?.span.clone(),
            mended,
            excluded: without.excluded(&expr),
            is_certain,
            fails_otherwise: fails_for_some(&expr),
            subject: without.subject,
        })
    });
    missing.collect()
}

/// What an expression asks for whether it is there.
pub(crate) fn asked_for(text: &str) -> Vec<Subject> {
    let mut found = Vec::new();
    if let Ok(expr) = syntax::parse(text) {
        visit(&expr, &mut |part| found.extend(subject_asked_for(part)));
    }
    found
}

/// What a part gives.
enum Part {
    /// One of these, as a truth.
    Truth(Vec<Both>),
    /// The value that may be missing, or a text that is made of it alone.
    Value,
    /// Its size.
    Size,
    /// Something that depends on the value, and is not known.
    Unknown,
    /// Something else.
    Other,
}

/// Evaluates conditions without one value.
struct Without {
    subject: Subject,
    /// Whether what is made of an empty value is less than anything else, as no version is older than all.
    nothing_is_least: bool,
}

impl Without {
    fn fails(&self, expr: &Expr) -> bool {
        let fails = |both: &Both| both.empty == True && both.missing != True;
        self.outcomes(expr).iter().any(fails)
    }

    /// The parts that fail, each as small as it can be: what is made true beside them makes the whole right.
    fn parts<'e>(&self, expr: &'e Expr, found: &mut Vec<&'e Expr>) {
        let below: Vec<&Expr> = match &expr.kind {
            ExprKind::Binary(BinaryOperator::And | BinaryOperator::Or, operands) => operands.iter().collect(),
            ExprKind::Conditional(parts) => parts.iter().collect(),
            _ => Vec::new(),
        };
        let before = found.len();
        for part in below {
            if self.fails(part) {
                self.parts(part, found);
            }
        }
        if found.len() == before {
            found.push(expr);
        }
    }

    fn mended(&self, text: &str, whole: &Expr, parts: &[&Expr]) -> String {
        let quote = if text.contains('"') { '"' } else { '\'' };
        let absent = match &self.subject {
            Subject::Metadata(name) => format!("!({quote}{name}{quote} in metadata)"),
            Subject::Stored(place) => format!("!has({place})"),
            Subject::Entry(map, key) => format!("!({key} in {map})"),
        };
        let mut mended = text.to_owned();
        for part in parts.iter().rev() {
            let own = &text[part.span.clone()];
            let own = match part.kind {
                ExprKind::Conditional(_) => format!("({own})"),
                _ => own.to_owned(),
            };
            let guarded = if part.span == whole.span {
                format!("{own} || {absent}")
            } else {
                format!("({own} || {absent})")
            };
            mended.replace_range(part.span.clone(), &guarded);
        }
        mended
    }

    /// The values that the value must not have, if the condition is `x != 'a'` or `!(x in ['a', 'b'])`.
    fn excluded(&self, expr: &Expr) -> Option<Vec<String>> {
        let text = |expr: &Expr| match &expr.kind {
            ExprKind::Literal(Literal::String(text)) => Some(text.clone()),
            _ => None,
        };
        let compared = |parts: &[Expr; 2]| match parts {
            [value, other] | [other, value] if self.is_value(value) => Some(vec![text(other)?]),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Binary(BinaryOperator::NotEqual, parts) => compared(parts),
            ExprKind::Not(inner) => match &inner.kind {
                ExprKind::Binary(BinaryOperator::Equal, parts) => compared(parts),
                ExprKind::Binary(BinaryOperator::In, parts) => match &**parts {
                    [
                        value,
                        Expr {
                            kind: ExprKind::List(values),
                            ..
                        },
                    ] if self.is_value(value) => values.iter().map(text).collect(),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn is_value(&self, expr: &Expr) -> bool {
        subject_of(expr).as_ref() == Some(&self.subject)
    }

    /// What a part may give as a truth.
    fn outcomes(&self, expr: &Expr) -> Vec<Both> {
        match self.part(expr) {
            Part::Truth(outcomes) => outcomes,
            // `!store.open`: an empty value is false.
            Part::Value => only(false),
            Part::Size | Part::Unknown => vec![Both {
                empty: Error,
                missing: Error,
            }],
            Part::Other => vec![exactly(True), exactly(False)],
        }
    }

    fn part(&self, expr: &Expr) -> Part {
        if self.is_value(expr) {
            return Part::Value;
        }
        if subject_asked_for(expr).is_some_and(|asked| asked.leads_to(&self.subject)) {
            return Part::Truth(vec![exactly(False)]);
        }
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(truth)) => Part::Truth(vec![exactly(of(*truth))]),
            ExprKind::Not(operand) => {
                let operand = self.outcomes(operand);
                Part::Truth(each(operand, not))
            }
            ExprKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), operands) => {
                let [left, right] = &**operands;
                // What decides alone decides, even if the other side fails.
                let decides = of(*operator == BinaryOperator::Or);
                let joined = |left, right| match (left, right) {
                    (left, right) if left == decides || right == decides => decides,
                    (Error, _) | (_, Error) => Error,
                    (left, _) => left,
                };
                Part::Truth(pairs(&self.outcomes(left), &self.outcomes(right), joined))
            }
            ExprKind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                let (then, otherwise) = (self.outcomes(then), self.outcomes(otherwise));
                let chosen = |condition, then, otherwise| match condition {
                    True => then,
                    False => otherwise,
                    Error => Error,
                };
                let mut outcomes = Vec::new();
                for condition in self.outcomes(condition) {
                    for then in &then {
                        for otherwise in &otherwise {
                            let both = Both {
                                empty: chosen(condition.empty, then.empty, otherwise.empty),
                                missing: chosen(condition.missing, then.missing, otherwise.missing),
                            };
                            put(&mut outcomes, both);
                        }
                    }
                }
                Part::Truth(outcomes)
            }
            ExprKind::Binary(operator, operands) => self.compared(*operator, operands),
            ExprKind::Call {
                target,
                function,
                arguments,
            } => self.call(target.as_deref(), &function.text, arguments, expr),
            _ if self.reads(expr) => Part::Unknown,
            _ => Part::Other,
        }
    }

    /// A comparison of the value, of its size, or of what is made of it, with something else.
    fn compared(&self, operator: BinaryOperator, operands: &[Expr; 2]) -> Part {
        let [left, right] = operands;
        if let Some((part, is_same)) = compared_with_truth(operator, operands) {
            return match self.part(part) {
                Part::Truth(outcomes) if is_same => Part::Truth(outcomes),
                Part::Truth(outcomes) => Part::Truth(each(outcomes, not)),
                _ if !self.reads(part) => Part::Other,
                _ if is_same => Part::Truth(only(false)),
                _ => Part::Truth(only(true)),
            };
        }
        let (value, other, operator) = match (self.reads(left), self.reads(right)) {
            (false, false) => return Part::Other,
            (true, false) => (self.part(left), right, operator),
            (false, true) => (self.part(right), left, mirrored(operator)),
            (true, true) => (Part::Unknown, right, operator),
        };
        if !matches!(value, Part::Value | Part::Size) {
            return match operator {
                BinaryOperator::Equal | BinaryOperator::In => Part::Truth(only(false)),
                BinaryOperator::NotEqual => Part::Truth(only(true)),
                BinaryOperator::Less | BinaryOperator::LessOrEqual if self.nothing_is_least => {
                    Part::Truth(only(true))
                }
                _ => Part::Unknown,
            };
        }
        let is_stored = matches!(self.subject, Subject::Stored(_));
        let is_size = matches!(value, Part::Size);
        let holds = match (operator, &other.kind) {
            // That it is never null is told apart.
            (_, ExprKind::Literal(Literal::Null)) => return Part::Unknown,
            (BinaryOperator::Equal, _) => is_empty(other, is_size || is_stored),
            (BinaryOperator::NotEqual, _) => !is_empty(other, is_size || is_stored),
            (BinaryOperator::In, ExprKind::List(values)) => {
                values.iter().any(|value| is_empty(value, is_stored))
            }
            (BinaryOperator::In, _) => false,
            (operator, ExprKind::Literal(Literal::Int(number))) if is_size || is_stored => {
                match Relation::of(operator) {
                    Some(relation) => relation.holds(0.cmp(number)),
                    None => return Part::Unknown,
                }
            }
            _ => return Part::Unknown,
        };
        Part::Truth(only(holds))
    }

    fn call(&self, target: Option<&Expr>, function: &str, arguments: &[Expr], whole: &Expr) -> Part {
        let first = target.or_else(|| arguments.first());
        let others_read = arguments
            .iter()
            .filter(|argument| first.is_none_or(|first| !std::ptr::eq(first, *argument)))
            .any(|argument| self.reads(argument));
        let value = match first {
            Some(first) if !others_read => self.part(first),
            _ if self.reads(whole) => Part::Unknown,
            _ => Part::Other,
        };
        match (value, function) {
            (Part::Value, "startsWith" | "endsWith" | "contains") => {
                Part::Truth(only(arguments.first().is_some_and(|part| is_empty(part, false))))
            }
            (Part::Value, "matches" | "isEmail" | "isHostname" | "isUri" | "isIp") => {
                Part::Truth(only(false))
            }
            // Nothing in a list is equal to what nobody expects.
            (_, "exists" | "exists_one") if self.reads(whole) => Part::Truth(only(false)),
            (Part::Unknown, "startsWith" | "endsWith" | "contains" | "matches") => Part::Truth(only(false)),
            (
                Part::Value,
                "lowerAscii" | "upperAscii" | "trim" | "string" | "dyn" | "substring" | "replace",
            ) => Part::Value,
            (Part::Value, "size") => match self.subject {
                Subject::Metadata(_) | Subject::Entry(..) => Part::Size,
                // Nothing is in what is missing of the store.
                Subject::Stored(_) => Part::Other,
            },
            _ if self.reads(whole) => Part::Unknown,
            _ => Part::Other,
        }
    }

    fn reads(&self, expr: &Expr) -> bool {
        let mut reads = false;
        visit(expr, &mut |part| reads |= self.is_value(part));
        reads
    }
}

/// What fails for some texts that are there: a text that is too short, or is no number.
fn fails_for_some(expr: &Expr) -> bool {
    let mut fails = false;
    visit(expr, &mut |part| {
        fails |= match &part.kind {
            ExprKind::Call { function, .. } => {
                matches!(
                    &*function.text,
                    "substring" | "charAt" | "int" | "uint" | "double" | "timestamp" | "duration" | "decode"
                )
            }
            ExprKind::Index(parts) => matches!(&parts[1].kind, ExprKind::Literal(Literal::Int(_))),
            _ => false,
        };
    });
    fails
}

/// The part that a comparison with `true` or `false` is about, and whether it holds where the part does.
fn compared_with_truth(operator: BinaryOperator, operands: &[Expr; 2]) -> Option<(&Expr, bool)> {
    let is_equal = match operator {
        BinaryOperator::Equal => true,
        BinaryOperator::NotEqual => false,
        _ => return None,
    };
    let (part, truth) = match operands {
        [
            part,
            Expr {
                kind: ExprKind::Literal(Literal::Bool(truth)),
                ..
            },
        ]
        | [
            Expr {
                kind: ExprKind::Literal(Literal::Bool(truth)),
                ..
            },
            part,
        ] => (part, *truth),
        _ => return None,
    };
    // A variable that is true or false is compared as a value.
    subject_of(part).is_none().then_some((part, truth == is_equal))
}

/// Whether it is an empty text, or where that counts another default.
fn is_empty(expr: &Expr, any: bool) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => text.is_empty(),
        ExprKind::Literal(Literal::Int(number)) => any && *number == 0,
        ExprKind::Literal(Literal::Bool(truth)) => any && !*truth,
        _ => false,
    }
}

/// The operator with its operands exchanged.
fn mirrored(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessOrEqual => BinaryOperator::GreaterOrEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterOrEqual => BinaryOperator::LessOrEqual,
        // `x in value` asks for something in the value.
        BinaryOperator::In => BinaryOperator::Add,
        other => other,
    }
}
