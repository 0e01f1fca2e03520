//! Compiles the durations of `wait`, `every` and `after`.

use super::value::compile_value;
use crate::cel::Type;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Pause, ValueTemplate, duration_of};
use crate::yaml::{Node, Yaml};

pub(in crate::rules::compile) fn compile_pause(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
) -> Option<Pause> {
    const EXPECTED: &str = "expected a duration such as 200ms or 1.5s";
    if !matches!(node.value, Yaml::Text(_)) {
        compiler.problem(node, format!("{EXPECTED}, found {}", node.kind()));
        return None;
    }
    match compile_value(compiler, node)? {
        (ValueTemplate::Constant(value), _) => match duration_of(&value) {
            Ok(duration) => Some(Pause::Constant(duration)),
            Err(found) => {
                compiler.problem(node, format!("{EXPECTED}, found {found}"));
                None
            }
        },
        (template, Type::Duration | Type::String | Type::Dyn) => Some(Pause::Dynamic(template)),
        (_, found) => {
            compiler.problem(node, format!("{EXPECTED}, found {found}"));
            None
        }
    }
}
