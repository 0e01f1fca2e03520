//! Compiles text with `${ CEL }` in it.

use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::interpolation::Piece;
use crate::rules::plan::{Text, TextPiece};
use crate::yaml::{Node, Yaml};

/// Compiles the string of `node`; problems go to the compiler.
pub(in crate::rules::compile) fn compile_text(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    text: &str,
) -> Option<Text> {
    let pieces = compiler.split(node, text)?;
    compile_text_pieces(compiler, node, pieces)
}

/// Compiles a node that holds text, or a scalar for one. `expected` is what a problem says that it should be.
pub(in crate::rules::compile) fn compile_text_node(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    expected: &str,
) -> Option<Text> {
    let Some(text) = compiler.written(node).filter(|_| node.value != Yaml::Null) else {
        let message = format!("expected {expected}, found {}", node.kind());
        compiler.problem_hint(node, message, text_hint(node));
        return None;
    };
    compile_text(compiler, node, &text)
}

/// How a node is written as text that is none.
pub(in crate::rules::compile) fn text_hint(node: &Node) -> Option<String> {
    Some(match node.value {
        Yaml::List(_) | Yaml::Map(_) => {
            "`\"${json(…)}\"` makes text of a value; text with `{` or `[` stands in quotes".to_owned()
        }
        Yaml::Null => "write a text, as in `\"hello ${request.name}\"`".to_owned(),
        _ => format!("put it in quotes: `\"{}\"`", node.key_text()?),
    })
}

/// Compiles the pieces of a string of `node`.
pub(in crate::rules::compile) fn compile_text_pieces(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    pieces: Vec<Piece<'_>>,
) -> Option<Text> {
    let mut compiled = Some(Vec::new());
    for piece in pieces {
        let piece = match piece {
            Piece::Literal(literal) => Some(TextPiece::Literal(literal.into())),
            Piece::Expression { source, at } => {
                compiler.expression(node, source, at).map(TextPiece::of_program)
            }
        };
        // After a problem the rest is compiled all the same, to find its problems.
        compiled = compiled.zip(piece).map(|(mut compiled, piece)| {
            compiled.push(piece);
            compiled
        });
    }
    compiled.map(Text::new)
}
