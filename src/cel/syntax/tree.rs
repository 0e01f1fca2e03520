//! The syntax tree of an expression. Every part knows where in the text it stands.

use std::ops::Range;

/// A part of an expression.
#[derive(Debug)]
pub(in crate::cel) struct Expr {
    pub(in crate::cel) kind: ExprKind,
    /// Byte offsets into the text, from the first token to the last; brackets around the whole part not included.
    pub(in crate::cel) span: Range<usize>,
    /// How many levels the part has, itself included.
    pub(super) height: usize,
}

#[derive(Debug)]
pub(in crate::cel) enum ExprKind {
    Literal(Literal),
    /// `a`, or `.a` with its dot.
    Name(String),
    /// `operand.field`.
    Select(Box<Expr>, Name),
    /// `container[key]`.
    Index(Box<[Expr; 2]>),
    /// `function(…)` or `target.function(…)`; macros too.
    Call {
        target: Option<Box<Expr>>,
        function: Name,
        arguments: Vec<Expr>,
    },
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(BinaryOperator, Box<[Expr; 2]>),
    /// `condition ? then : otherwise`.
    Conditional(Box<[Expr; 3]>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// `package.Message{field: value}`, the name with its dot, if it begins with one.
    Message(Name, Vec<(Name, Expr)>),
}

/// A name in the text: of a field or a function.
#[derive(Debug)]
pub(in crate::cel) struct Name {
    pub(in crate::cel) text: String,
    /// Where the name stands, without backquotes around it.
    pub(in crate::cel) span: Range<usize>,
}

#[derive(Debug)]
pub(in crate::cel) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
}

/// An operator between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum BinaryOperator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOperator {
    /// How tightly it binds: a higher number binds first. All are left-associative.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::In => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
        }
    }
}

impl Expr {
    /// The parts that it is made of.
    pub(in crate::cel) fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Name(_) => Vec::new(),
            ExprKind::Select(operand, _) | ExprKind::Not(operand) | ExprKind::Negate(operand) => {
                vec![operand]
            }
            ExprKind::Index(parts) | ExprKind::Binary(_, parts) => parts.iter().collect(),
            ExprKind::Conditional(parts) => parts.iter().collect(),
            ExprKind::Call {
                target, arguments, ..
            } => {
                let target = target.iter().map(|target| &**target);
                target.chain(arguments).collect()
            }
            ExprKind::Message(_, fields) => fields.iter().map(|(_, value)| value).collect(),
            ExprKind::List(elements) => elements.iter().collect(),
            ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
        }
    }

    /// The segments of `a.b.c`; `None` for what is more than names and dots.
    pub(in crate::cel) fn segments(&self) -> Option<Vec<&str>> {
        match &self.kind {
            ExprKind::Name(name) => Some(vec![name.trim_start_matches('.')]),
            ExprKind::Select(operand, field) => {
                let mut segments = operand.segments()?;
                segments.push(&field.text);
                Some(segments)
            }
            _ => None,
        }
    }
}

impl ExprKind {
    /// The height of the highest part below; 0 if there is none.
    pub(super) fn height_of_parts(&self) -> usize {
        let highest = |parts: &[Expr]| parts.iter().map(|part| part.height).max().unwrap_or(0);
        match self {
            Self::Literal(_) | Self::Name(_) => 0,
            Self::Select(operand, _) | Self::Not(operand) | Self::Negate(operand) => operand.height,
            Self::Index(parts) | Self::Binary(_, parts) => highest(&**parts),
            Self::Conditional(parts) => highest(&**parts),
            Self::Call {
                target, arguments, ..
            } => {
                let target = target.as_ref().map_or(0, |target| target.height);
                target.max(highest(arguments))
            }
            Self::Message(_, fields) => fields.iter().map(|(_, value)| value.height).max().unwrap_or(0),
            Self::List(elements) => highest(elements),
            Self::Map(entries) => {
                let heights = entries.iter().map(|(key, value)| key.height.max(value.height));
                heights.max().unwrap_or(0)
            }
        }
    }
}
