//! A panic is a line of the log.

use std::io::{self, Write};
use std::panic::{self, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::arguments::logging::log_panic;

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_logged_with_its_place() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // The hook is that of the whole process, in which other tests may fail.
    let (mine, others) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |panic| match thread::current().id() {
        id if id == mine => log_panic(panic),
        _ => others(panic),
    }));
    let panicked = tracing::subscriber::with_default(subscriber, || catch_unwind(|| panic!("of {} dogs", 3)));
    panicked.expect_err("it panicked");
    let text = log.0.lock().expect("no panic").clone();
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(text.contains(" ERROR "), "{text}");
    assert!(
        text.contains("panicked at src/bin/protod/tests/panics.rs:"),
        "{text}"
    );
    assert!(text.contains(": of 3 dogs"), "{text}");
}
