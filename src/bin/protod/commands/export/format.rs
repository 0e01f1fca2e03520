//! What an export may be, as a flag.

use clap::ValueEnum;

/// What an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A message in JSON on each line
    #[default]
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names. What is no scalar is JSON
    Csv,
    /// A file of SQLite, with the table that --data-dir has: a column for each field that is a scalar. Needs --output
    Sqlite,
}
