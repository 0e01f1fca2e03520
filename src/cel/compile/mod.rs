//! From the syntax tree to the typed tree: every name, field, enum value, function and operator is resolved here.
//!
//! A part that is wrong becomes an [`ExprProblem`] and is then taken for a value of unknown type, so that one mistake
//! gives one problem and the rest is still checked. Constant parts are computed here, once.

mod calls;
mod compiled;
mod compiler;
mod elements;
mod expr;
mod fields;
mod loops;
mod messages;
mod names;
mod operator_hints;
mod operators;
mod other_languages;
mod types;

use self::compiled::Compiled;
use self::compiler::Compiler;
pub(crate) use self::names::is_root_name;
pub(crate) use self::other_languages::as_condition;
use super::problem::ExprProblem;
use super::scope::Scope;
use super::syntax::Expr;
use super::uses::Uses;

/// Compiles a whole expression. Returns all of its problems, in the order of their places.
pub(super) fn compile(expr: &Expr, scope: &mut Scope<'_>) -> Result<(Compiled, Uses), Vec<ExprProblem>> {
    let mut compiler = Compiler::new(scope);
    let mut root = compiler.expr(expr);
    compiler.problems.append(&mut root.faults);
    if compiler.problems.is_empty() {
        return Ok((root, compiler.uses));
    }
    compiler.problems.sort_by_key(|problem| problem.span.start);
    Err(compiler.problems)
}
