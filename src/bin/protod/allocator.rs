//! Lets the allocator give memory back soon.
//!
//! mimalloc keeps what was freed for a second before the system has it back. Large calls in a row then take several times
//! what they need, and what loading used is kept for good. It reads its settings from the environment and before `main`, so
//! a server that has none begins again with one: the same process, with the same arguments and files.

/// What mimalloc calls the setting, and its value in milliseconds. Zero would cost a system call for each large buffer.
const PURGE_DELAY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "3");

/// Begins again with the setting, unless there is one. Returns if that is not possible: all works without it.
#[cfg(unix)]
pub(crate) fn give_back_soon() {
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
pub(crate) fn give_back_soon() {}
