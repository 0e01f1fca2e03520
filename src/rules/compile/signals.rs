//! Which signals steps raise and sessions handle. A signal that only one side knows is most often misspelt.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::{Problem, SourceText};
use crate::suggest;

/// The signal that the server itself raises when it stops.
const OF_SERVER: &str = "drain";

/// The signals of one rule.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) raised: Vec<RaisedSignal>,
    pub(super) handled: Vec<HandledSignal>,
}

/// A signal that a step raises.
#[derive(Debug)]
pub(super) struct RaisedSignal {
    /// `None` if an expression gives it.
    pub(super) name: Option<String>,
    pub(super) place: Range<usize>,
    /// Where its key stands, if it has one.
    pub(super) key: Option<Range<usize>>,
}

/// A signal that a session handles.
#[derive(Debug)]
pub(super) struct HandledSignal {
    pub(super) name: String,
    pub(super) place: Range<usize>,
    /// Whether the session has a key.
    pub(super) has_key: bool,
}

/// The signals of all rules, once for each place: a rule of several methods has each several times.
#[derive(Debug, Default)]
pub(super) struct AllSignals {
    raised: BTreeMap<Place, (SourceText, RaisedSignal)>,
    handled: BTreeMap<Place, (SourceText, HandledSignal)>,
}

/// The name of a file, and a place in it.
type Place = (String, usize);

impl AllSignals {
    /// Adds the signals of a rule.
    pub(super) fn add(&mut self, source: &SourceText, signals: Signals) {
        let place = |span: &Range<usize>| (source.name().to_owned(), span.start);
        for raised in signals.raised {
            self.raised.insert(place(&raised.place), (source.clone(), raised));
        }
        for handled in signals.handled {
            self.handled
                .insert(place(&handled.place), (source.clone(), handled));
        }
    }

    /// A warning for each signal that reaches no session, and for each that no step raises. `from_outside` says that Rust code
    /// may raise others.
    pub(super) fn warnings(&self, from_outside: bool) -> Vec<Problem> {
        let handled: BTreeSet<&str> = self.handled.values().map(|(_, of)| of.name.as_str()).collect();
        let with_key: BTreeSet<&str> = self
            .handled
            .values()
            .filter(|(_, of)| of.has_key)
            .map(|(_, of)| of.name.as_str())
            .collect();
        let mut raised = BTreeSet::new();
        let mut is_open = from_outside;
        let mut warnings = Vec::new();
        for (source, signal) in self.raised.values() {
            let Some(name) = signal.name.as_deref() else {
                is_open = true;
                continue;
            };
            raised.insert(name);
            let (place, message, hint) = match &signal.key {
                _ if !handled.contains(name) => {
                    let near = suggest::did_you_mean(name, handled.iter().copied());
                    let hint =
                        near.unwrap_or_else(|| format!("a `session` does: `signals: {{{name}: […]}}`"));
                    (
                        &signal.place,
                        format!("no session handles the signal `{name}`"),
                        hint,
                    )
                }
                Some(key) if !with_key.contains(name) => {
                    let message =
                        format!("no session that handles `{name}` has a `key`, so this reaches none");
                    let hint = "add `key: …` to the `session`, or leave it out here, to reach all".to_owned();
                    (key, message, hint)
                }
                _ => continue,
            };
            let problem = Problem::at(source, place.clone(), message);
            warnings.push(problem.with_hint(hint).into_warning());
        }
        if is_open {
            return warnings;
        }
        let misspelt = |name: &str| {
            let unknown = raised.iter().filter(|raised| !handled.contains(**raised));
            suggest::nearest(name, unknown.copied()).is_some()
        };
        for (source, signal) in self.handled.values() {
            let name = signal.name.as_str();
            // What was told of where it is raised is not told again.
            if name == OF_SERVER || raised.contains(name) || misspelt(name) {
                continue;
            }
            let known = raised.iter().copied().chain([OF_SERVER]);
            let hint = suggest::did_you_mean(name, known).unwrap_or_else(|| {
                format!("a step does: `signal: {name}`, or `protod signal {name}`; the server itself raises `{OF_SERVER}` when it stops")
            });
            let problem = Problem::at(
                source,
                signal.place.clone(),
                format!("no step raises the signal `{name}`"),
            );
            warnings.push(problem.with_hint(hint).into_warning());
        }
        warnings
    }
}
