//! The admin service while the server runs: it ends after the server, and tells those who are still connected so.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::arguments::admin::Listening;

/// An admin service that runs.
pub(super) struct ServedAdmin {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ServedAdmin {
    /// Serves on a task of its own. `None` if it does not listen.
    pub(super) fn start(listening: Listening) -> Option<Self> {
        let Listening::At(admin) = listening else {
            return None;
        };
        let (stop, stopped) = oneshot::channel();
        let serving = async move {
            let stopped = async {
                stopped.await.ok();
            };
            if let Err(error) = admin.serve_until(stopped).await {
                tracing::error!("the admin service ended: {error}");
            }
        };
        // What it logs of its end is not about the server.
        let serving = serving.instrument(tracing::info_span!("admin"));
        Some(Self {
            stop,
            task: tokio::spawn(serving),
        })
    }

    /// Stops it, and waits until its calls have ended.
    pub(super) async fn stop(self) {
        self.stop.send(()).ok();
        // Its panic has been told of.
        self.task.await.ok();
    }
}
