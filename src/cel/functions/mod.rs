//! The functions of the language: their names, the types that they take, and the code that runs.
//!
//! Names and meanings are those of the CEL specification and its extensions, with a few functions of our own. A call is
//! resolved at load by name, number of arguments and types; the code looks at the values again, since an argument
//! may be [`Type::Dyn`]. Operators are in [`operators`](super::operators), macros in the compiler.

mod checks;
mod convert;
mod encode;
mod format;
mod function;
mod lists;
mod math;
mod messages;
mod strings;
mod time;

pub(super) use self::convert::size;
pub(super) use self::encode::json_text;
pub(super) use self::format::{DEFAULT_PRECISION, MAX_PRECISION};
pub(super) use self::function::{Code, Function, MAX_BYTES, Style};
pub(super) use self::lists::{MAX_RANGE, SUM_FROM, sort_by_keys};

/// Every function, by family.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [
        checks::FUNCTIONS,
        convert::FUNCTIONS,
        encode::FUNCTIONS,
        lists::FUNCTIONS,
        math::FUNCTIONS,
        messages::FUNCTIONS,
        strings::FUNCTIONS,
        time::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_guide_names_every_function() {
        let guide = include_str!("../../../docs/rules.md");
        let (_, table) = guide.split_once("### Functions").expect("it has such a part");
        let (table, _) = table.split_once("\n## ").expect("others come after it");
        let code = table.split('`').skip(1).step_by(2);
        let words: HashSet<&str> = code
            .flat_map(|code| code.split(|c: char| !c.is_alphanumeric()))
            .collect();
        for function in all() {
            let name = function.name.rsplit('.').next().expect("a name has a last part");
            assert!(words.contains(name), "{}", function.name);
        }
    }
}
