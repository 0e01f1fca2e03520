//! Both directions held against prost-reflect's messages: by random messages, by random JSON, and by hostile bytes.
//!
//! [`reference`] is how a message becomes JSON, and JSON a message, by a tree of values.

mod bench;
mod generate;
mod hostile;
mod mutate;
mod reference;
mod table;
mod wire;

use std::sync::{Arc, LazyLock};

use crate::message::check::Bounds;
use crate::message::typed::{MessageType, Side};
use crate::schema::{Layouts, Schema};

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::from_source("every.proto", include_str!("every.proto")).unwrap());

/// A message type of [`SCHEMA`].
fn message_type(name: &str) -> MessageType<'static> {
    let layouts: &'static Arc<Layouts> = SCHEMA.layouts();
    MessageType {
        layouts,
        layout: layouts.find(name).unwrap(),
        side: Side::Request,
        bounds: Bounds::default(),
    }
}

/// Random numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A number below that.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Whether it is the case once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'p, T>(&mut self, of: &'p [T]) -> &'p T {
        &of[self.below(of.len())]
    }
}
