//! The admin service while the server runs: it ends after the server, and tells those who are still connected so.

use tracing::Instrument as _;

use super::background::{Background, told};
use crate::arguments::admin::Listening;

/// Serves the admin service on a task of its own. `None` if it does not listen.
pub(super) fn start(listening: Listening) -> Option<Background> {
    let Listening::At(admin) = listening else {
        return None;
    };
    Some(Background::start(|stopped| {
        let serving = async move {
            if let Err(error) = admin.serve_until(told(stopped)).await {
                tracing::error!("the admin service ended: {error}");
            }
        };
        // What it logs of its end is not about the server.
        serving.instrument(tracing::info_span!("admin"))
    }))
}
