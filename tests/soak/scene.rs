//! What all loads share: the server's address, the time of their end, what was published, and their counters.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

pub(crate) struct Scene {
    pub(crate) address: String,
    /// Where generations are published.
    pub(crate) root: PathBuf,
    pub(crate) end: Instant,
    pub(crate) seed: u64,
    /// Every call that begins now is answered by this generation or a later one.
    pub(crate) live: AtomicU32,
    /// No call can be answered by a later one than this.
    pub(crate) written: AtomicU32,
    pub(crate) figures: Figures,
}

impl Scene {
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Random numbers, the same in each run with the same seed, and different for each load.
    pub(crate) fn random(&self, load: u64) -> Rng {
        Rng::with_seed(self.seed ^ load << 32)
    }
}

/// The interval of a load. A slow machine skips ticks.
pub(crate) fn every(time: Duration) -> Interval {
    let mut beat = interval(time);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

/// A count that many loads add to.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! figures {
    ($($name:ident: $what:literal,)*) => {
        /// Counts of what was done.
        #[derive(Default)]
        pub(crate) struct Figures {
            $(pub(crate) $name: Count,)*
        }

        impl Figures {
            /// Fails if some kind of load did nothing.
            pub(crate) fn assert_all_took_part(&self) {
                $(assert_ne!(self.$name.get(), 0, "{}", $what);)*
            }
        }

        impl fmt::Display for Figures {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(f, "{:>12}  {}", self.$name.get(), $what)?;)*
                Ok(())
            }
        }
    };
}

figures! {
    calls: "calls of all four shapes, every answer checked",
    messages: "messages in them",
    swaps: "swaps of protos and rules",
    broken: "swaps that were refused",
    cancelled: "calls cancelled on the way",
    deadlines: "calls ended by their deadline",
    described: "servers described by reflection",
    health: "health checks and watches",
    floods: "floods of resets, pings, settings and tiny DATA",
    calmed: "floods ended by GOAWAY",
    slow: "readers that stopped reading",
    vanished: "clients that said no more, cut by keepalive",
    silent: "connections that never spoke HTTP/2, cut",
}
