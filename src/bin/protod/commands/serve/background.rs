//! What runs beside the server until it is told to stop.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A task that runs beside the server.
pub(super) struct Background {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// When a task is to stop.
pub(super) type Stopped = oneshot::Receiver<()>;

impl Background {
    /// Starts a task, which ends some time after it is told to stop.
    pub(super) fn start<F>(run: impl FnOnce(Stopped) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self {
            stop,
            task: tokio::spawn(run(stopped)),
        }
    }

    /// Tells it to stop, and waits until it has ended.
    pub(super) async fn stop(self) {
        self.stop.send(()).ok();
        // Its panic has been told of.
        self.task.await.ok();
    }
}

/// Waits until a task is told to stop, or until nobody could tell it.
pub(super) async fn told(stopped: Stopped) {
    stopped.await.ok();
}
