//! What servers share by a broker.

#[path = "../support/broker.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod broker;
mod connection;
mod replicas;
#[path = "../rules/support.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod rules;
mod signals;
mod times;
