//! The queue of lines to stderr, with a reader that comes late or never.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::output::queue::Queue;

const LONG: Duration = Duration::from_mins(1);

#[test]
fn lines_that_find_no_room_are_counted_where_they_are_missing() {
    let queue = Queue::new();
    let line = |number: usize| format!("{number:0>99}\n");
    for number in 0..100_000 {
        queue.add(line(number).as_bytes());
    }
    queue.add(b"two\nlines\n");
    let mut text = Vec::new();
    let lost = queue.take(&mut text);
    let kept = text.len() / 100;
    assert!((10_000..12_000).contains(&kept), "about a mebibyte: {kept}");
    assert_eq!(
        String::from_utf8_lossy(&text),
        (0..kept).map(line).collect::<String>()
    );
    assert_eq!(lost, 100_000 - kept as u64 + 2);

    queue.add(b"there is room again\n");
    assert_eq!(queue.take(&mut text), 0);
    assert_eq!(text, b"there is room again\n");
}

#[test]
fn a_line_that_is_longer_than_the_queue_is_not_lost() {
    let queue = Queue::new();
    let line = vec![b'x'; 3 * 1024 * 1024];
    queue.add(&line);
    let mut text = Vec::new();
    assert_eq!(queue.take(&mut text), 0);
    assert_eq!(text, line);
}

#[test]
fn a_flush_waits_for_what_is_being_written_and_no_longer_than_it_may() {
    let queue = Arc::new(Queue::new());
    queue.add(b"a line\n");
    let mut text = Vec::new();
    queue.take(&mut text);
    queue.flush(Duration::ZERO);
    queue.flush(Duration::from_millis(1));
    let thread = thread::spawn({
        let queue = Arc::clone(&queue);
        move || queue.take(&mut text)
    });
    // Returns when the thread asks for more.
    queue.flush(LONG);
    queue.add(b"another\n");
    assert_eq!(thread.join().expect("no panic"), 0);
}

#[test]
fn a_reader_who_has_read_nothing_for_long_is_not_waited_for_again() {
    let at_most = Duration::from_millis(500);
    let queue = Queue::new();
    queue.add(b"a line\n");
    queue.take(&mut Vec::new());
    queue.flush(at_most);
    let begun = Instant::now();
    queue.flush(at_most);
    assert!(begun.elapsed() < at_most, "{:?}", begun.elapsed());
    queue.progressed();
    let begun = Instant::now();
    queue.flush(at_most);
    assert!(begun.elapsed() > at_most / 2, "{:?}", begun.elapsed());
}

#[test]
fn lines_that_come_fast_are_taken_together() {
    let queue = Arc::new(Queue::new());
    queue.add(b"the first is taken at once\n");
    let mut text = Vec::new();
    queue.take(&mut text);
    let taken_at = Instant::now();
    let thread = thread::spawn({
        let queue = Arc::clone(&queue);
        move || (0..10_000).for_each(|_| queue.add(b"another\n"))
    });
    queue.take(&mut text);
    let since = taken_at.elapsed();
    assert!(
        text.len() > 30_000 || since > Duration::from_millis(9),
        "{} bytes after {since:?}",
        text.len()
    );
    thread.join().expect("no panic");
}
