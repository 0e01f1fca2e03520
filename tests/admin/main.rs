//! The admin service: what it answers, who may speak to it, where it listens, and the commands that call it.

mod access;
mod call_pages;
mod calls;
mod collection_commands;
mod collections;
mod commands;
mod console;
mod invoke;
mod kept;
mod large_answers;
mod listener;
mod mcp;
mod metrics;
mod open_call_commands;
mod open_calls;
mod page;
mod pages;
#[path = "../support/port.rs"]
mod port;
#[path = "../support/mod.rs"]
mod program;
mod protos;
mod pushed_messages;
mod put_collections;
mod puts;
mod rule_text;
mod sea;
mod service;
mod session_rules;
mod session_rules_told;
mod sessions;
mod support;
mod traces;
mod wrong_requests;
