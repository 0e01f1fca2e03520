//! From tokens to the syntax tree: recursive descent. [`operators`](super::operators) reads binary operators.
//!
//! The parser recurses for brackets, at most [`MAX_BRACKETS`] deep, but neither for the length of a chain nor for
//! precedences. The tree has at most [`MAX_DEPTH`] levels, so that everything that walks it may recurse. Its functions
//! are small, because those that recurse share the stack of a worker.
//!
//! After a literal without a value or a reserved word, the parser goes on. It stops at the first token that does not
//! fit: further problems would be guesses.

use std::ops::Range;

use super::lexer::{Token, TokenKind, tokens};
use super::literals::literal;
use super::problems::{OPERAND, optional, reserved, unexpected};
use super::tree::{Expr, ExprKind, Literal, Name};
use crate::cel::problem::ExprProblem;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 8 << 10;

/// The levels of a tree. The compiler and the evaluation recurse over it.
const MAX_DEPTH: usize = 200;

/// Brackets within brackets. Each takes several calls of the parser.
const MAX_BRACKETS: usize = 100;

/// Parses an expression, or returns what is wrong with its text, in order.
pub(in crate::cel) fn parse(text: &str) -> Result<Expr, Vec<ExprProblem>> {
    if text.len() > MAX_LENGTH {
        return Err(vec![ExprProblem::new(
            0..text.len(),
            "the expression is longer than 8 KiB",
        )]);
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text),
        place: 0,
        open: Vec::new(),
        problems: Vec::new(),
    };
    match parser.whole() {
        Ok(expr) if parser.problems.is_empty() => Ok(expr),
        _ => {
            parser.problems.sort_by_key(|problem| problem.span.start);
            Err(parser.problems)
        }
    }
}

/// The first two parts of a `?:`, and where it begins.
struct Choice {
    start: usize,
    /// The place of the `?` among the tokens.
    question: usize,
    condition: Box<Expr>,
    then: Box<Expr>,
}

/// The parser has stopped, and has recorded why.
pub(super) struct Stopped;

pub(super) type Parsed<T> = Result<T, Stopped>;

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// The current token.
    pub(super) place: usize,
    /// The brackets that are open, outermost first: their places among the tokens.
    open: Vec<usize>,
    problems: Vec<ExprProblem>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Parsed<Expr> {
        let expr = self.expr()?;
        if self.kind() == TokenKind::End {
            Ok(expr)
        } else {
            self.stop("an operator")
        }
    }

    /// `a ? b : c`, and all that binds tighter.
    fn expr(&mut self) -> Parsed<Expr> {
        let start = self.start();
        let expr = self.operators()?;
        if self.kind() == TokenKind::Question {
            self.conditional(expr, start)
        } else {
            Ok(expr)
        }
    }

    /// `? b : c` after a condition. The part before the colon cannot be a `?:` itself, by CEL's
    /// grammar.
    fn conditional(&mut self, condition: Expr, start: usize) -> Parsed<Expr> {
        let mut choices = Vec::new();
        let (mut condition, mut start) = (Box::new(condition), start);
        loop {
            let question = self.place;
            if !self.take(TokenKind::Question) {
                return self.chosen(choices, *condition);
            }
            let then = Box::new(self.operators()?);
            self.want(TokenKind::Colon, "`:`")?;
            choices.push(Choice {
                start,
                question,
                condition,
                then,
            });
            start = self.start();
            condition = Box::new(self.operators()?);
        }
    }

    /// The tree of `a ? b : c ? d : e`, from its end.
    fn chosen(&mut self, choices: Vec<Choice>, otherwise: Expr) -> Parsed<Expr> {
        let (end, mut expr) = (self.end(), otherwise);
        for choice in choices.into_iter().rev() {
            let parts = Box::new([*choice.condition, *choice.then, expr]);
            let span = choice.start..end;
            expr = self.built(ExprKind::Conditional(parts), span, choice.question)?;
        }
        Ok(expr)
    }

    /// A member, or a run of `!` or of `-` before one.
    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        match self.kind() {
            TokenKind::Not => self.repeated(TokenKind::Not, ExprKind::Not),
            TokenKind::Minus if !self.is_signed_number() => self.repeated(TokenKind::Minus, ExprKind::Negate),
            _ => self.member(),
        }
    }

    /// An even number of the same sign leaves the operand as it is.
    fn repeated(&mut self, symbol: TokenKind, build: fn(Box<Expr>) -> ExprKind) -> Parsed<Expr> {
        let (start, first) = (self.start(), self.place);
        while self.take(symbol) {}
        let is_odd = (self.place - first) % 2 == 1;
        let operand = self.member()?;
        if is_odd {
            self.built(build(Box::new(operand)), start..self.end(), first)
        } else {
            Ok(operand)
        }
    }

    /// Whether a sign and a number come, which are one literal: `-9223372036854775808` is an int.
    fn is_signed_number(&self) -> bool {
        let next = self.tokens.get(self.place + 1).map(|token| token.kind);
        self.kind() == TokenKind::Minus && matches!(next, Some(TokenKind::Int | TokenKind::Double))
    }

    /// A primary part with fields, calls and elements after it.
    fn member(&mut self) -> Parsed<Expr> {
        let start = self.start();
        let mut expr = self.primary()?;
        while matches!(self.kind(), TokenKind::Dot | TokenKind::LeftBracket) {
            expr = self.part_of(expr, start)?;
        }
        Ok(expr)
    }

    /// `.field`, `.function(…)` or `[key]` after an operand, which begins at `start`.
    fn part_of(&mut self, operand: Expr, start: usize) -> Parsed<Expr> {
        let place = self.place;
        let kind = if self.kind() == TokenKind::Dot {
            self.field_or_call(operand)?
        } else {
            self.index(operand)?
        };
        self.built(kind, start..self.end(), place)
    }

    /// `[key]` after a container.
    fn index(&mut self, container: Expr) -> Parsed<ExprKind> {
        let bracket = self.start();
        self.open_bracket()?;
        let question = self.start();
        if self.take(TokenKind::Question) {
            self.problems.push(optional(bracket..question + 1, "[?"));
        }
        let key = self.expr()?;
        self.close(TokenKind::RightBracket, "`]`")?;
        Ok(ExprKind::Index(Box::new([container, key])))
    }

    /// `.field`, or `.function(…)`.
    fn field_or_call(&mut self, operand: Expr) -> Parsed<ExprKind> {
        let dot = self.start();
        self.place += 1;
        let question = self.start();
        let is_optional = self.take(TokenKind::Question);
        if is_optional {
            self.problems.push(optional(dot..question + 1, ".?"));
        }
        let is_quoted = self.kind() == TokenKind::QuotedName;
        if !is_quoted && self.kind() != TokenKind::Name {
            return self.stop("a name");
        }
        let mut span = self.tokens[self.place].span.clone();
        self.place += 1;
        if is_quoted {
            span = span.start + 1..span.end - 1;
        }
        let name = self.name(span);
        if !is_quoted && !is_optional && self.kind() == TokenKind::LeftParen {
            return Ok(ExprKind::Call {
                target: Some(Box::new(operand)),
                function: name,
                arguments: self.arguments()?,
            });
        }
        Ok(ExprKind::Select(Box::new(operand), name))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let (start, place) = (self.start(), self.place);
        let kind = match self.kind() {
            TokenKind::LeftParen => return self.in_brackets(),
            TokenKind::LeftBracket => self.list()?,
            TokenKind::LeftBrace => self.map()?,
            TokenKind::Dot | TokenKind::Name => self.named()?,
            TokenKind::Minus if self.is_signed_number() => {
                self.place += 1;
                ExprKind::Literal(self.literal(true))
            }
            TokenKind::True
            | TokenKind::False
            | TokenKind::Null
            | TokenKind::Int
            | TokenKind::Uint
            | TokenKind::Double
            | TokenKind::String
            | TokenKind::Bytes => ExprKind::Literal(self.literal(false)),
            _ => return self.stop(OPERAND),
        };
        self.built(kind, start..self.end(), place)
    }

    fn in_brackets(&mut self) -> Parsed<Expr> {
        self.open_bracket()?;
        let expr = self.expr()?;
        self.close(TokenKind::RightParen, "`)`")?;
        Ok(expr)
    }

    /// What begins with a name: the name itself, a call or a message.
    fn named(&mut self) -> Parsed<ExprKind> {
        let has_dot = self.take(TokenKind::Dot);
        if self.kind() != TokenKind::Name {
            return self.stop("a name");
        }
        if let Some(brace) = self.brace_of_message() {
            return self.message(has_dot, brace);
        }
        let name_span = self.tokens[self.place].span.clone();
        self.place += 1;
        let mut name = self.name(name_span);
        self.problems.extend(reserved(&name.text, &name.span));
        if has_dot {
            name.text.insert(0, '.');
        }
        if self.kind() == TokenKind::LeftParen {
            return Ok(ExprKind::Call {
                target: None,
                function: name,
                arguments: self.arguments()?,
            });
        }
        Ok(ExprKind::Name(name.text))
    }

    /// The place of the brace, if the current name begins `package.Message{`.
    fn brace_of_message(&self) -> Option<usize> {
        let kind = |place: usize| self.tokens.get(place).map(|token| token.kind);
        let mut place = self.place + 1;
        while kind(place) == Some(TokenKind::Dot) && kind(place + 1) == Some(TokenKind::Name) {
            place += 2;
        }
        (kind(place) == Some(TokenKind::LeftBrace)).then_some(place)
    }

    /// A message, whose name begins here and whose brace is at that place.
    fn message(&mut self, has_dot: bool, brace: usize) -> Parsed<ExprKind> {
        let parts = &self.tokens[self.place..brace];
        let span = self.start()..parts.last().map_or(self.start(), |last| last.span.end);
        // There may be blanks between the parts.
        let mut text: String = parts.iter().map(|part| &self.text[part.span.clone()]).collect();
        if has_dot {
            text.insert(0, '.');
        }
        self.place = brace;
        let fields = self.listed(TokenKind::RightBrace, "`}`", true, |parser| {
            parser.refuse_optional();
            let is_quoted = parser.kind() == TokenKind::QuotedName;
            if !is_quoted && parser.kind() != TokenKind::Name {
                return parser.stop("a field's name");
            }
            let mut span = parser.tokens[parser.place].span.clone();
            parser.place += 1;
            if is_quoted {
                span = span.start + 1..span.end - 1;
            }
            let name = parser.name(span);
            parser.want(TokenKind::Colon, "`:`")?;
            Ok((name, parser.expr()?))
        })?;
        Ok(ExprKind::Message(Name { text, span }, fields))
    }

    fn list(&mut self) -> Parsed<ExprKind> {
        let elements = self.listed(TokenKind::RightBracket, "`]`", true, |parser| {
            parser.refuse_optional();
            parser.expr()
        })?;
        Ok(ExprKind::List(elements))
    }

    fn map(&mut self) -> Parsed<ExprKind> {
        let entries = self.listed(TokenKind::RightBrace, "`}`", true, |parser| {
            parser.refuse_optional();
            let key = parser.expr()?;
            parser.want(TokenKind::Colon, "`:`")?;
            Ok((key, parser.expr()?))
        })?;
        Ok(ExprKind::Map(entries))
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.listed(TokenKind::RightParen, "`)`", false, Self::expr)
    }

    /// Items between brackets, separated by commas. `trailing` allows a comma after the last.
    fn listed<T>(
        &mut self,
        closing: TokenKind,
        written: &str,
        trailing: bool,
        item: impl Fn(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.open_bracket()?;
        let mut items = Vec::new();
        // `[,]` is a list, too.
        let is_empty = self.kind() == closing || trailing && self.take(TokenKind::Comma);
        let mut has_more = !is_empty;
        while has_more {
            items.push(item(self)?);
            has_more = self.take(TokenKind::Comma) && !(trailing && self.kind() == closing);
        }
        let expected = if is_empty {
            written.to_owned()
        } else {
            format!("`,` or {written}")
        };
        self.close(closing, &expected)?;
        Ok(items)
    }

    /// `?` before an element, a key or a field.
    fn refuse_optional(&mut self) {
        let span = self.tokens[self.place].span.clone();
        if self.take(TokenKind::Question) {
            self.problems.push(optional(span, "?"));
        }
    }

    /// The literal that the current token is.
    fn literal(&mut self, minus: bool) -> Literal {
        let token = self.tokens[self.place].clone();
        self.place += 1;
        literal(self.text, &token, minus).unwrap_or_else(|(stand_in, problem)| {
            self.problems.push(problem);
            stand_in
        })
    }

    fn name(&self, span: Range<usize>) -> Name {
        Name {
            text: self.text[span.clone()].to_owned(),
            span,
        }
    }

    /// A part of the tree. If it is too deep, the problem is at the token at `place`.
    pub(super) fn built(&mut self, kind: ExprKind, span: Range<usize>, place: usize) -> Parsed<Expr> {
        let height = kind.height_of_parts() + 1;
        if height > MAX_DEPTH {
            return self.too_deep(place, "the expression is", MAX_DEPTH);
        }
        Ok(Expr { kind, span, height })
    }

    fn too_deep<T>(&mut self, place: usize, what: &str, limit: usize) -> Parsed<T> {
        let span = self.tokens[place].span.clone();
        let message = format!("{what} nested more than {limit} deep");
        self.problems.push(ExprProblem::new(span, message));
        Err(Stopped)
    }

    fn open_bracket(&mut self) -> Parsed<()> {
        if self.open.len() == MAX_BRACKETS {
            return self.too_deep(self.place, "brackets are", MAX_BRACKETS);
        }
        self.open.push(self.place);
        self.place += 1;
        Ok(())
    }

    fn close(&mut self, closing: TokenKind, expected: &str) -> Parsed<()> {
        self.want(closing, expected)?;
        self.open.pop();
        Ok(())
    }

    pub(super) fn kind(&self) -> TokenKind {
        self.tokens[self.place].kind
    }

    /// Where the current token begins.
    pub(super) fn start(&self) -> usize {
        self.tokens[self.place].span.start
    }

    /// Where the token before the current one ends.
    pub(super) fn end(&self) -> usize {
        self.tokens[self.place - 1].span.end
    }

    /// Skips the current token if it is of that kind.
    fn take(&mut self, kind: TokenKind) -> bool {
        // With a branch: rustc 1.95 loses the addition of `usize::from(is_taken)` when it optimises, and the parser then
        // meets each comma again.
        if self.kind() != kind {
            return false;
        }
        self.place += 1;
        true
    }

    fn want(&mut self, kind: TokenKind, expected: &str) -> Parsed<()> {
        if self.take(kind) {
            Ok(())
        } else {
            self.stop(expected)
        }
    }

    /// Reports that the current token does not fit.
    fn stop<T>(&mut self, expected: &str) -> Parsed<T> {
        // What follows a reserved word is a guess.
        let is_word = |problem: &ExprProblem| problem.message.ends_with("is a reserved word");
        let before = self.place.checked_sub(1).map(|place| &self.tokens[place]);
        let last = self.problems.last().filter(|problem| is_word(problem));
        if last.is_some_and(|last| before.is_some_and(|before| before.span == last.span)) {
            return Err(Stopped);
        }
        let open = self.open.last().map(|place| &self.tokens[*place]);
        let found = &self.tokens[self.place];
        self.problems
            .push(unexpected(self.text, found, expected, before, open));
        Err(Stopped)
    }
}
