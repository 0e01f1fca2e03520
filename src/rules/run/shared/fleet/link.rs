//! Does something for as long as the broker is there, and again when it comes back.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Trouble;
use crate::nats::JetStream;

/// How long something that failed is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a call waits until a broker is there: as long as a cluster may take for another one to be found.
const PATIENCE: Duration = Duration::from_secs(2);

/// What becomes of a task.
pub(super) enum Outcome {
    /// It is begun again, when the broker is there.
    Again,
    /// Nobody needs it any more.
    Over,
}

/// Runs a task whenever the broker is there, and stops it when that is gone.
pub(super) async fn whenever_there<F>(store: JetStream, mut task: impl FnMut() -> F)
where
    F: Future<Output = Outcome>,
{
    let mut connected = store.connected();
    // The sender is gone with the connection.
    while connected.wait_for(|there| *there).await.is_ok() {
        let outcome = tokio::select! {
            outcome = task() => outcome,
            gone = connected.wait_for(|there| !there) => match gone {
                Ok(_) => Outcome::Again,
                Err(_) => Outcome::Over,
            },
        };
        match outcome {
            Outcome::Over => return,
            Outcome::Again => sleep(PAUSE).await,
        }
    }
}

/// Waits a moment for a broker that is not there.
pub(super) async fn reached(store: &JetStream) -> Result<(), Trouble> {
    if store.is_connected() {
        return Ok(());
    }
    let mut connected = store.connected();
    match timeout(PATIENCE, connected.wait_for(|there| *there)).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Trouble::Unreachable),
    }
}
