//! Does something for as long as the broker is there, and again when it comes back.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::nats::JetStream;

/// How long something that failed is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// Lives as long as a server shares. What is done in the background for that ends with it.
#[derive(Debug, Default)]
pub(super) struct Alive(watch::Sender<()>);

impl Alive {
    /// Does something in the background.
    pub(super) fn spawn(&self, store: &JetStream, task: impl Future<Output = ()> + Send + 'static) {
        let mut alive = self.0.subscribe();
        store.spawn(async move {
            tokio::select! {
                () = task => {}
                // It is never sent, so this is the end of who would.
                _ = alive.changed() => {}
            }
        });
    }
}

/// Runs a task whenever the broker is there, and again when it ends; stops it when the broker is gone.
pub(super) async fn whenever_there<F>(store: JetStream, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let mut connected = store.connected();
    // The sender is gone with the connection.
    while connected.wait_for(|there| *there).await.is_ok() {
        tokio::select! {
            () = task() => {}
            _ = connected.wait_for(|there| !there) => {}
        }
        sleep(PAUSE).await;
    }
}
