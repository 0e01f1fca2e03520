//! Waits for the network where nobody else waits.
//!
//! A [`SchemaSource`](crate::schema::SchemaSource) blocks, and may be asked by a thread that runs a runtime, which must not
//! block on another one. So each question has a thread and a runtime of its own.

use std::io;
use std::thread;

use crate::error::Error;

/// Runs `work` to its end.
pub(super) fn run<T: Send>(work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    let failed = |error: io::Error| Error::io("no thread can be had", error);
    thread::scope(|scope| {
        let running = thread::Builder::new().spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(failed)?;
            let result = runtime.block_on(work);
            // It may still look up a name.
            runtime.shutdown_background();
            result
        });
        let result = running.map_err(failed)?.join();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
