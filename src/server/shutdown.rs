//! The two steps in which a server stops: it drains, then it closes.
//!
//! Draining, it takes no new connection, tells every client by GOAWAY, and lets calls finish. Closing, it drops
//! what is left. Steps are only ever taken forwards.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Serve,
    Drain,
    Close,
}

/// Stops a server. Dropping it closes the server at once.
#[derive(Debug)]
pub struct ShutdownTrigger {
    step: watch::Sender<Step>,
}

/// What a server, a connection or a call watches to learn that it shall stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shutdown {
    step: watch::Receiver<Step>,
}

/// A trigger, and what it triggers.
pub fn shutdown() -> (ShutdownTrigger, Shutdown) {
    let (sender, receiver) = watch::channel(Step::Serve);
    (ShutdownTrigger { step: sender }, Shutdown { step: receiver })
}

impl ShutdownTrigger {
    /// Closes the listener, sends GOAWAY on every connection, and lets open streams finish.
    pub fn drain(&self) {
        self.step
            .send_if_modified(|step| std::mem::replace(step, Step::Drain.max(*step)) < Step::Drain);
    }

    /// Drops every connection that is left.
    pub fn close(&self) {
        self.step.send_replace(Step::Close);
    }
}

impl Shutdown {
    /// Waits until the server drains, or closes.
    pub async fn draining(&mut self) {
        self.reached(Step::Drain).await;
    }

    /// Waits until the server closes.
    pub async fn closing(&mut self) {
        self.reached(Step::Close).await;
    }

    /// Whether the server drains or closes.
    pub fn is_draining(&self) -> bool {
        *self.step.borrow() >= Step::Drain
    }

    async fn reached(&mut self, step: Step) {
        // An error says that the trigger was dropped, which counts as the last step.
        let _ = self.step.wait_for(|current| *current >= step).await;
    }
}
