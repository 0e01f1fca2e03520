//! What a server keeps of its calls, as flags.

use clap::Args;
use protod::{JournalOptions, ServerBuilder};

use super::size::Size;

/// The least that the journal may take.
const LEAST: Size = Size::bytes(64 << 10);

/// `--journal-size` and its like.
#[derive(Debug, Clone, Args)]
pub(crate) struct JournalArgs {
    /// How much memory the journal takes, which keeps the newest calls: what came, what went, and why
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_JOURNAL_SIZE",
        default_value_t = Size::bytes(JournalOptions::DEFAULT_SIZE as u64),
        value_parser = Size::between(LEAST, Size::bytes(u64::MAX))
    )]
    journal_size: Size,

    /// Keep no calls
    #[arg(long, env = "PROTOD_NO_JOURNAL")]
    no_journal: bool,

    /// What the journal does not show, beside authorization, cookies and fields with the option debug_redact: a header by its
    /// name, or a field by its path in the message, as card.number, or by its full name; repeatable
    #[arg(
        long,
        value_name = "NAME",
        env = "PROTOD_JOURNAL_REDACT",
        value_delimiter = ','
    )]
    journal_redact: Vec<String>,
}

impl JournalArgs {
    /// Lets a server keep its calls, unless it must not.
    pub(crate) fn apply(&self, server: ServerBuilder) -> ServerBuilder {
        if self.no_journal {
            return server;
        }
        let options = JournalOptions::default().size(self.journal_size.as_usize());
        let redacted = self.journal_redact.iter();
        server.journal(redacted.fold(options, JournalOptions::redact))
    }
}
