//! The admin service: what it answers, who may speak to it, where it listens, and the commands that call it.

mod access;
mod calls;
mod commands;
mod kept;
mod listener;
mod mcp;
mod metrics;
mod page;
mod pages;
#[path = "../support/mod.rs"]
mod program;
mod puts;
mod service;
mod support;
