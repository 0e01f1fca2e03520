//! Messages on stderr. It does not matter whether anybody reads them: a server goes on when the script that waited for
//! its first line has closed the pipe, or keeps it open and reads no more. `eprintln!` would panic, or wait.
//!
//! Commands write at once. A process that serves calls [`never_wait`] first: from then on a thread of its own writes
//! what comes here, and lines that nobody reads are lost and counted.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::queue::Queue;

static QUEUE: Queue = Queue::new();

/// Whether a thread empties the queue.
static IS_QUEUED: AtomicBool = AtomicBool::new(false);

/// How long a process that ends waits for its last lines to be read.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How long the thread waits before it tries again to write to a pipe that takes nothing and does not block.
const RETRY: Duration = Duration::from_millis(20);

thread_local! {
    /// Whether this thread empties the queue. What it says itself is not queued.
    static IS_WRITER: Cell<bool> = const { Cell::new(false) };
}

/// Says a text, as it is.
pub(crate) fn say(text: impl Display) {
    write(text.to_string().as_bytes());
}

/// Says a line.
pub(crate) fn say_line(line: impl Display) {
    write(format!("{line}\n").as_bytes());
}

/// From here on, nothing in this process waits until stderr is read.
pub(crate) fn never_wait() {
    let writer = thread::Builder::new().name("stderr".to_owned()).spawn(|| {
        IS_WRITER.set(true);
        let mut text = Vec::new();
        loop {
            let lost = QUEUE.take(&mut text);
            write_now(&text, || QUEUE.progressed());
            if lost > 0 {
                let lines = if lost == 1 { "line was" } else { "lines were" };
                tracing::warn!("{lost} log {lines} dropped because nobody read stderr");
            }
        }
    });
    // If there is no thread to be had, messages are written at once.
    IS_QUEUED.store(writer.is_ok(), Ordering::Release);
}

/// Gives the last lines a moment to be read before the process ends.
pub(crate) fn finish() {
    if IS_QUEUED.load(Ordering::Acquire) {
        QUEUE.flush(LAST_LINES);
    }
}

/// How many lines have been lost because nobody read them.
pub(crate) fn lost_lines() -> u64 {
    QUEUE.ever_lost()
}

/// Stderr for the log.
#[derive(Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        write(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(lines: &[u8]) {
    if IS_QUEUED.load(Ordering::Acquire) && !IS_WRITER.get() {
        QUEUE.add(lines);
    } else {
        write_now(lines, || {});
    }
}

/// Writes for as long as somebody may read it. Calls `progressed` for each part that was written.
fn write_now(mut text: &[u8], progressed: impl Fn()) {
    let mut stderr = io::stderr().lock();
    while !text.is_empty() {
        match stderr.write(text) {
            Ok(0) => return,
            Ok(count) => {
                text = &text[count..];
                progressed();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another process made the pipe non-blocking, for all that share it.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(_) => return,
        }
    }
}
