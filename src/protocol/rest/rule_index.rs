//! [`RuleIndex`]: which rule the path of a request leads to.
//!
//! It does not depend on the types of a schema. All loads that have the same rules share it, and after a save in a large tree that is
//! nearly always so.

use std::sync::Arc;

use http::Method as Verb;

use super::fault::Fault;
use super::file_rules::{CheckedRule, FileRules, MethodRules};
use super::rule::Part;
use super::template::Segment;
use super::trie::Trie;
use crate::schema::{FastMap, Schema};

/// The rules of the methods of a schema, by their paths.
#[derive(Default)]
pub(super) struct RuleIndex {
    /// It knows the rules by their numbers.
    pub(super) trie: Trie,
    pub(super) rules: Vec<IndexedRule>,
    /// What is wrong with those that are left out.
    pub(super) faults: Vec<Fault>,
}

/// One of the rules of a method.
pub(super) struct IndexedRule {
    of_method: Arc<MethodRules>,
    nth: usize,
}

impl IndexedRule {
    /// The name of the method.
    pub(super) fn method(&self) -> &str {
        &self.of_method.method
    }

    pub(super) fn checked(&self) -> &CheckedRule {
        &self.of_method.rules[self.nth]
    }
}

impl RuleIndex {
    /// The rules of files, and in place of them those that configs have for a method.
    pub(super) fn new(schema: &Schema, files: &[Arc<FileRules>], of_configs: &[Arc<MethodRules>]) -> Self {
        let mut index = Self::default();
        let mut left: FastMap<&str, &Arc<MethodRules>> = FastMap::default();
        left.extend(of_configs.iter().map(|rules| (&*rules.method, rules)));
        for rules in files.iter().flat_map(|file| &file.methods) {
            let of_config = left.remove(&*rules.method);
            index.add(schema, of_config.unwrap_or(rules));
        }
        for rules in of_configs
            .iter()
            .filter(|rules| left.contains_key(&*rules.method))
        {
            index.add(schema, rules);
        }
        index
    }

    fn add(&mut self, schema: &Schema, of_method: &Arc<MethodRules>) {
        self.faults.extend_from_slice(&of_method.faults);
        for (checked, nth) in of_method.rules.iter().zip(0..) {
            let rule = IndexedRule {
                of_method: Arc::clone(of_method),
                nth,
            };
            let fault = fault_of_name(schema, &of_method.method, checked);
            let fault = fault.or_else(|| self.insert(rule));
            self.faults.extend(fault);
        }
    }

    /// Adds a rule. Returns what is wrong if another has its path.
    fn insert(&mut self, added: IndexedRule) -> Option<Fault> {
        let CheckedRule { rule, way } = added.checked();
        let number = self.rules.len();
        let Err(known) = self.trie.insert(rule.verb.as_ref(), &way.template, number) else {
            self.rules.push(added);
            return None;
        };
        let other = &self.rules[known];
        let verb = rule.verb.as_ref().map_or("*", Verb::as_str);
        let message = format!(
            "{}: {verb} {} is {} already",
            added.method(),
            rule.path,
            if other.method() == added.method() {
                "a path of the method"
            } else {
                other.method()
            },
        );
        let fault = rule.fault(Part::Path, message);
        Some(fault.with_other(other.checked().rule.spot(Part::Path)))
    }
}

/// What is wrong with a rule whose path is that of a method by its name, which comes first.
fn fault_of_name(schema: &Schema, method: &str, checked: &CheckedRule) -> Option<Fault> {
    let CheckedRule { rule, way } = checked;
    let [Segment::Literal(service), Segment::Literal(name)] = &way.template.segments[..] else {
        return None;
    };
    let taken = schema.method(&format!("{service}/{name}"))?.name();
    // Called by its name it does the same.
    let is_same =
        taken == method && rule.verb == Some(Verb::POST) && rule.body == "*" && rule.response_body.is_empty();
    if is_same || way.template.verb.is_some() {
        return None;
    }
    let path = &rule.path;
    let message = format!("{method}: {path} is the path by which {taken} is called by its name");
    Some(
        rule.fault(Part::Path, message)
            .with_hint("give the rule another path"),
    )
}
