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

/// What came of asking: whether an answer was another than before, or which sources could not answer.
#[derive(Debug)]
pub(super) struct Asked {
    /// Whether there is something to load.
    pub(super) changed: bool,
    /// The sources that did not answer.
    pub(super) failed: Option<Error>,
}

/// When sources are asked again.
#[derive(Debug)]
pub(super) struct Refresh {
    interval: Option<Duration>,
    due: Option<Instant>,
    asking: Option<JoinHandle<Asked>>,
}

impl Refresh {
    /// Asks after each `interval`, or only when told to.
    pub(super) fn new(interval: Option<Duration>) -> Self {
        Self {
            interval,
            due: after(interval),
            asking: None,
        }
    }

    /// Makes the sources be asked without waiting for the interval.
    pub(super) fn hurry(&mut self) {
        self.due = Some(Instant::now());
    }

    /// Waits until it is time, asks the sources, and returns what came of it. Nothing is lost if this is dropped and called
    /// again.
    pub(super) async fn asked(&mut self, sources: &[RememberedSource]) -> Asked {
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
            Asked {
                changed: false,
                failed: Some(Error::schema(vec![problem])),
            }
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
            Err(problem) => problems.push(problem),
        }
    }
    Asked {
        changed,
        failed: (!problems.is_empty()).then(|| Error::schema(problems)),
    }
}

/// A time that the clock has no room for never comes.
fn after(interval: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(interval?)
}
