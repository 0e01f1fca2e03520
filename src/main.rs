//! protod.
fn main() {}
