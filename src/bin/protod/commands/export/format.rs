//! What an export may be, as a flag.

use std::path::Path;

use clap::ValueEnum;

/// What an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A message in JSON on each line
    Ndjson,
    /// A column for each field, by its name in the proto, below a line with the names. What is no scalar is JSON
    Csv,
    /// A file of SQLite, with the table that --data-dir has: a column for each field that is a scalar. Needs --output
    Sqlite,
}

impl Format {
    /// That of a file of this name; of one that says nothing, and of stdout, lines of JSON.
    pub(super) fn of_file(path: Option<&Path>) -> Self {
        let extension = path
            .and_then(Path::extension)
            .and_then(|extension| extension.to_str());
        match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "sqlite" | "sqlite3" | "db" => Self::Sqlite,
            _ => Self::Ndjson,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Sqlite => "sqlite",
        }
    }
}
