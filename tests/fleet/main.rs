//! Servers that share a broker, and serve what is published to them.

#[path = "../admin/support.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod admin;
#[path = "../support/broker.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod broker;
mod calls;
mod chaos;
#[path = "../live/support.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod client;
#[path = "../support/generations.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod generations;
mod going_back;
mod gone;
mod guide;
mod load;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each program uses some of it")]
mod program;
mod publishing;
mod support;
