//! The names of the variables of a call.

use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::identifier::{as_identifier, is_identifier};
use crate::yaml::Node;

/// The name of a variable that is declared; a name that is none is a problem.
pub(super) fn variable_name(compiler: &mut RuleCompiler<'_>, key: &Node) -> Option<String> {
    let name = key.key_text().unwrap_or_default();
    if !is_identifier(&name) {
        let message = format!("`{name}` cannot be a variable: letters, digits and `_` can");
        let hint = as_identifier(&name).map(|name| format!("write `{name}`"));
        compiler.problem_hint(key, message, hint);
        return None;
    }
    if compiler.state.iter().any(|(known, _)| *known == name) {
        let hint = "give one of them another name".to_owned();
        compiler.problem_hint(key, format!("there is a variable `{name}` already"), Some(hint));
        return None;
    }
    Some(name)
}
