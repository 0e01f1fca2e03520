//! Whether an answer is the one that a specimen expects.

use crate::json::same_json;
use crate::specimen::{Call, Expected, Specimen};

/// The calls of specimens whose answers differ.
#[derive(Default)]
pub(crate) struct Differences {
    calls: usize,
    texts: Vec<String>,
}

impl Differences {
    /// Compares the answer to a call; an `Err` says why there is none.
    pub(crate) fn compare(&mut self, specimen: &Specimen, call: &Call, found: Result<Expected, String>) {
        self.calls += 1;
        let Specimen { name, .. } = specimen;
        let Call {
            method,
            requests,
            expected,
            ..
        } = call;
        match found {
            Ok(found) if found.is(expected) => {}
            Ok(found) => self.texts.push(format!(
                "{name}: {method} {requests:?}\n  expected {expected}\n  found    {found}"
            )),
            Err(error) => self.texts.push(format!("{name}: {method} {requests:?}: {error}")),
        }
    }

    /// Compares the answer to a call that is known to differ, and fails if it does not.
    pub(crate) fn expect_difference(
        &mut self,
        specimen: &Specimen,
        call: &Call,
        found: Result<Expected, String>,
    ) {
        self.calls += 1;
        if found.is_ok_and(|found| found.is(&call.expected)) {
            self.texts.push(format!(
                "{}: {} {:?} is said to differ, and does not",
                specimen.name, call.method, call.requests
            ));
        }
    }

    /// A specimen that could not be called.
    pub(crate) fn broken(&mut self, specimen: &Specimen, error: &str) {
        self.texts.push(format!("{}: {error}", specimen.name));
    }

    /// Fails if there was a difference.
    pub(crate) fn check(self) {
        let count = self.texts.len();
        assert!(
            self.texts.is_empty(),
            "{count} differences in {} calls:\n{}",
            self.calls,
            self.texts.join("\n")
        );
        assert!(self.calls > 0, "no call was made");
    }
}

impl Expected {
    fn is(&self, other: &Self) -> bool {
        let Self {
            messages,
            code,
            message,
        } = other;
        let same = self.messages.len() == messages.len()
            && self
                .messages
                .iter()
                .zip(messages)
                .all(|(one, other)| same_json(one, other));
        same && self.code == *code && self.message == *message
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for message in &self.messages {
            write!(f, "{message} ")?;
        }
        write!(f, "{} {}", self.code, self.message)
    }
}
