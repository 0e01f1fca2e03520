//! Where what was compiled is kept for the next start.

use std::env;
use std::path::PathBuf;

use clap::Args;
use protod::SchemaBuilder;

use crate::output::stderr::say_line;

/// The cache of large trees of protos.
#[derive(Debug, Clone, Args)]
pub(crate) struct CacheArgs {
    /// Where what was compiled of 100 protos and more is kept for the next start [default: protod in $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "DIR", env = "PROTOD_CACHE_DIR")]
    cache_dir: Option<PathBuf>,

    /// Compile all protos anew, and keep nothing
    #[arg(long, env = "PROTOD_NO_CACHE")]
    no_cache: bool,
}

impl CacheArgs {
    /// Adds the folder of the cache, if there is to be one.
    pub(crate) fn apply(&self, builder: SchemaBuilder) -> SchemaBuilder {
        if self.no_cache {
            return builder;
        }
        let named = self.cache_dir.as_ref();
        if let Some(other) = named.filter(|named| named.exists() && !named.is_dir()) {
            let other = other.display();
            say_line(format_args!(
                "warning: --cache-dir: {other} is not a folder, so nothing is kept"
            ));
        }
        match named.cloned().or_else(usual_folder) {
            Some(folder) => builder.cache_folder(folder),
            None => builder,
        }
    }
}

/// Where programs of this user keep what they can make again.
fn usual_folder() -> Option<PathBuf> {
    // A relative path is to be ignored, says the specification of these folders.
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = if cfg!(windows) {
        absolute("LocalAppData")
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
    };
    Some(caches?.join("protod"))
}
