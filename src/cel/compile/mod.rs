//! From the syntax tree to the typed tree: every name, field, enum value, function and operator is resolved here.
//!
//! A part that is wrong becomes an [`ExprProblem`] and is then taken for a value of unknown type, so that one mistake
//! gives one problem and the rest is still checked. Constant parts are computed here, once.

mod branches;
mod calls;
mod collections;
mod compiled;
mod compiler;
mod conversion_hints;
mod elements;
mod expr;
mod fields;
mod formats;
mod loops;
mod messages;
mod names;
mod operator_hints;
mod operators;
mod other_languages;
mod types;

pub(crate) use self::branches::Branch;
use self::branches::of_root;
use self::compiled::Compiled;
use self::compiler::Compiler;
pub(crate) use self::names::is_root_name;
pub(crate) use self::other_languages::as_condition;
use super::problem::ExprProblem;
use super::scope::Scope;
use super::syntax::Expr;
use super::uses::Uses;

/// Compiles a whole expression, whose text hints repeat parts of. Returns all of its problems, in the order of their places.
pub(super) fn compile(
    text: &str,
    expr: &Expr,
    scope: &mut Scope<'_>,
) -> Result<(Compiled, Uses, Vec<Branch>), Vec<ExprProblem>> {
    let mut compiler = Compiler::new(text, scope);
    let mut root = compiler.expr(expr);
    compiler.problems.append(&mut root.faults);
    if compiler.problems.is_empty() {
        let branches = of_root(expr, compiler.branches);
        return Ok((root, compiler.uses, branches));
    }
    compiler.problems.sort_by_key(|problem| problem.span.start);
    Err(compiler.problems)
}
