//! The rules as people see them: where each stands, which methods it answers, and how often it was chosen.

use std::collections::HashMap;
use std::sync::Arc;

use super::plan::{Rule, RuleLog};
use super::run::{MethodRules, Settings};
use crate::session::Session;

/// One rule of [`Rules::list`](crate::Rules::list).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedRule {
    /// Its name, as the header `protod-rule` has it.
    pub name: String,
    /// Where it stands: `shop.rules.yaml:12:5`.
    pub place: String,
    /// By which name it was put at run time. `None` if it is in a file.
    pub put: Option<String>,
    /// The name of the session whose calls alone it answers. `None` if it answers those of all.
    pub session: Option<String>,
    /// The methods that it is a rule of, sorted.
    pub methods: Vec<String>,
    /// Rules with a higher one are tried first.
    pub priority: i64,
    /// Whether it answers no call: with `then: next`, it leaves those that it matches to the rules after it.
    pub passes: bool,
    /// How often it was chosen, by all calls or by those of the session that was asked for, since the server has started or the
    /// [counters were cleared](crate::RulesState::clear_counters). It is kept over a reload that leaves the rule as it is, and,
    /// if it has a name, over one that changes it.
    pub hits: u64,
}

/// The rules of all methods, in the order of files and places, as all calls have chosen them, or those of a session.
pub(super) fn listed(
    methods: &[Arc<MethodRules>],
    settings: &Settings,
    session: Option<&Session>,
) -> Vec<ListedRule> {
    // Rules of a session count its calls alone.
    let session = session.filter(|_| settings.session.is_none());
    let mut found: Vec<(&RuleLog, ListedRule)> = Vec::new();
    let mut places: HashMap<*const RuleLog, usize> = HashMap::new();
    for method in methods {
        let of_session = session.map(|session| method.tallies().of_session(session));
        let tallies = of_session.as_ref().unwrap_or(method.tallies());
        for (place, rule) in method.rules().iter().enumerate() {
            let at = *places.entry(Arc::as_ptr(&rule.log)).or_insert_with(|| {
                found.push((&rule.log, of_rule(rule, settings, tallies.hits(place))));
                found.len() - 1
            });
            found[at].1.methods.push(method.method().name().to_owned());
        }
    }
    found.sort_by_key(|(log, _)| log.begin());
    let mut rules: Vec<ListedRule> = found.into_iter().map(|(_, rule)| rule).collect();
    for rule in &mut rules {
        rule.methods.sort();
    }
    rules
}

/// A rule without its methods.
fn of_rule(rule: &Rule, settings: &Settings, hits: u64) -> ListedRule {
    ListedRule {
        name: rule.name.to_string(),
        place: rule.log.place(None),
        put: settings.are_put.then(|| rule.log.begin().0.to_owned()),
        session: settings.session.as_ref().map(|id| id.name().to_owned()),
        methods: Vec::new(),
        priority: rule.priority,
        passes: rule.passes,
        hits,
    }
}
