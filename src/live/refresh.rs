//! [`Refresh`]: asks the sources of a schema again, now and then.
//!
//! No watcher sees a change on another machine. The sources are asked on a thread of their own: one that is slow to answer
//! holds up no reload of files.

use std::future::pending;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Problem};
use crate::schema::RememberedSource;

/// What is new since the sources were asked before.
#[derive(Debug)]
pub(super) struct News {
    /// Whether one of them has another answer.
    pub(super) changed: bool,
    /// Which of them did not answer, and why, if that is new; `Ok` if all answer again.
    pub(super) answered: Option<Result<(), Error>>,
}

/// When sources are asked again.
#[derive(Debug)]
pub(super) struct Refresh {
    interval: Option<Duration>,
    due: Option<Instant>,
    asking: Option<JoinHandle<Asked>>,
    /// What the sources that did not answer said when they were last asked.
    failure: Option<String>,
}

/// What came of asking: whether an answer was another than before, and which sources did not answer.
type Asked = (bool, Result<(), Error>);

impl Refresh {
    /// Asks after each `interval`, or only when told to.
    pub(super) fn new(interval: Option<Duration>) -> Self {
        Self {
            interval,
            due: after(interval),
            asking: None,
            failure: None,
        }
    }

    /// Makes the sources be asked without waiting for the interval.
    pub(super) fn hurry(&mut self) {
        self.due = Some(Instant::now());
    }

    /// Asks the sources whenever it is time, until there is news. Nothing is lost if this is dropped and called again.
    pub(super) async fn news(&mut self, sources: &[RememberedSource]) -> News {
        loop {
            let (changed, answered) = self.asked(sources).await;
            let failure = answered.as_ref().err().map(|error| format!("{error:?}"));
            let before = std::mem::replace(&mut self.failure, failure);
            let is_new = self.failure != before;
            if changed || is_new {
                let answered = is_new.then_some(answered);
                return News { changed, answered };
            }
        }
    }

    async fn asked(&mut self, sources: &[RememberedSource]) -> Asked {
        let asking = if let Some(asking) = &mut self.asking {
            asking
        } else {
            match self.due {
                Some(due) if !sources.is_empty() => sleep_until(due).await,
                _ => pending().await,
            }
            // Whoever hurries from here on wants a newer answer.
            self.due = None;
            let sources = sources.to_vec();
            self.asking
                .insert(tokio::task::spawn_blocking(move || ask(&sources)))
        };
        let asked = asking.await.unwrap_or_else(|error| {
            let problem = Problem::new(format!("the sources of the schema cannot be asked: {error}"));
            (false, Err(Error::schema(vec![problem])))
        });
        self.asking = None;
        self.due = self.due.or_else(|| after(self.interval));
        asked
    }
}

fn ask(sources: &[RememberedSource]) -> Asked {
    let mut changed = false;
    let mut problems = Vec::new();
    for source in sources {
        match source.ask_again() {
            Ok(differs) => changed |= differs,
            Err(found) => problems.extend(found),
        }
    }
    let answered = if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::schema(problems))
    };
    (changed, answered)
}

/// A time that the clock has no room for never comes.
fn after(interval: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(interval?)
}
