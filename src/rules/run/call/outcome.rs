//! How far the steps of an event got.

use std::time::Duration;

use tonic::Status;

use super::execution::Execution;
use crate::handler::Call;

/// Whether a call goes on after the steps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    Open,
    /// The call has ended with OK.
    Ended,
}

/// Why steps stopped.
#[derive(Debug)]
pub(super) enum Stopped {
    /// All have run, or the call has ended.
    Done(CallState),
    /// The next one has to wait.
    Waiting(Wait),
}

/// What steps wait for.
#[derive(Debug)]
pub(super) enum Wait {
    /// The transport, to take what was written.
    Transport,
    /// The other calls on the thread, to have their turn.
    Others,
    /// A lane for what is slow.
    Lane,
    /// Room for a large message, which is written again then.
    Room,
    Time(Duration),
    /// What the call has written to collections, to be stored.
    Commit,
    /// What waits to be written to collections, to be less.
    Written,
    /// The next messages of a collection.
    Rows,
    /// Leave to change the store that servers share.
    Turn,
    /// What was computed for that store, to be made in it.
    Taken,
}

impl Execution<'_> {
    /// Waits, and begins the next turn.
    pub(super) async fn wait(&mut self, wait: Wait, call: &mut Call) -> Result<(), Status> {
        match wait {
            Wait::Transport => call.wait_for_room().await,
            Wait::Others => {
                call.flush();
                tokio::task::yield_now().await;
            }
            Wait::Room => call.wait_for_large().await,
            Wait::Time(duration) => {
                call.flush();
                tokio::time::sleep(duration).await;
            }
            Wait::Lane => {
                call.flush();
                self.enter_lane().await;
                return Ok(());
            }
            Wait::Commit => Box::pin(self.commit()).await.map_err(|fault| fault.status())?,
            Wait::Written => Box::pin(self.wait_for_writes()).await,
            Wait::Rows => Box::pin(self.read_rows(call)).await?,
            Wait::Turn => {
                call.flush();
                Box::pin(self.wait_for_turn()).await?;
            }
            Wait::Taken => Box::pin(self.wait_until_taken()).await?,
        }
        if matches!(wait, Wait::Transport | Wait::Time(_)) {
            self.forget_time();
        }
        self.begin_turn();
        Ok(())
    }
}
