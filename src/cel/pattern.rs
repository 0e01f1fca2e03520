//! Regular expressions, searched at a cost that is known.
//!
//! The regex crate's own automaton in its lazy form, stepped byte by byte: a step along a transition that is known costs
//! next to nothing, one that must be computed costs as much as the pattern is large. Both are charged, so that neither a
//! text nor a pattern that a client sends can keep a thread busy.

use std::fmt;

use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::{Cache as SlowCache, PikeVM};
use regex_automata::nfa::thompson::{BuildError, Compiler, Config, NFA};
use regex_automata::util::pool::Pool;

use super::budget::Budget;
use super::pattern_cost;
use super::values::{EvalError, Evaluated};

/// The most memory that a pattern of a rule takes, in bytes; the regex crate's own limit.
const MAX_SIZE: usize = 10 << 20;

/// The same for a pattern that is not known at load.
const MAX_SIZE_AT_RUN_TIME: usize = 128 << 10;

/// The longest pattern that is not known at load, in bytes.
const MAX_LENGTH_AT_RUN_TIME: usize = 1024;

/// What a byte of a pattern costs when it is compiled, besides its classes and its states.
const UNITS_PER_COMPILED_BYTE: u64 = 100;

/// What a byte of its states costs.
const UNITS_PER_STATE_BYTE: u64 = 1;

/// How much of what a search has learnt about a pattern is kept for the next one, in bytes, besides the size of the pattern.
/// There may be thousands of patterns, each with a cache for each thread, and a text can be made to fill those: a lazy
/// automaton takes up to two MiB.
const MAX_KEPT: usize = 128 << 10;

/// How many bytes of a text are charged at once.
const CHUNK: usize = 256;

/// How many states of a pattern can be followed for one unit.
const STATES_PER_UNIT: u64 = 8;

type Caches<T> = Pool<T, Box<dyn Fn() -> T + Send + Sync>>;

/// A compiled regular expression.
pub(super) struct Pattern {
    source: Box<str>,
    automaton: DFA,
    caches: Caches<Cache>,
    /// For what the automaton cannot search: texts that are not ASCII, by a pattern with word boundaries.
    slow: PikeVM,
    slow_caches: Caches<SlowCache>,
    /// What a step costs that is not known yet.
    step: u64,
    /// The memory of its states, in bytes.
    size: usize,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

impl Pattern {
    /// Compiles a pattern of a rule; an `Err` says what is wrong with it.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        Self::within(source, MAX_SIZE)
    }

    /// Compiles a pattern that a call brought along.
    pub(super) fn at_run_time(source: &str, budget: &Budget) -> Evaluated<Self> {
        if source.len() > MAX_LENGTH_AT_RUN_TIME {
            return Err(EvalError::without_values(format!(
                "matches: the pattern is longer than {MAX_LENGTH_AT_RUN_TIME} bytes"
            )));
        }
        budget.charge(source.len() as u64 * UNITS_PER_COMPILED_BYTE)?;
        budget.charge(pattern_cost::of_classes(source))?;
        let compiled = Self::within(source, MAX_SIZE_AT_RUN_TIME);
        // A pattern that is too large has been compiled up to the limit, and `||` may hide that it failed.
        let states = compiled
            .as_ref()
            .map_or(MAX_SIZE_AT_RUN_TIME, |pattern| pattern.size);
        budget.charge(states as u64 * UNITS_PER_STATE_BYTE)?;
        compiled.map_err(|reason| EvalError::new(format!("matches: {reason}")))
    }

    fn within(source: &str, size: usize) -> Result<Self, String> {
        let compiled = Compiler::new()
            .configure(Config::new().nfa_size_limit(Some(size)))
            .build(source);
        let nfa = compiled.map_err(|error| reason(&error))?;
        let step = nfa.states().len() as u64 / STATES_PER_UNIT + 1;
        let size = nfa.memory_usage();
        let build = |nfa: NFA| {
            let slow = PikeVM::new_from_nfa(nfa.clone()).ok()?;
            let config = DFA::config()
                .unicode_word_boundary(true)
                // A large pattern gets a large cache.
                .skip_cache_capacity_check(true);
            let automaton = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
            Some((automaton, slow))
        };
        let (automaton, slow) = build(nfa).ok_or("it cannot be compiled")?;
        let (cached, slow_cached) = (automaton.clone(), slow.clone());
        Ok(Self {
            source: source.into(),
            caches: Pool::new(Box::new(move || cached.create_cache())),
            slow_caches: Pool::new(Box::new(move || slow_cached.create_cache())),
            automaton,
            slow,
            step,
            size,
        })
    }

    /// Whether the pattern is found anywhere in the text.
    pub(super) fn is_match(&self, text: &str, budget: &Budget) -> Evaluated<bool> {
        if let Some(found) = self.search(text, budget)? {
            return Ok(found);
        }
        budget.charge(self.step.saturating_mul(text.len() as u64))?;
        let mut cache = self.slow_caches.get();
        let found = self.slow.is_match(&mut cache, text);
        if cache.memory_usage() > MAX_KEPT + self.size {
            *cache = self.slow.create_cache();
        }
        Ok(found)
    }

    /// `None` if the automaton cannot tell.
    fn search(&self, text: &str, budget: &Budget) -> Evaluated<Option<bool>> {
        let mut cache = self.caches.get();
        let found = self.search_with(&mut cache, text, budget);
        if cache.memory_usage() > MAX_KEPT + self.size {
            *cache = self.automaton.create_cache();
        }
        found
    }

    fn search_with(&self, cache: &mut Cache, text: &str, budget: &Budget) -> Evaluated<Option<bool>> {
        let automaton = &self.automaton;
        let input = Input::new(text);
        let Ok(mut state) = automaton.start_state_forward(cache, &input) else {
            return Ok(None);
        };
        for chunk in text.as_bytes().chunks(CHUNK) {
            budget.charge_read(chunk.len())?;
            for &byte in chunk {
                if state.is_tagged() {
                    // Found, or not to be found any more.
                    if state.is_match() || state.is_dead() {
                        return Ok(Some(state.is_match()));
                    }
                    if state.is_quit() {
                        return Ok(None);
                    }
                    let Ok(next) = automaton.next_state(cache, state, byte) else {
                        return Ok(None);
                    };
                    state = next;
                    continue;
                }
                let next = automaton.next_state_untagged(cache, state, byte);
                state = if next.is_unknown() {
                    budget.charge(self.step)?;
                    let Ok(next) = automaton.next_state(cache, state, byte) else {
                        return Ok(None);
                    };
                    next
                } else {
                    next
                };
            }
        }
        if state.is_tagged() && (state.is_match() || state.is_dead()) {
            return Ok(Some(state.is_match()));
        }
        if state.is_quit() {
            return Ok(None);
        }
        let end = automaton.next_eoi_state(cache, state);
        Ok(end.ok().map(|state| state.is_match()))
    }
}

/// The last line of what the library says, which is the reason.
fn reason(error: &BuildError) -> String {
    if let Some(size) = error.size_limit() {
        return format!("the regular expression takes more than {size} bytes when it is compiled");
    }
    let source = std::error::Error::source(error).map(ToString::to_string);
    let text = source.unwrap_or_else(|| error.to_string());
    let reason = text.lines().last().unwrap_or_default();
    format!(
        "not a regular expression: {}",
        reason.trim_start_matches("error: ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_found_where_the_regex_crate_finds_them() {
        // Pattern, text, whether it is found.
        let table = [
            ("", "", true),
            ("", "a", true),
            ("a", "", false),
            ("a", "bab", true),
            ("^a", "ba", false),
            ("a$", "ba", true),
            ("^$", "", true),
            ("^a+$", "aaaa", true),
            ("(?m)^b$", "a\nb\nc", true),
            ("(?i)straße", "STRASSE STRAßE", true),
            (r"\bword\b", "a word here", true),
            (r"\bword\b", "swordfish", false),
            (r"\bé\b", "un é ici", true),
            (r"\bé\b", "été", false),
            (r"^\w+@\w+\.ch$", "zoë@example.ch", true),
            (r"^\p{Greek}+$", "αβγ", true),
            (r"^.{3}$", "äöü", true),
            ("[^a]", "a", false),
            ("x*", "y", true),
        ];
        for (pattern, text, found) in table {
            let compiled = Pattern::new(pattern).expect("it is one");
            for _ in 0..2 {
                assert_eq!(
                    compiled.is_match(text, &Budget::default()),
                    Ok(found),
                    "{pattern} in {text}"
                );
            }
        }
    }

    #[test]
    fn searches_that_compute_each_step_anew_are_stopped() {
        // Letters without a pattern of their own.
        let mut random = fastrand::Rng::with_seed(7);
        let mut letters = |from: &[&str], count: usize| -> String {
            (0..count).map(|_| from[random.usize(..from.len())]).collect()
        };
        let hostile = [
            ("[ab]*a[ab]{1000}c", letters(&["a", "b"], 1 << 20)),
            (r"(?:\w{1,40} ){10}!", letters(&["a", "é", "语", " "], 1 << 20)),
            (r"\b\w{60}!\b", letters(&["a", "é"], 1 << 20)),
        ];
        for (pattern, text) in hostile {
            let pattern = Pattern::new(pattern).expect("it is one");
            let found = pattern.is_match(&text, &Budget::default());
            assert!(found.is_err(), "{pattern:?}: {found:?}");
        }
    }

    #[test]
    fn what_searches_have_learnt_is_kept_as_far_as_it_is_small() {
        let mut random = fastrand::Rng::with_seed(7);
        let text: String = (0..20_000)
            .map(|_| if random.bool() { 'a' } else { 'b' })
            .collect();
        let large = Pattern::new("[ab]*a[ab]{500}c").expect("it is one");
        assert_eq!(large.is_match(&text, &Budget::new(u64::MAX)), Ok(false));
        let kept = large.caches.get().memory_usage();
        assert!(kept <= MAX_KEPT + large.size, "{kept}");

        let small = Pattern::new("[ab]*c").expect("it is one");
        let fresh = small.caches.get().memory_usage();
        assert_eq!(small.is_match(&text, &Budget::default()), Ok(false));
        assert!(small.caches.get().memory_usage() > fresh);
    }

    #[test]
    fn patterns_of_calls_that_take_long_to_compile_are_stopped() {
        // Pattern, how many that are compiled one after the other are too many.
        let hostile = [
            (format!("(?i)[{}]", r"\pL".repeat(330)), 1),
            (format!("(?i){}", r"[\x00-\x{10ffff}]".repeat(50)), 1),
            (format!("(?i){}", r"[[^a]b]".repeat(100)), 1),
            (format!("(?i:{})", r"\w".repeat(250)), 1),
            (r"(\pL|\d){5}$".to_owned(), 100),
            (r"\PL{500}".to_owned(), 100),
        ];
        for (pattern, times) in hostile {
            let budget = Budget::default();
            for _ in 0..times {
                // The failures of a pattern that is too large cost as much as one that is not.
                _ = Pattern::at_run_time(&pattern, &budget);
            }
            assert!(budget.is_exhausted(), "{pattern}: {} left", budget.left());
        }

        let common = [
            r"(?i)^[a-z0-9._-]+@[a-z]+\.[a-z]{2,}$",
            r"(?i)^\w+ \w+$",
            r"^\pL+ [^\d\s]*$",
            r"(?i)straße|\p{Greek}",
        ];
        for pattern in common {
            let budget = Budget::default();
            let compiled = Pattern::at_run_time(pattern, &budget);
            assert!(compiled.is_ok(), "{pattern}: {compiled:?}");
        }
    }

    #[test]
    fn patterns_of_calls_are_small() {
        let budget = Budget::default();
        let error = |pattern: &str| {
            Pattern::at_run_time(pattern, &Budget::default())
                .expect_err("too large")
                .into_text()
        };
        assert!(error(r"(\w{200}){200}").contains("bytes when it is compiled"));
        assert!(error(&"a".repeat(2000)).contains("longer than 1024 bytes"));
        assert!(error("(").contains("not a regular expression: unclosed group"));
        Pattern::at_run_time(r"^[a-z]+-\d{3}$", &budget).expect("it is small");
    }
}
