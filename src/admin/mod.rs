//! The admin service: how a running server is seen and steered from outside.
//!
//! It is a service like any other: its proto is read when it starts, its handlers are closures on the public API, and it
//! speaks all protocols. [`Admin`] serves it on a listener of its own, and lets nobody speak to it who must not.
//!
//! ```no_run
//! use protod::admin::Admin;
//! use protod::{Rules, Schema, Server};
//!
//! # async fn run() -> Result<(), protod::Error> {
//! let schema = Schema::load("proto")?;
//! let rules = Rules::beside(&schema)?;
//! let server = Server::builder(schema).handlers(&rules).build()?;
//! let admin = Admin::new(&server).listen("127.0.0.1:9003").await?;
//! println!("admin on {}", admin.local_addr());
//! tokio::spawn(admin.serve());
//! server.bind("127.0.0.1:9002").await?.serve().await
//! # }
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `admin.proto` | the service |
//! | `listener` | [`Admin`], and on which addresses it may listen |
//! | `guard`, `token` | which requests are taken |
//! | `pages`, `probes` | plain HTTP: what answers the paths that are no methods |
//! | `mcp` | the service for agents |
//! | `metrics`, `process`, `counter` | that of `/metrics` |
//! | `service`, `steered` | its methods, and the server that they see |
//! | `calls`, `call_value` | those that look at calls |
//! | `open_calls` | those that steer calls in flight |
//! | `puts` | those that put rules |
//! | `collections`, `messages`, `export`, `import` | those that look at collections, and fill and clear them |
//! | `console` | the pages of the console |
//! | `invoke`, `invocations` | those that call the server's methods |
//! | `rule_text` | the one that shows the text of rules |
//! | `schema` | those that show its schema |
//! | `sessions` | those that make and end sessions |
//! | `fleet` | the one that lists the servers of a fleet |
//! | `rules`, `reloads`, `details`, `fields`, `paging` | what the others answer |

mod call_value;
mod calls;
mod collections;
mod console;
mod counter;
mod details;
mod export;
mod fields;
#[cfg(feature = "nats")]
mod fleet;
mod guard;
mod import;
mod invocations;
mod invoke;
mod listener;
mod mcp;
mod messages;
mod metrics;
mod open_calls;
mod pages;
mod paging;
mod probes;
mod process;
mod puts;
mod reloads;
mod rule_text;
mod rules;
mod schema;
mod service;
mod sessions;
mod steered;
mod token;

pub use self::listener::{Admin, AdminListener};
