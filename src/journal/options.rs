//! What the journal keeps, and how much of it.

/// How much of its calls a server keeps, and what of them it never does: see [`Journal`](crate::server::Journal).
///
/// ```
/// use protod::{JournalOptions, Schema, Server};
///
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// let options = JournalOptions::default().size(8 << 20).redact("x-api-key").redact("card.number");
/// let server = Server::builder(schema).journal(options).build()?;
/// # let _ = server;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct JournalOptions {
    pub(crate) size: usize,
    pub(crate) redacted: Vec<String>,
}

impl JournalOptions {
    /// The default of [`size`](Self::size): 64 MiB.
    pub const DEFAULT_SIZE: usize = 64 << 20;
    /// How many messages of a call are kept, and no more of its later ones than how many they were: 64.
    pub const MAX_MESSAGES: usize = 64;
    /// How many bytes the messages of a call that are kept have together: 64 KiB, or an eighth of the
    /// [size](Self::size) if that is less.
    pub const MAX_MESSAGE_BYTES: usize = 64 << 10;

    /// How much memory the calls that are kept take, in bytes. The oldest make room for the newest. Default: 64 MiB; at least
    /// 64 KiB.
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = bytes.max(64 << 10);
        self
    }

    /// What is not to be seen of calls, in addition to `authorization`, `proxy-authorization`, `cookie` and `set-cookie`, and
    /// to fields with the option `debug_redact`: a header or trailer by its name, as `x-api-key`, or a field of messages, by
    /// its path from the message of the call, as `card.number`, or by its full name, as `shop.Card.number`. May be called
    /// more than once.
    ///
    /// Headers are not kept at all. Fields are left out of what is read from the journal: memory has them for as long as it
    /// has the call.
    pub fn redact(mut self, name: impl Into<String>) -> Self {
        self.redacted.push(name.into());
        self
    }
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            size: Self::DEFAULT_SIZE,
            redacted: Vec::new(),
        }
    }
}
