//! How a session is made.

use std::time::Duration;

/// How a session is made: see [`Sessions::create`](super::Sessions::create).
///
/// ```
/// use std::time::Duration;
///
/// use protod::SessionOptions;
///
/// let options = SessionOptions::default().name("checkout-7").ttl(Duration::from_mins(2));
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SessionOptions {
    pub(super) name: Option<String>,
    pub(super) ttl: Option<Duration>,
}

impl SessionOptions {
    /// The default of [`ttl`](Self::ttl): ten minutes.
    pub const DEFAULT_TTL: Duration = Duration::from_mins(10);
    /// The most that [`ttl`](Self::ttl) can be: a day.
    pub const MAX_TTL: Duration = Duration::from_hours(24);

    /// Its name, by which calls name it: 1 to 128 printable characters of ASCII, without blanks, `"`, `,`, `;`, `\` and `%`.
    /// Default: one is made up that nobody else has.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long it may be idle before it ends by itself. It is idle while no call of it is in flight and nobody holds a
    /// [`Session`](super::Session) of it. Default: ten minutes; up to a day.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}
