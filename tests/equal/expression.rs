//! Random well-typed expressions over the fields of a request.

use prost_reflect::{Kind, Value};

use crate::choices::Choices;
use crate::path::Path;

/// The type of an expression that a field can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Truth,
}

impl Type {
    pub(crate) const ALL: [Self; 6] = [
        Self::Int,
        Self::Uint,
        Self::Double,
        Self::Text,
        Self::Bytes,
        Self::Truth,
    ];

    /// The type of a field of that kind. Enums and messages have none of these types.
    pub(crate) fn of(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Self::Int
            }
            Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => Self::Uint,
            Kind::Double | Kind::Float => Self::Double,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Bool => Self::Truth,
            Kind::Enum(_) | Kind::Message(_) => return None,
        })
    }
}

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Literal(Value),
    /// The counter of the surrounding loop.
    Round,
    /// A scalar, a list or a map.
    Field(Path),
    /// The number of an enum.
    Number(Path),
    /// Whether an enum is the value of that name.
    Named(Path, &'static str),
    Has(Path),
    Binary(&'static str, Box<[Expr; 2]>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    If(Box<[Expr; 3]>),
    /// `size`, or a conversion.
    Call(&'static str, Box<Expr>),
    /// `text.contains(text)` and similar.
    Method(&'static str, Box<[Expr; 2]>),
    /// An element of a list, or the value of an entry.
    Index(Box<[Expr; 2]>),
}

/// Writes expressions over the fields at these paths.
pub(crate) struct Writer<'w, 'b> {
    pub(crate) paths: &'w [Path],
    /// Whether it is inside a loop.
    pub(crate) looped: bool,
    pub(crate) choices: &'w mut Choices<'b>,
}

impl Writer<'_, '_> {
    pub(crate) fn expr(&mut self, wanted: Type, depth: usize) -> Expr {
        let leaf = depth == 0 || self.choices.below(4) == 0;
        if leaf {
            return self.leaf(wanted);
        }
        let depth = depth - 1;
        match (wanted, self.choices.below(8)) {
            (_, 0) => Expr::If(Box::new([
                self.expr(Type::Truth, depth),
                self.expr(wanted, depth),
                self.expr(wanted, depth),
            ])),
            (_, 1) => self.element(wanted, depth).unwrap_or_else(|| self.leaf(wanted)),
            (Type::Int, 2) => Expr::Call("size", Box::new(self.sized(depth))),
            (Type::Int, 3) => Expr::Call("int", Box::new(self.expr(Type::Uint, depth))),
            (Type::Int, 4) => Expr::Negate(Box::new(self.expr(Type::Int, depth))),
            (Type::Int | Type::Uint, _) => self.binary(&["+", "-", "*", "/", "%"], wanted, depth),
            (Type::Double, 2) => Expr::Call("double", Box::new(self.expr(Type::Int, depth))),
            (Type::Double, _) => self.binary(&["+", "-"], wanted, depth),
            (Type::Text, 2) => Expr::Call("string", Box::new(self.expr(Type::Int, depth))),
            (Type::Text, 3) => Expr::Call("string", Box::new(self.expr(Type::Truth, depth))),
            (Type::Text | Type::Bytes, _) => self.binary(&["+"], wanted, depth),
            (Type::Truth, 2) => self.binary(&["&&", "||"], Type::Truth, depth),
            (Type::Truth, 3) => Expr::Not(Box::new(self.expr(Type::Truth, depth))),
            (Type::Truth, 4) => {
                let name = *self.choices.pick(&["contains", "startsWith", "endsWith"]);
                let operands = [self.expr(Type::Text, depth), self.expr(Type::Text, depth)];
                Expr::Method(name, Box::new(operands))
            }
            (Type::Truth, 5) => self.within(depth).unwrap_or_else(|| self.leaf(wanted)),
            (Type::Truth, _) => {
                let compared = *self.choices.pick(&Type::ALL);
                self.binary(&["==", "!=", "<", "<=", ">", ">="], compared, depth)
            }
        }
    }

    fn binary(&mut self, operators: &[&'static str], operands: Type, depth: usize) -> Expr {
        let operator = *self.choices.pick(operators);
        Expr::Binary(
            operator,
            Box::new([self.expr(operands, depth), self.expr(operands, depth)]),
        )
    }

    fn leaf(&mut self, wanted: Type) -> Expr {
        let choice = self.choices.below(8);
        let is_enum = |path: &Path| matches!(path.kind(), Some(Kind::Enum(_)));
        let found = match (wanted, choice) {
            (Type::Int, 3 | 4) if self.looped => Some(Expr::Round),
            (_, 7) => None,
            (Type::Truth, 3 | 4) => self.path(|path| path.field().supports_presence()).map(Expr::Has),
            (Type::Truth, 5 | 6) => {
                let name = *self.choices.pick(&["E_ZERO", "E_ONE", "E_FAR"]);
                self.path(is_enum).map(|path| Expr::Named(path, name))
            }
            (Type::Int, 5 | 6) => self.path(is_enum).map(Expr::Number),
            _ => self
                .path(|path| path.kind().and_then(|kind| Type::of(&kind)) == Some(wanted))
                .map(Expr::Field),
        };
        found.unwrap_or_else(|| Expr::Literal(self.literal(wanted)))
    }

    fn literal(&mut self, wanted: Type) -> Value {
        match wanted {
            Type::Int => Value::I64(self.choices.bits().cast_signed()),
            Type::Uint => Value::U64(self.choices.bits()),
            Type::Double => Value::F64(self.choices.float().into()),
            Type::Text => Value::String(self.choices.text()),
            Type::Bytes => Value::Bytes(self.choices.bits().to_be_bytes()[..2].to_vec().into()),
            Type::Truth => Value::Bool(self.choices.below(2) == 1),
        }
    }

    /// Something that has a size: text, bytes, a list or a map.
    fn sized(&mut self, depth: usize) -> Expr {
        match self.choices.below(4) {
            0 => self.expr(Type::Text, depth),
            1 => self.expr(Type::Bytes, depth),
            _ => match self.path(|path| path.kind().is_none()) {
                Some(path) => Expr::Field(path),
                None => self.expr(Type::Text, depth),
            },
        }
    }

    /// An element or an entry's value of that type.
    fn element(&mut self, wanted: Type, depth: usize) -> Option<Expr> {
        let path = self.path(|path| element_kind(path).and_then(|kind| Type::of(&kind)) == Some(wanted))?;
        let key = match key_type(&path) {
            Some(key) => self.expr(key, depth),
            None if self.choices.one_in(4) => self.expr(Type::Int, depth),
            None => Expr::Literal(Value::I64(self.choices.below(3) as i64)),
        };
        Some(Expr::Index(Box::new([Expr::Field(path), key])))
    }

    /// Whether something is in a list or a map.
    fn within(&mut self, depth: usize) -> Option<Expr> {
        let sought = |path: &Path| match key_type(path) {
            Some(key) => Some(key),
            None => element_kind(path).and_then(|kind| Type::of(&kind)),
        };
        let path = self.path(|path| sought(path).is_some())?;
        let wanted = sought(&path)?;
        Some(Expr::Binary(
            "in",
            Box::new([self.expr(wanted, depth), Expr::Field(path)]),
        ))
    }

    fn path(&mut self, fits: impl Fn(&Path) -> bool) -> Option<Path> {
        let fitting: Vec<&Path> = self.paths.iter().filter(|path| fits(path)).collect();
        if fitting.is_empty() {
            return None;
        }
        Some((*self.choices.pick(&fitting)).clone())
    }
}

/// The kind of an element of the list, or of the value of an entry.
fn element_kind(path: &Path) -> Option<Kind> {
    let field = path.field();
    match field.kind() {
        Kind::Message(entry) if field.is_map() => Some(entry.map_entry_value_field().kind()),
        kind if field.is_list() => Some(kind),
        _ => None,
    }
}

/// The type of a map's keys.
fn key_type(path: &Path) -> Option<Type> {
    let field = path.field();
    match field.kind() {
        Kind::Message(entry) if field.is_map() => Type::of(&entry.map_entry_key_field().kind()),
        _ => None,
    }
}
