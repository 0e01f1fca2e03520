//! `protod serve` with clients that are hostile, slow or wrong, and with files that change.

mod cache;
mod call_lines;
mod connections;
mod drain;
mod floods;
mod folder;
mod hostile;
#[path = "../support/http2.rs"]
mod http2;
mod journal_memory;
mod json_log;
mod limits_page;
#[path = "../support/mod.rs"]
mod program;
mod quiet;
mod reliability_page;
mod reload_hints;
#[path = "../support/resident.rs"]
mod resident;
mod rest_page;
mod same;
mod stderr;
mod stop;
mod tls;
