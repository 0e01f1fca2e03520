//! What an export may be, as a flag.

use clap::ValueEnum;
use protod::message::LineFormat;

/// What an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A message in JSON on each line
    #[default]
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names. What is no scalar is JSON
    Csv,
}

impl Format {
    pub(super) fn of_lines(self) -> LineFormat {
        match self {
            Self::Ndjson => LineFormat::Ndjson,
            Self::Csv => LineFormat::Csv,
        }
    }
}
