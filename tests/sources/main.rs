//! Protos that come from elsewhere than files: other servers, web servers, buf's cache.

mod buf;
mod command_line;
mod http;
#[path = "../support/port.rs"]
mod port;
#[path = "../support/mod.rs"]
mod program;
mod reflection;
mod refresh;
mod web;
