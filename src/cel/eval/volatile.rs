//! Values that differ on each evaluation: the time, random numbers, random ids.
//!
//! Without a seed, the thread's generator draws. With a seed, a draw depends on the seed, the call's number and how
//! often the call drew before.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cel::env::CallFacts;
use crate::uuid;

/// Seconds and nanoseconds since 1970.
pub(in crate::cel) fn now() -> (i64, i32) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs().cast_signed(), since.subsec_nanos().cast_signed())
}

/// A number from 0 up to, but not including, 1.
pub(crate) fn random(call: &CallFacts) -> f64 {
    generator(call).map_or_else(fastrand::f64, |mut generator| generator.f64())
}

/// The generator of the next draw of a call, where there is a seed.
fn generator(call: &CallFacts) -> Option<fastrand::Rng> {
    let seed = call.seed?;
    let drawn = call.drawn.fetch_add(1, Ordering::Relaxed);
    Some(mixed(seed, [call.id, drawn]))
}

/// A generator that depends on all of these.
fn mixed(seed: u64, numbers: [u64; 2]) -> fastrand::Rng {
    let mut generator = fastrand::Rng::with_seed(seed);
    // Each step mixes what it is given, so that near numbers do not give near results.
    for number in numbers {
        generator = fastrand::Rng::with_seed(generator.u64(..) ^ number);
    }
    generator
}

/// A number from 0 up to, but not including, 1, which is the same whenever the call asks for the one of that place.
pub(crate) fn random_at(call: &CallFacts, place: u64) -> f64 {
    static UNSEEDED: LazyLock<u64> = LazyLock::new(|| fastrand::u64(..));
    mixed(call.seed.unwrap_or(*UNSEEDED), [call.id, !place]).f64()
}

/// A random UUID (version 4, RFC 9562).
pub(in crate::cel) fn uuid(call: &CallFacts) -> String {
    let bits = generator(call).map_or_else(|| fastrand::u128(..), |mut generator| generator.u128(..));
    uuid::version_4(bits)
}
