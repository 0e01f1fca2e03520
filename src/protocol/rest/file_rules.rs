//! [`FileRules`]: the rules in one proto, parsed and checked.
//!
//! They depend on that proto and on what it imports. Where nothing of it has changed, a later load takes them as they are:
//! after a save in a large tree few files have.

use std::sync::Arc;

use super::binding::Way;
use super::check::Checker;
use super::fault::{Fault, Spot};
use super::rule::{HTTP, Part, Rule, rules_of_option};
use super::template::Template;
use crate::schema::{Method, MethodOption, RawTypes, Schema};

/// The rules in a proto.
#[derive(Debug)]
pub(super) struct FileRules {
    /// The place of the file among those of the schema.
    pub(super) file: usize,
    /// Those of each method that has any, in the order of the file.
    pub(super) methods: Vec<Arc<MethodRules>>,
}

/// The rules of a method.
#[derive(Debug, Default)]
pub(super) struct MethodRules {
    pub(super) method: String,
    /// Those that can work.
    pub(super) rules: Vec<CheckedRule>,
    /// What is wrong with the others.
    pub(super) faults: Vec<Fault>,
}

/// A rule that can work.
#[derive(Debug)]
pub(super) struct CheckedRule {
    pub(super) rule: Rule,
    pub(super) way: Arc<Way>,
}

impl FileRules {
    /// Those of all files of a schema that have rules. What `earlier` found for an earlier schema is taken where it holds.
    pub(super) fn of_schema(schema: &Schema, earlier: Option<(&Schema, &[Arc<Self>])>) -> Vec<Arc<Self>> {
        let then = |file: usize| {
            let (schema, rules) = earlier?;
            let found = rules.binary_search_by_key(&file, |rules| rules.file).ok()?;
            Some((schema, &rules[found]))
        };
        let mut found = Vec::new();
        let mut changed = Vec::new();
        for file in schema.files_with_methods() {
            if let Some((then, rules)) = then(file)
                && schema.sees_the_same(then, file)
            {
                found.push(Arc::clone(rules));
                continue;
            }
            let options = schema.method_options(file, HTTP);
            if !options.is_empty() {
                changed.push((file, options));
            }
        }
        if !changed.is_empty() {
            let types = RawTypes::seen_from(schema, changed.iter().map(|(file, _)| *file));
            found.extend(changed.into_iter().map(|(file, options)| {
                let methods = options.into_iter();
                let methods = methods.filter_map(|option| MethodRules::of_option(schema, &types, option));
                let rules = Self {
                    file,
                    methods: methods.map(Arc::new).collect(),
                };
                match then(file) {
                    // Whoever has made something of them need not do it again.
                    Some((_, known)) if known.says_the_same_as(&rules) => Arc::clone(known),
                    _ => Arc::new(rules),
                }
            }));
            found.sort_unstable_by_key(|rules| rules.file);
        }
        found
    }

    /// Whether the same rules are in both, at the same places, and nothing is wrong with them.
    fn says_the_same_as(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Arc<MethodRules>, &Arc<MethodRules>)| {
            let mut rules = one.rules.iter().zip(&other.rules);
            one.method == other.method
                && one.faults.is_empty()
                && other.faults.is_empty()
                && one.rules.len() == other.rules.len()
                && rules.all(|(one, other)| one.rule.says_the_same_as(&other.rule))
        };
        self.file == other.file
            && self.methods.len() == other.methods.len()
            && self.methods.iter().zip(&other.methods).all(is_same)
    }
}

impl MethodRules {
    fn of_option(schema: &Schema, types: &RawTypes<'_>, option: MethodOption) -> Option<Self> {
        let method = schema.method(&option.method)?;
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for rule in rules_of_option(&option.value, &option.element) {
            match rule {
                Ok(rule) => rules.push(rule),
                Err(message) => {
                    let message = format!("{}: {message}", option.method);
                    let spot = Spot::Proto(option.element.clone(), String::new());
                    faults.push(Fault::new(spot, message));
                }
            }
        }
        let mut checked = Self::check(types, method, rules);
        checked.faults.extend(faults);
        Some(checked)
    }

    /// Checks the rules of a method.
    pub(super) fn check(types: &RawTypes<'_>, method: &Arc<Method>, rules: Vec<Rule>) -> Self {
        let mut checked = Self {
            method: method.name().to_owned(),
            ..Self::default()
        };
        for rule in rules {
            let template = match Template::parse(&rule.path) {
                Ok(template) => template,
                Err(error) => {
                    let message = format!("{}: {}", method.name(), error.message);
                    let fault = rule.fault(Part::Path, message).with_hint_if(error.hint);
                    checked.faults.push(fault);
                    continue;
                }
            };
            let checker = Checker {
                types,
                method,
                rule: &rule,
            };
            let faults = checker.check(&template);
            if faults.is_empty() {
                let way = Arc::new(Way::new(&rule, template));
                checked.rules.push(CheckedRule { rule, way });
            } else {
                checked.faults.extend(faults);
            }
        }
        checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(texts: [&str; 3], earlier: Option<&Schema>) -> Schema {
        let names = ["a.proto", "b.proto", "c.proto"];
        let mut builder = Schema::builder();
        for (name, text) in names.into_iter().zip(texts) {
            builder = builder.source(name, format!("syntax = \"proto3\"; {text}"));
        }
        if let Some(earlier) = earlier {
            builder = builder.reuse(earlier);
        }
        builder.build().expect("it compiles")
    }

    #[test]
    fn the_rules_of_protos_that_see_nothing_new_are_taken_from_the_load_before() {
        let types = "message M { string name = 1; }";
        let uses = "import \"a.proto\"; import \"google/api/annotations.proto\";
            service S { rpc Get(M) returns (M) { option (google.api.http).get = \"/s/{name}\"; } }";
        let apart = "import \"google/api/annotations.proto\";
            service T { rpc Get(N) returns (N) { option (google.api.http).get = \"/t/{name}\"; } }
            message N { string name = 1; }";
        let first = schema([types, uses, apart], None);
        let rules = FileRules::of_schema(&first, None);
        assert_eq!(rules.len(), 2);
        let faults = |rules: &FileRules| rules.methods[0].faults.len();
        assert_eq!((faults(&rules[0]), faults(&rules[1])), (0, 0));

        let second = schema(["message M { string other = 1; }", uses, apart], Some(&first));
        let again = FileRules::of_schema(&second, Some((&first, &rules)));
        assert_eq!(again.len(), 2);
        assert_eq!(
            faults(&again[0]),
            1,
            "the message that it imports has no such field"
        );
        assert!(Arc::ptr_eq(&again[1], &rules[1]));

        let none = FileRules::of_schema(&schema([types, "", ""], Some(&second)), Some((&second, &again)));
        assert!(none.is_empty());
    }
}
