//! The rules of one method, ready to answer.

use std::fmt;
use std::sync::Arc;

use super::candidates::order::Order;
use super::shared::declared::Declared;
use super::shared::state::RulesState;
use super::shared::tallies::Tallies;
use crate::cel::{Budget, Store, Uses};
use crate::message::Picker;
use crate::rules::plan::{Rule, Sampler};
use crate::schema::Method;
use crate::session::SessionId;

/// What all rules of one load have in common when they run.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Settings {
    pub(in crate::rules) state: RulesState,
    /// Whether the state is one that Rust code has, which can raise signals.
    pub(in crate::rules) shares_state: bool,
    /// Whether responses name the rule that answered.
    pub(in crate::rules) rule_header: bool,
    /// Makes `random()`, `uuid()`, `chance` and drawn durations repeatable.
    pub(in crate::rules) seed: Option<u64>,
    /// Makes up messages. `None` if nothing does.
    pub(in crate::rules) sampler: Option<Sampler>,
    /// What the expressions of a call may cost until it lets others run.
    pub(in crate::rules) max_expression_cost: u64,
    /// Whether the server validates requests, if that is known.
    pub(in crate::rules) validates: Option<bool>,
    /// Whether the rules were put at run time: they stand in front of what answers without them.
    pub(in crate::rules) are_put: bool,
    /// The session whose calls alone they answer. The state is that session's then.
    pub(in crate::rules) session: Option<SessionId>,
}

#[cfg(feature = "live")]
impl Settings {
    /// Whether rules that are compiled with these are the same as with others. The state is not compared.
    pub(in crate::rules) fn are_as(&self, other: &Self) -> bool {
        let samples_alike = match (&self.sampler, &other.sampler) {
            (Some(own), Some(other)) => own.is_as(other),
            (own, other) => own.is_none() && other.is_none(),
        };
        samples_alike
            && self.shares_state == other.shares_state
            && self.rule_header == other.rule_header
            && self.seed == other.seed
            && self.max_expression_cost == other.max_expression_cost
            && self.validates == other.validates
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: RulesState::default(),
            shares_state: false,
            rule_header: true,
            seed: None,
            #[cfg(feature = "samples")]
            sampler: Some(Sampler::default()),
            #[cfg(not(feature = "samples"))]
            sampler: None,
            max_expression_cost: Budget::DEFAULT,
            validates: None,
            are_put: false,
            session: None,
        }
    }
}

/// The rules of one method, in the order in which they are tried.
///
/// ```
/// use protod::tonic::metadata::MetadataMap;
/// use protod::{Message, Rules, Schema};
///
/// let schema = Schema::load("proto")?;
/// for (method, rules) in Rules::beside(&schema)?.handlers() {
///     let request = Message::from_json(method.input().clone(), "{}")?;
///     for explanation in rules.explain(&[request], &MetadataMap::new())? {
///         println!("{}: {}", explanation.rule, explanation.difference.as_deref().unwrap_or("answers"));
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MethodRules {
    pub(super) method: Arc<Method>,
    pub(super) rules: Vec<Rule>,
    /// Whether some rule with an answer names the method. If not, calls that no rule answers are for whoever answers
    /// the method without rules.
    is_claimed: bool,
    /// What calls of no session count by and share.
    tallies: Arc<Tallies>,
    /// The fields that conditions and sessions read.
    pub(super) picker: Picker,
    /// What the expressions of all rules read.
    pub(super) uses: Uses,
    /// Whether the store decides which rule answers.
    pub(super) chooses_by_store: bool,
    pub(super) order: Order,
    pub(super) settings: Settings,
    /// Whether no rule takes requests that are not validated, those behind included.
    pub(super) validates_all: bool,
    /// An empty store, for rules that do not read the store.
    pub(super) no_store: Store,
}

/// Shows only names: compiled rules hold message types, which may be recursive.
impl fmt::Debug for MethodRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodRules")
            .field("method", &self.method)
            .field("rules", &self.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl MethodRules {
    /// `rules` are in the order of files and places. Their counters must be loaded.
    pub(in crate::rules) fn new(
        method: Arc<Method>,
        mut rules: Vec<Rule>,
        is_claimed: bool,
        picker: Picker,
        settings: &Settings,
        declared: &Declared,
    ) -> Self {
        // The sort is stable: rules of the same priority stay in the order of files and places.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
        // They stay as many as they are.
        rules.shrink_to_fit();
        Self {
            uses: rules
                .iter()
                .map(Rule::all_uses)
                .fold(Uses::default(), |all, uses| all | uses),
            chooses_by_store: rules.iter().any(|rule| rule.choice_uses().store),
            order: Order::of(&rules),
            validates_all: !settings.are_put && rules.iter().all(|rule| rule.validate != Some(false)),
            tallies: Arc::new(Tallies::new(&settings.state, &rules, declared)),
            method,
            rules,
            is_claimed,
            picker,
            settings: settings.clone(),
            no_store: Store::default(),
        }
    }

    /// The method that they answer.
    pub(in crate::rules) fn method(&self) -> &Arc<Method> {
        &self.method
    }

    /// The rules, in the order in which they are tried.
    pub(in crate::rules) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether some rule with an answer names the method.
    pub(in crate::rules) fn is_claimed(&self) -> bool {
        self.is_claimed
    }

    /// Whether the rules were put at run time.
    pub(in crate::rules) fn is_put(&self) -> bool {
        self.settings.are_put
    }

    /// The names of the rules, in the order in which they are tried.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.name)
    }

    /// The rule that answers every call, if the first one does.
    pub(super) fn unconditional(&self) -> Option<&Rule> {
        self.rules.first().filter(|rule| rule.is_unconditional())
    }

    /// What calls of no session count by and share.
    #[inline]
    pub(in crate::rules) fn tallies(&self) -> &Arc<Tallies> {
        &self.tallies
    }
}
