//! Where collections are kept, as a flag.

use std::path::PathBuf;

use clap::Args;
use protod::{Collections, Error};

/// `--data-dir`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirArg {
    /// The folder where the collections of rules are kept in a file of SQLite; it is made if it is not there, and each server
    /// needs one of its own [default: none, they are in memory]
    #[arg(long, value_name = "DIR", env = "PROTOD_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDirArg {
    /// The collections of the folder, or none yet, in memory.
    pub(crate) fn collections(&self) -> Result<Collections, Error> {
        self.data_dir
            .as_ref()
            .map_or_else(|| Ok(Collections::in_memory()), Collections::open)
    }
}
