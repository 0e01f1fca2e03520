//! What servers share by a broker.

#[path = "../support/broker.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod broker;
mod connection;
mod kept;
#[path = "../rules/collections.rs"]
mod language;
mod partitions;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod program;
mod programs;
mod replicas;
#[path = "../rules/support.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod rules;
mod signals;
mod times;
mod variables;

// The tests of the language know it by this name.
use self::rules as support;
