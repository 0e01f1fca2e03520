//! When a server stops: at SIGINT or SIGTERM, or at the end of stdin; and a second signal ends it at once.
//!
//! Signals are heard from before the first file is read, since a process that is the first of a container loses what it does
//! not wait for. Until the server listens there is nothing to finish, and the first signal ends it.
//!
//! They are waited for on a thread of their own. So they are heard even if every worker is busy, and whoever presses Ctrl-C
//! twice gets the prompt back.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::output::stderr;

/// The two times at which a server is told to stop.
pub(super) struct Stop {
    state: Arc<State>,
    first: oneshot::Receiver<Reason>,
    second: oneshot::Receiver<Signal>,
}

/// What the thread and the server tell each other.
#[derive(Debug, Default)]
struct State {
    /// Whether there are calls to finish.
    listens: AtomicBool,
    /// Whether SIGHUP came.
    hung_up: AtomicBool,
}

/// A signal that ends a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
}

/// Why a server stops.
enum Reason {
    Signal(Signal),
    EndOfStdin,
}

impl Signal {
    /// The exit code of a process that the signal ended, as shells report it.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
        }
    }
}

impl Stop {
    /// From this call on, no signal ends the process by itself. `at_end_of_stdin`: whether the end of stdin counts as the
    /// first signal.
    pub(super) fn listen(at_end_of_stdin: bool) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let mut signals = {
            let _entered = runtime.enter();
            Signals::new()?
        };
        let (first, told_first) = oneshot::channel();
        let (second, told_second) = oneshot::channel();
        let stdin = at_end_of_stdin.then(end_of_stdin).transpose()?;
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        let wait = async move {
            let reason = tokio::select! {
                signal = signals.next(&told) => Reason::Signal(signal),
                () = ended(stdin) => Reason::EndOfStdin,
            };
            // A script may close stdin at once, and wants the server to begin and end in order.
            if let Reason::Signal(signal) = &reason
                && !told.listens.load(Ordering::Acquire)
            {
                stderr::finish();
                process::exit(signal.exit_code().into());
            }
            // A server that has failed waits for neither.
            let _ = first.send(reason);
            let _ = second.send(signals.next(&told).await);
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(wait))?;
        Ok(Self {
            state,
            first: told_first,
            second: told_second,
        })
    }

    /// From this call on, the first signal waits for open calls.
    pub(super) fn listens(&self) {
        self.state.listens.store(true, Ordering::Release);
    }

    /// Whether SIGHUP came before anybody else waited for it.
    #[cfg(unix)]
    pub(super) fn has_hung_up(&self) -> bool {
        self.state.hung_up.load(Ordering::Acquire)
    }

    /// Futures that resolve at the first signal, which they log, and at the second.
    pub(super) fn into_futures(self) -> (impl Future<Output = ()>, impl Future<Output = Signal>) {
        let Self { first, second, .. } = self;
        let first = async move {
            let hint = match told(first).await {
                Reason::Signal(Signal::Interrupt) => "press Ctrl-C again to end now",
                Reason::Signal(Signal::Terminate) => "send SIGTERM again to end now",
                Reason::EndOfStdin => "stdin has ended; send SIGTERM or press Ctrl-C to end now",
            };
            tracing::info!("stopping: {hint}");
        };
        (first, told(second))
    }
}

/// What the thread tells; it lives as long as the process.
async fn told<T>(by: oneshot::Receiver<T>) -> T {
    match by.await {
        Ok(what) => what,
        Err(_) => std::future::pending().await,
    }
}

/// Reads stdin on a thread of its own; the receiver resolves when it has ended.
fn end_of_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (ended, told) = oneshot::channel();
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // Stdin that cannot be read has ended too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    })?;
    Ok(told)
}

async fn ended(stdin: Option<oneshot::Receiver<()>>) {
    match stdin {
        Some(stdin) => drop(stdin.await),
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

/// SIGXFSZ: a file would be larger than the process may have it.
#[cfg(unix)]
const FILE_TOO_LARGE: i32 = 25;

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Who is listened to once does not end the process any more: the write fails instead, and the calls that it was for.
        drop(signal(SignalKind::from_raw(FILE_TOO_LARGE))?);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal that ends a server. SIGHUP is noted.
    async fn next(&mut self, state: &State) -> Signal {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Signal::Interrupt,
                _ = self.terminate.recv() => return Signal::Terminate,
                _ = self.hangup.recv() => state.hung_up.store(true, Ordering::Release),
            }
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self, _: &State) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}
