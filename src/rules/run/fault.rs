//! What a call ends with when the values of its rule fail: a status for the client, and a line for the log.
//!
//! The status carries a [`Fault`] as its source, so that whoever sees it last can tell it from a status that the rule meant.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use tonic::Status;

use crate::cel::Told;
use crate::rules::plan::{Rule, RuleLog};

/// That a rule failed, and where.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    rule: Arc<str>,
    log: Arc<RuleLog>,
    /// The place in the rule's file, if it is known.
    at: Option<usize>,
    /// What the log has of it: the status may quote values.
    told: Arc<str>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule {} failed", self.rule)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    fn of(status: &Status) -> Option<&Self> {
        status.source()?.downcast_ref()
    }

    fn attached(self, mut status: Status) -> Status {
        status.set_source(Arc::new(self));
        status
    }
}

/// INTERNAL, with the name of the rule.
#[cold]
pub(super) fn failed(rule: &Rule, why: impl Into<Told>) -> Status {
    failed_at(rule, None, why)
}

/// The same, of what stands in a place of the rule's file.
#[cold]
pub(super) fn failed_at(rule: &Rule, at: Option<usize>, why: impl Into<Told>) -> Status {
    let why = why.into();
    let fault = Fault {
        rule: Arc::clone(&rule.name),
        log: Arc::clone(&rule.log),
        at,
        told: why.bare().into(),
    };
    fault.attached(Status::internal(format!("rule {}: {why}", rule.name)))
}

/// The failure, in a place of the rule's file unless a closer one is known. Another status stays as it is.
#[cold]
pub(super) fn placed(status: Status, at: Option<usize>) -> Status {
    match Fault::of(&status) {
        Some(fault) if fault.at.is_none() => Fault { at, ..fault.clone() }.attached(status),
        _ => status,
    }
}

/// The failure, with what may be done about it. Another status stays as it is.
#[cold]
pub(super) fn hinted(status: Status, hint: &str) -> Status {
    let Some(fault) = Fault::of(&status) else {
        return status;
    };
    let told = format!("{}; {hint}", fault.told).into();
    let hinted = Status::new(status.code(), format!("{}; {hint}", status.message()));
    Fault {
        told,
        ..fault.clone()
    }
    .attached(hinted)
}

/// What a call ends with whose evaluation costs too much. The status says which.
#[cold]
pub(super) fn too_costly(status: &Status) -> Status {
    let costly = Status::resource_exhausted(status.message());
    match Fault::of(status) {
        Some(fault) => fault.clone().attached(costly),
        None => costly,
    }
}

/// Logs the failure of a rule, a few times a minute for each rule, and returns the status.
#[cold]
pub(super) fn logged(status: Status) -> Status {
    let Some(fault) = Fault::of(&status) else {
        return status;
    };
    let Some(more) = fault.log.answers.pass() else {
        return status;
    };
    let (rule, place) = (&*fault.rule, fault.log.place(fault.at));
    let error = &*fault.told;
    if more == 0 {
        tracing::warn!(target: "protod::rules", rule, %place, error, "a rule failed");
    } else {
        tracing::warn!(
            target: "protod::rules", rule, %place, error, more,
            "a rule failed; {more} more failures of it were not logged"
        );
    }
    status
}
