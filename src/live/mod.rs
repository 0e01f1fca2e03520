//! Swapping protos and rules while serving.
//!
//! A [`Loader`] loads from a [`Source`] and compiles no proto twice; a [`Reloader`] watches the files of the last
//! load and swaps the server's generation when one has changed. Nothing wrong goes live, no call in flight notices.
//!
//! ```no_run
//! use protod::live::{Answers, Loader, Reloader, Source};
//! use protod::{Error, Handlers, Rules, Schema, Server};
//!
//! struct Proto;
//!
//! impl Source for Proto {
//!     fn schema(&self) -> Result<Schema, Error> {
//!         Schema::load("proto")
//!     }
//!
//!     fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
//!         let rules = Rules::beside(schema)?;
//!         let answers = Answers { handlers: Handlers::new().rules(&rules), rules, ..Answers::default() };
//!         Ok(answers.watch_beside(schema))
//!     }
//! }
//!
//! # async fn run() -> Result<(), Error> {
//! let mut loader = Loader::new(Proto);
//! let loaded = loader.load()?;
//! let server = Server::builder(loaded.schema).handlers(loaded.handlers).build()?;
//! tokio::spawn(Reloader::new(server.clone(), loader).run());
//! server.bind("127.0.0.1:9002").await?.serve().await
//! # }
//! ```

mod diff;
mod loader;
mod reload;
mod reloader;
mod survey;
mod tls;
mod watch;

pub use self::diff::{Change, Item};
pub use self::loader::{Answers, Loaded, Loader, Source};
pub use self::reload::{RELOAD, Reloaded, log_reload};
pub use self::reloader::{ReloadTrigger, Reloader};
pub use self::tls::log_tls_reload;
