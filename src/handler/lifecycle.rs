//! The phases in which a server stops and a generation is replaced, as calls and connections see them.
//!
//! All lifecycles of a server watch one value, so a stop reaches the calls of every generation, and there is no list of
//! generations that still have calls in flight.

use std::time::Duration;

use tokio::sync::watch;

/// How long the server waits for a client to read the end of its call or connection, and to stop sending.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// The phases of a server, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// No new calls; those in flight may finish.
    Draining,
    /// The calls that are still in flight end now, with `UNAVAILABLE`.
    Ended,
}

/// The phase of a server, which the server advances and every call can wait for. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    progress: watch::Sender<Progress>,
    generation: Option<GenerationGrace>,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    phase: Phase,
    /// The generations before this one have been replaced.
    current: u64,
}

/// When the calls of one generation end, even if the server does not stop.
#[derive(Debug, Clone, Copy)]
struct GenerationGrace {
    number: u64,
    /// How long calls may go on after the generation was replaced.
    grace: Duration,
}

impl Lifecycle {
    /// The lifecycle of a server, and of calls that belong to no generation.
    pub(crate) fn new() -> Self {
        let progress = Progress {
            phase: Phase::Serving,
            current: 0,
        };
        Self {
            progress: watch::Sender::new(progress),
            generation: None,
        }
    }

    /// The lifecycle of the calls of generation `number`, which end `grace` after a later one has replaced it.
    pub(crate) fn of_generation(&self, number: u64, grace: Duration) -> Self {
        Self {
            progress: self.progress.clone(),
            generation: Some(GenerationGrace { number, grace }),
        }
    }

    /// Moves the server on to `phase`. It never goes back.
    pub(crate) fn advance(&self, phase: Phase) {
        self.progress.send_if_modified(|progress| {
            let later = phase > progress.phase;
            progress.phase = phase.max(progress.phase);
            later
        });
    }

    /// Tells the calls of earlier generations that generation `current` has replaced them.
    pub(crate) fn replace(&self, current: u64) {
        self.progress
            .send_modify(|progress| progress.current = current.max(progress.current));
    }

    /// The server's phase, whatever the generation.
    pub(crate) fn phase(&self) -> Phase {
        self.progress.borrow().phase
    }

    /// Waits until the server has reached `phase`.
    pub(crate) async fn reached(&self, phase: Phase) {
        self.wait_for(|progress| progress.phase >= phase).await;
    }

    /// Waits until the server drains, or this generation is replaced.
    pub(crate) async fn draining(&self) {
        self.wait_for(|progress| progress.phase >= Phase::Draining || self.is_replaced(progress))
            .await;
    }

    /// Waits until calls must end, and returns why.
    pub(crate) async fn ended(&self) -> &'static str {
        const STOPPING: &str = "the server is stopping";
        let ended = |progress: &Progress| progress.phase >= Phase::Ended;
        let at = self
            .wait_for(|progress| ended(progress) || self.is_replaced(progress))
            .await;
        match self.generation {
            Some(generation) if !ended(&at) => {
                match tokio::time::timeout(generation.grace, self.wait_for(ended)).await {
                    Ok(_) => STOPPING,
                    Err(_) => "the protos and rules that this call began with have been replaced",
                }
            }
            _ => STOPPING,
        }
    }

    fn is_replaced(&self, progress: &Progress) -> bool {
        self.generation
            .is_some_and(|generation| generation.number < progress.current)
    }

    async fn wait_for(&self, reached: impl FnMut(&Progress) -> bool) -> Progress {
        let mut progress = self.progress.subscribe();
        *progress.wait_for(reached).await.expect("`self` holds the sender")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Lifecycle, Phase};

    const GRACE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn replaced_generation_ends_after_its_grace_and_the_current_one_does_not() {
        let server = Lifecycle::new();
        let (old, new) = (server.of_generation(1, GRACE), server.of_generation(2, GRACE));
        server.replace(2);
        let began = Instant::now();
        old.draining().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(old.ended().await.contains("replaced"));
        assert_eq!(began.elapsed(), GRACE);
        for other in [new, server] {
            let ended = tokio::time::timeout(GRACE * 10, other.ended()).await;
            assert!(ended.is_err(), "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stop_ends_all_generations_at_once() {
        let server = Lifecycle::new();
        let (old, new) = (server.of_generation(1, GRACE), server.of_generation(2, GRACE));
        server.replace(2);
        let began = Instant::now();
        let stop = async { server.advance(Phase::Ended) };
        let (old, new, ()) = tokio::join!(old.ended(), new.ended(), stop);
        assert_eq!((old, new), ("the server is stopping", "the server is stopping"));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
