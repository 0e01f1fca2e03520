//! Lets the allocator give memory back soon.
//!
//! mimalloc keeps what was freed for a second before the system has it back. Large calls in a row then take several times
//! what they need, and what loading used is kept for good. It reads its settings from the environment and before `main`, so
//! a server that has none begins again with one: the same process, with the same arguments and files.
//!
//! At times it forgets to give back at all: two threads race for the time at which it is due
//! (<https://github.com/microsoft/mimalloc/issues/1246>). It looks through all that it holds when a thread ends, whether it
//! is due or not. So a thread ends whenever the process has grown.

use std::time::Duration;
use std::{fs, io, thread};

/// What mimalloc calls the setting, and its value in milliseconds. Zero would cost a system call for each large buffer.
const PURGE_DELAY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "3");

/// How often the size of the process is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// How much of it may be what mimalloc forgot: 8 MiB in pages of 4 KiB, the usual ones.
const FORGOTTEN_AT_MOST: u64 = 2048;

/// The thread allocates little and calls nothing deep.
const STACK_SIZE: usize = 64 * 1024;

/// Gives back what was freed, within milliseconds, until the process ends.
pub(crate) fn give_back_soon() {
    begin_again_with_the_setting();
    // Where the system does not tell the size, there is nothing to wait for.
    if resident_pages().is_some()
        && let Err(error) = end_a_thread_after_growth()
    {
        tracing::debug!(%error, "memory may be given back later");
    }
}

/// Returns if there is a setting, or if it is not possible: all works without it.
#[cfg(unix)]
fn begin_again_with_the_setting() {
    use std::env;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let (name, value) = PURGE_DELAY;
    let mut arguments = env::args_os();
    let (Ok(program), Some(own_name), None) = (env::current_exe(), arguments.next(), env::var_os(name))
    else {
        return;
    };
    let mut again = Command::new(program);
    again.arg0(own_name).args(arguments).env(name, value);
    let error = again.exec();
    tracing::debug!(%error, "memory is given back later");
}

#[cfg(not(unix))]
fn begin_again_with_the_setting() {}

/// Begins a thread that waits until the process has grown, begins the next one, and ends.
fn end_a_thread_after_growth() -> io::Result<()> {
    let thread = thread::Builder::new()
        .name("memory".to_owned())
        .stack_size(STACK_SIZE);
    thread.spawn(|| {
        let mut least = u64::MAX;
        loop {
            let pages = resident_pages().unwrap_or(least);
            least = least.min(pages);
            // The system may have no thread to give at the moment.
            if pages - least > FORGOTTEN_AT_MOST && end_a_thread_after_growth().is_ok() {
                return;
            }
            thread::sleep(INTERVAL);
        }
    })?;
    Ok(())
}

/// How much of the process is in memory. `None` where the system has no such file.
fn resident_pages() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse().ok()
}
