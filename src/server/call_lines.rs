//! How a server tells of its calls: by lines of tracing, or to a function.

use super::builder::ServerBuilder;
use crate::handler::{CallLine, CallWriter};

impl ServerBuilder {
    /// Whether each call is logged when it has ended: at the level info, with the target `protod::call`, its method, rule,
    /// code, error, time, client, and the messages and bytes of both directions. Default: no, which logs calls at debug.
    /// Those that have rules of which none answers are logged at info in any case, up to ten a minute for each method.
    ///
    /// ```
    /// use protod::{Schema, Server};
    ///
    /// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
    /// let server = Server::builder(schema).log_calls(true).build()?;
    /// # let _ = server;
    /// # Ok::<(), protod::Error>(())
    /// ```
    ///
    /// While a handler runs it is in a span of the level debug, `call`, with the same target and the fields `method`, `peer`,
    /// `code` and `elapsed`. Its own log lines are within it.
    pub fn log_calls(mut self, log_calls: bool) -> Self {
        self.log_calls = log_calls;
        self
    }

    /// Calls a function with each call that has ended, as [`log_calls`](Self::log_calls) would log it, and in the place of that: for lines
    /// in a form of your own, or where a line of tracing for each call costs too much. The function must not wait: it runs where calls are served.
    ///
    /// ```
    /// use protod::{CallField, Schema, Server};
    ///
    /// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
    /// let (lines, _written) = std::sync::mpsc::sync_channel(1000);
    /// let server = Server::builder(schema)
    ///     .write_calls(move |line| {
    ///         let mut fields = line.fields();
    ///         if let Some((_, CallField::Text(method))) = fields.find(|(name, _)| *name == "method") {
    ///             // Rather than wait, it is lost.
    ///             let _ = lines.try_send(method.to_owned());
    ///         }
    ///     })
    ///     .build()?;
    /// # let _ = server;
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn write_calls(mut self, write: impl Fn(&CallLine<'_>) + Send + Sync + 'static) -> Self {
        self.call_writer = Some(CallWriter::new(write));
        self
    }
}
