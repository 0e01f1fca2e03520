//! Runs a type until a run finds nothing new.

use serde::de::DeserializeOwned;

use super::findings::{Probe, Result};
use super::place::Place;
use crate::error::Problem;
use crate::schema::{LayoutId, Layouts};

/// What of a type does not fit a message. Empty if nothing is found.
pub(in crate::message::typed) fn misfits<T: DeserializeOwned>(
    layouts: &Layouts,
    message: LayoutId,
) -> Vec<Problem> {
    let probe = Probe::new(layouts);
    loop {
        let before = probe.count_done();
        // Only what the probe has seen counts.
        let _: Result<T> = T::deserialize(probe.at(Place::Message(message)));
        if probe.count_done() == before {
            return probe.into_misfits();
        }
    }
}
