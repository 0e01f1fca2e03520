//! What is random: numbers that are the same for a seed.

use std::hash::{BuildHasher as _, RandomState};

/// Numbers that are the same for a seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A seed: that of the environment, or any.
    pub(super) fn seed() -> u64 {
        match std::env::var("PROTOD_TEST_SEED") {
            Ok(seed) => seed.parse().expect("PROTOD_TEST_SEED is a number"),
            // The standard library's keys are random.
            Err(_) => RandomState::new().hash_one(0) >> 16,
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn pick<'p, T>(&mut self, among: &'p [T]) -> &'p T {
        &among[self.below(among.len())]
    }
}
