//! The load: a fixed number of calls in flight, spread over connections, until enough are done or the time is up.
//!
//! Each caller is a task that makes one call after the other. A counter hands out tickets, one for each call, so that
//! exactly as many calls are made as were asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use protod::Message;
use protod::client::ClientMethod;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tonic::Status;

use super::cpu::CpuTime;
use super::report::Progress;
use super::tally::{Measured, Shard};

/// How often the progress line is written.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// How long calls of the warm-up may go on when its time is up.
const SETTLE: Duration = Duration::from_secs(1);

/// What is called, with what, and how many calls are in flight.
pub(super) struct Load {
    /// One for each connection.
    methods: Vec<ClientMethod>,
    requests: Arc<[Message]>,
    concurrency: usize,
}

/// When to stop: whichever comes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until {
    pub(super) calls: Option<u64>,
    pub(super) duration: Option<Duration>,
}

impl Load {
    pub(super) fn new(methods: Vec<ClientMethod>, requests: Vec<Message>, concurrency: usize) -> Self {
        Self {
            methods,
            requests: requests.into(),
            concurrency,
        }
    }

    /// Makes calls for this time, and lets them come to their ends.
    pub(super) async fn warm_up(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let mut running = Running::start(self, None);
        running.go_on_for(time).await;
        running.tickets.close();
        running.go_on_for(SETTLE).await;
    }

    /// Makes calls, and measures them; an interrupt ends it early.
    pub(super) async fn measure(&self, until: Until) -> Measured {
        let mut progress = Progress::new();
        let cpu = CpuTime::now();
        let started = Instant::now();
        let mut running = Running::start(self, until.calls);
        let shards = running.shards.clone();
        let enough = running.go_on_for(until.duration.unwrap_or(Duration::MAX));
        let tell_progress = async {
            let mut ticks = interval(PROGRESS_EVERY);
            loop {
                ticks.tick().await;
                progress.show(shards.iter().map(|shard| shard.ended()).sum(), started.elapsed());
            }
        };
        tokio::select! {
            () = enough => {}
            () = tell_progress => {}
            // If it cannot be caught, it ends the process as usual.
            Ok(()) = tokio::signal::ctrl_c() => {}
        }
        let time = started.elapsed();
        progress.end();
        Measured::new(
            &running.shards,
            running.tickets.taken(),
            time,
            CpuTime::since(cpu),
        )
    }
}

/// Callers at work; they stop when this is dropped.
struct Running {
    callers: JoinSet<()>,
    /// One for each connection.
    shards: Vec<Arc<Shard>>,
    tickets: Arc<Tickets>,
}

impl Running {
    fn start(load: &Load, calls: Option<u64>) -> Self {
        let tickets = Arc::new(Tickets::new(calls.unwrap_or(u64::MAX)));
        let shards: Vec<_> = load.methods.iter().map(|_| Arc::new(Shard::default())).collect();
        let mut callers = JoinSet::new();
        for (method, shard) in load.methods.iter().zip(&shards).cycle().take(load.concurrency) {
            let caller = Caller {
                method: method.clone(),
                requests: Arc::clone(&load.requests),
                tickets: Arc::clone(&tickets),
                shard: Arc::clone(shard),
            };
            callers.spawn(caller.run());
        }
        Self {
            callers,
            shards,
            tickets,
        }
    }

    /// Returns when this time has passed or all calls are done.
    async fn go_on_for(&mut self, time: Duration) {
        let done = async {
            while let Some(done) = self.callers.join_next().await {
                done.expect("a caller does not panic");
            }
        };
        tokio::select! {
            () = done => {}
            () = sleep(time) => {}
        }
    }
}

/// Makes one call after the other.
struct Caller {
    method: ClientMethod,
    requests: Arc<[Message]>,
    tickets: Arc<Tickets>,
    shard: Arc<Shard>,
}

impl Caller {
    async fn run(self) {
        while let Some(ticket) = self.tickets.take() {
            let started = Instant::now();
            let ended = self.call(ticket).await;
            let failed = ended.is_err();
            self.shard.add(started.elapsed(), ended);
            if failed {
                // If nobody listens any more, calls fail at once, and no other task would get a turn.
                tokio::task::yield_now().await;
            }
        }
    }

    /// A call, to its last message.
    async fn call(&self, ticket: u64) -> Result<(), Status> {
        let mut responses = if self.method.method().is_client_streaming() {
            let (requests, shard) = (Arc::clone(&self.requests), Arc::clone(&self.shard));
            let requests = (0..requests.len()).map(move |index| {
                shard.count_sent();
                requests[index].clone()
            });
            self.method.call(tokio_stream::iter(requests)).await?
        } else {
            let index = ticket % self.requests.len() as u64;
            self.shard.count_sent();
            let request = self.requests[index as usize].clone();
            self.method.call(tokio_stream::once(request)).await?
        };
        while responses.message().await?.is_some() {
            self.shard.count_received();
        }
        Ok(())
    }
}

/// One ticket, one call.
struct Tickets {
    next: AtomicU64,
    end: AtomicU64,
}

impl Tickets {
    fn new(number: u64) -> Self {
        Self {
            next: AtomicU64::new(0),
            end: AtomicU64::new(number),
        }
    }

    fn take(&self) -> Option<u64> {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        (ticket < self.end.load(Ordering::Relaxed)).then_some(ticket)
    }

    /// Gives out no more.
    fn close(&self) {
        self.end.store(0, Ordering::Relaxed);
    }

    /// How many were taken.
    fn taken(&self) -> u64 {
        let next = self.next.load(Ordering::Relaxed);
        next.min(self.end.load(Ordering::Relaxed))
    }
}
