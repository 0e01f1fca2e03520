//! Compiles message templates: from a YAML tree and a message type to operations.
//!
//! [`Builder`] makes nested operations; [`hoist`](mod@hoist) finds what is the same in each round of a loop, and [`flatten`](mod@flatten) puts
//! nested operations into one list.

mod builder;
mod constant;
mod dynamic;
mod each;
mod flatten;
mod hoist;
mod message_hint;
mod misfit_hints;
mod pages;
mod typing;
mod well_known;

use prost_reflect::MessageDescriptor;

use self::builder::Builder;
pub(super) use self::constant::{constant, truth_hint};
use self::flatten::flatten;
use self::hoist::hoist;
use crate::cel::FieldInfo;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::template::{Op, PaddedBytes, Template};
use crate::yaml::Node;

/// A message that is known at load, by its bytes.
pub(in crate::rules::compile) fn constant_template(bytes: &[u8]) -> Template {
    let constant = (!bytes.is_empty()).then(|| Op::Constant(PaddedBytes::new(bytes)));
    Template {
        ops: constant.into_iter().collect(),
    }
}

/// Compiles a message of type `descriptor`; problems go to the compiler.
pub(in crate::rules) fn compile_template(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Template> {
    template(compiler, |builder| builder.message(node, descriptor))
}

/// Compiles some fields of a message: those that are required need not be among them.
pub(in crate::rules::compile) fn compile_partial(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<Template> {
    compiler.partial = true;
    let template = compile_template(compiler, node, descriptor);
    compiler.partial = false;
    template
}

/// Compiles the elements of a list, each with its key.
pub(in crate::rules::compile) fn compile_elements(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    field: &FieldInfo,
) -> Option<Template> {
    template(compiler, |builder| builder.repeated(field, node))
}

fn template(compiler: &mut RuleCompiler<'_>, build: impl FnOnce(&mut Builder<'_, '_>)) -> Option<Template> {
    let before = compiler.problems.len();
    let mut builder = Builder::new(compiler);
    build(&mut builder);
    let mut ops = builder.finish();
    if !compiler.locals.is_empty() {
        ops = hoist(ops, &mut compiler.cached);
    }
    let ops = flatten(ops);
    (compiler.problems.len() == before).then_some(Template { ops })
}
