//! When a server stops: at SIGINT or SIGTERM, or at the end of stdin; and a second signal ends it at once.
//!
//! Signals are waited for on a thread of their own. So they are heard even if every worker is busy, and whoever presses
//! Ctrl-C twice gets the prompt back.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// The two times at which a server is told to stop.
pub(super) struct Stop {
    first: oneshot::Receiver<Reason>,
    second: oneshot::Receiver<Signal>,
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
        let wait = async move {
            let reason = tokio::select! {
                signal = signals.next() => Reason::Signal(signal),
                () = ended(stdin) => Reason::EndOfStdin,
            };
            // A server that has failed waits for neither.
            let _ = first.send(reason);
            let _ = second.send(signals.next().await);
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(wait))?;
        Ok(Self {
            first: told_first,
            second: told_second,
        })
    }

    /// Futures that resolve at the first signal, which they log, and at the second.
    pub(super) fn into_futures(self) -> (impl Future<Output = ()>, impl Future<Output = Signal>) {
        let Self { first, second } = self;
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
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
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

    async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}
