//! The outcomes of a condition that is evaluated twice: with an empty value, and with the missing one.
//!
//! What the other parts of the condition give is not known, so a part has several outcomes, each of which is possible.

/// What two evaluations of a part give: with an empty value, and with the missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) empty: Outcome,
    pub(super) missing: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    True,
    False,
    Error,
}

use Outcome::{Error, False, True};

/// What reads the value gives for the empty one; it fails for the missing one.
pub(super) fn only(holds: bool) -> Vec<Both> {
    vec![Both {
        empty: of(holds),
        missing: Error,
    }]
}

pub(super) fn of(truth: bool) -> Outcome {
    if truth { True } else { False }
}

pub(super) fn exactly(outcome: Outcome) -> Both {
    Both {
        empty: outcome,
        missing: outcome,
    }
}

pub(super) fn put(outcomes: &mut Vec<Both>, both: Both) {
    if !outcomes.contains(&both) {
        outcomes.push(both);
    }
}

pub(super) fn each(outcomes: Vec<Both>, change: impl Fn(Outcome) -> Outcome) -> Vec<Both> {
    let change = |both: Both| Both {
        empty: change(both.empty),
        missing: change(both.missing),
    };
    outcomes.into_iter().map(change).collect()
}

pub(super) fn pairs(left: &[Both], right: &[Both], join: impl Fn(Outcome, Outcome) -> Outcome) -> Vec<Both> {
    let mut outcomes = Vec::new();
    for left in left {
        for right in right {
            let both = Both {
                empty: join(left.empty, right.empty),
                missing: join(left.missing, right.missing),
            };
            put(&mut outcomes, both);
        }
    }
    outcomes
}

pub(super) fn not(outcome: Outcome) -> Outcome {
    match outcome {
        True => False,
        False => True,
        Error => Error,
    }
}
