//! Requests for a reload, by a caller or by SIGHUP.
//!
//! Requests are not counted: several that are made before the next reload cause one.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::Error;

/// Requests reloads of a [`Reloader`](super::Reloader). Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReloadTrigger {
    requested: Arc<Notify>,
}

impl ReloadTrigger {
    /// Requests a reload, whether or not any file has changed. Returns at once.
    ///
    /// A request that is made during a reload causes another one after it.
    pub fn reload(&self) {
        self.requested.notify_one();
    }

    /// Waits until a reload is requested.
    pub(super) async fn requested(&self) {
        self.requested.notified().await;
    }

    /// Requests a reload at every SIGHUP, for as long as the returned future is polled.
    ///
    /// From the call on, SIGHUP no longer ends the process. Panics outside a tokio runtime.
    #[cfg(unix)]
    pub fn reload_on_hangup(self) -> Result<impl Future<Output = ()> + Send + 'static, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup =
            signal(SignalKind::hangup()).map_err(|error| Error::io("SIGHUP cannot be waited for", error))?;
        Ok(async move {
            while hangup.recv().await.is_some() {
                self.reload();
            }
        })
    }
}
