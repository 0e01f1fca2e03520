//! Nesting without end, in everything that protod reads: it is refused, or it is cut, and never overflows a stack.
//!
//! Tests run on threads with stacks of 2 MiB, as tokio's workers do, and in debug builds, whose frames are largest.
//! Expressions have tests of their own, in `src/cel/tests/depth.rs`.

mod messages;
#[path = "../support/mod.rs"]
mod program;
mod rules;
mod schemas;

/// `open` and `close` around `inner`, so many times.
fn nested(levels: usize, open: &str, inner: &str, close: &str) -> String {
    [&open.repeat(levels), inner, &close.repeat(levels)].concat()
}
