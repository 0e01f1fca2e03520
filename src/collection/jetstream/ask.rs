//! Asks the broker up to where a stream goes: who reads sees what was stored, on whatever replica, before it began.
//!
//! Calls that ask at the same time share a question, which is put after the last of them began.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::shared::{PATIENCE, Shared};
use crate::collection::fault::FaultKind;

/// How many calls share a question.
const TOGETHER: usize = 1024;

/// Where calls put their questions.
pub(super) type Questions = mpsc::UnboundedSender<oneshot::Sender<u64>>;

/// Waits until this replica has all that was stored before this was called.
pub(super) async fn caught_up(shared: &Shared, questions: &Questions) -> Result<(), FaultKind> {
    let (sender, answer) = oneshot::channel();
    questions.send(sender).map_err(|_| FaultKind::Unavailable)?;
    let last = timeout(PATIENCE, answer).await;
    let last = last.map_err(|_| FaultKind::Away)?.map_err(|_| FaultKind::Away)?;
    let applied = timeout(PATIENCE, shared.applied(last)).await;
    applied.unwrap_or(Err(FaultKind::Behind))
}

/// Puts questions until there are no more who could have some.
pub(super) async fn answer(
    shared: Arc<Shared>,
    mut questions: mpsc::UnboundedReceiver<oneshot::Sender<u64>>,
) {
    let mut asking = Vec::new();
    while questions.recv_many(&mut asking, TOGETHER).await > 0 {
        let last = shared.store.last_sequence(&shared.stream).await;
        for call in asking.drain(..) {
            if let Ok(last) = last {
                // It may have left.
                let _ = call.send(last);
            }
        }
    }
}
