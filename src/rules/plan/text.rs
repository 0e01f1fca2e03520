//! Text with `${ CEL }` in it, compiled.

use crate::cel::{Program, Type};

/// A template string, compiled.
#[derive(Debug)]
pub(crate) struct Text {
    pieces: Box<[TextPiece]>,
}

/// A piece of a text.
#[derive(Debug)]
pub(crate) enum TextPiece {
    Literal(Box<str>),
    /// An expression that gives an int.
    Int(Program),
    Expression(Program),
}

impl Text {
    pub(crate) fn new(pieces: Vec<TextPiece>) -> Self {
        Self {
            pieces: pieces.into(),
        }
    }

    pub(crate) fn pieces(&self) -> &[TextPiece] {
        &self.pieces
    }

    /// The text, if it is the same for every call.
    pub(crate) fn constant(&self) -> Option<String> {
        let piece = |piece: &TextPiece| match piece {
            TextPiece::Literal(text) => Some(text.to_string()),
            TextPiece::Int(_) | TextPiece::Expression(_) => None,
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Its expressions.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.pieces.iter().filter_map(|piece| match piece {
            TextPiece::Literal(_) => None,
            TextPiece::Int(program) | TextPiece::Expression(program) => Some(program),
        })
    }
}

impl TextPiece {
    pub(crate) fn of_program(program: Program) -> Self {
        if *program.result_type() == Type::Int {
            Self::Int(program)
        } else {
            Self::Expression(program)
        }
    }
}
