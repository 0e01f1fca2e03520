//! Swapping protos and rules while serving.
//!
//! A [`Loader`] loads a [`Project`], and compiles its protos only when they have changed. A [`Reloader`] watches the files
//! of the last load, and swaps the server's generation when one has changed. Nothing that is wrong goes live, and calls in
//! flight are not disturbed.
//!
//! ```no_run
//! use protod::live::{Answers, Loader, Project, Reloader};
//! use protod::{Error, Rules, Schema, Server};
//!
//! struct Folder;
//!
//! impl Project for Folder {
//!     fn schema(&self) -> Result<Schema, Error> {
//!         Schema::load("proto")
//!     }
//!
//!     fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
//!         Ok(Answers::new().rules(Rules::beside(schema)?).watch_beside(schema))
//!     }
//! }
//!
//! # async fn run() -> Result<(), Error> {
//! let mut loader = Loader::new(Folder);
//! let loaded = loader.load()?;
//! let server = Server::builder(loaded.schema).handlers(loaded.handlers).build()?;
//! tokio::spawn(Reloader::new(server.clone(), loader).run());
//! server.bind("127.0.0.1:9002").await?.serve().await
//! # }
//! ```

mod compiled_set;
mod diff;
mod edit;
mod kept;
mod loader;
mod outcome;
mod prepare;
mod prepared;
mod project;
mod put;
mod put_over;
mod put_set;
mod puts;
mod refresh;
mod reloader;
mod server;
mod snapshot;
mod status;
mod summary;
#[cfg(feature = "tls")]
mod tls;
mod trigger;
mod watched_files;
mod watcher;

pub use self::diff::{Change, Item};
pub use self::edit::{PutError, PutOutcome, PutProtos, PutRules, SetAside};
pub use self::loader::{LoadedProject, Loader};
pub use self::outcome::{ReloadOutcome, ToldProblem};
pub use self::project::{Answers, Project};
pub use self::reloader::Reloader;
pub use self::status::RELOAD;
pub use self::summary::{ReloadSummary, log_reload};
#[cfg(feature = "tls")]
pub use self::tls::{load_tls, log_tls_reload};
pub use self::trigger::ReloadTrigger;
